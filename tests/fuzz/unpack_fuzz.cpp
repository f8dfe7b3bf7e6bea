// Any bytes as a compressed file (an odd first byte) or as an archive: bytes, entries or an Error, within the limits.
#include "formats/unpack/archive.hpp"
#include "formats/unpack/detail/reader.hpp"
#include "table.hpp"

namespace {

using namespace millrace;
using namespace millrace::formats;

constexpr unpack::Limits limits{.bytes = 8 << 20, .ratio = 300, .ratio_from_bytes = 1 << 20};

struct Counted final : Sink {
    std::uint64_t bytes = 0;
    void write(std::string_view more) override { must((bytes += more.size()) <= limits.bytes); }
};

void decompress(Source& source, std::string_view head) {
    Counted sink;
    unpack::decompress(unpack::codec_of(head), source, sink, limits);
}

void unpack_entries(Source& source) {
    (void)unpack::archive_kind(source);
    unpack::ArchiveReader archive{source, 100};
    std::string block(64 << 10, '\0');
    std::uint64_t bytes = 0;
    while (const auto entry = archive.next()) {
        must(unpack::harmless_path(entry->path) == entry->path && entry->path.size() <= 1000);
        while (const auto got = archive.read(block)) {
            if (*got == 0 || (bytes += *got) > limits.bytes) break;
        }
        if (bytes > limits.bytes) return;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    Bytes source;
    source.text.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
    try {
        if (data[0] % 2 == 1) decompress(source, source.text);
        else unpack_entries(source);
    } catch (const Error& error) {
        must(error.code() != Code::internal);
    }
    return 0;
}
