// Any bytes as a Parquet file: rows or an Error, never more memory than the limits say.
#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "formats/parquet/reader.hpp"

using namespace millrace;
using namespace millrace::formats;

namespace {

struct Bytes final : Source {
    std::string_view bytes;
    std::uint64_t size() const override { return bytes.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        if (offset >= bytes.size()) return 0;
        const auto count = std::min<std::size_t>(into.size(), bytes.size() - offset);
        std::memcpy(into.data(), bytes.data() + offset, count);
        return count;
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes source;
    source.bytes = {reinterpret_cast<const char*>(data), size};
    try {
        const parquet::Reader reader{source, {.footer_bytes_max = 1 << 20, .page_bytes_max = 1 << 20, .text_bytes_max = 8 << 20}};
        for (std::size_t i = 0; i < std::min<std::size_t>(reader.fields().size(), 16); ++i) {
            auto column = reader.column(i);
            Column rows;
            column.read(10'000, rows);
            column.seek(reader.rows() / 2);
            rows.clear();
            column.read(10, rows);
        }
    } catch (const Error& error) {
        if (error.code() != Code::malformed_file && error.code() != Code::unsupported_format) throw;
    }
    return 0;
}
