#include "formats/unpack/detail/reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <cerrno>
#include <exception>
#include <memory>

#include "formats/detail/render.hpp"
#include "formats/sheet/archive.hpp"
#include "formats/sheet/recognise.hpp"

namespace millrace::formats::unpack {
namespace {

constexpr std::size_t block_bytes = 64u << 10;
constexpr std::size_t path_bytes_max = 1'000;

[[noreturn]] void damaged(std::string_view why) { throw Error{Code::malformed_file, {{"format", "archive"}, {"why", std::string{why}}}}; }

/// A Source as libarchive wants to read it. No exception passes through libarchive.
struct Input {
    Source& source;
    std::uint64_t at = 0;
    std::string block = std::string(block_bytes, '\0');
    std::exception_ptr failure{};

    static la_ssize_t read(archive* reader, void* state, const void** block) {
        auto& self = *static_cast<Input*>(state);
        try {
            const auto got = self.source.read(self.at, self.block);
            self.at += got;
            *block = self.block.data();
            return static_cast<la_ssize_t>(got);
        } catch (...) {
            self.failure = std::current_exception();
            archive_set_error(reader, EIO, "the source cannot be read");
            return ARCHIVE_FATAL;
        }
    }
    static la_int64_t skip(archive*, void* state, la_int64_t bytes) {
        auto& self = *static_cast<Input*>(state);
        const auto step = std::min<std::uint64_t>(static_cast<std::uint64_t>(bytes), self.source.size() - std::min(self.at, self.source.size()));
        self.at += step;
        return static_cast<la_int64_t>(step);
    }
    static la_int64_t seek(archive*, void* state, la_int64_t offset, int whence) {
        auto& self = *static_cast<Input*>(state);
        const auto size = static_cast<la_int64_t>(self.source.size());
        const auto base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? static_cast<la_int64_t>(self.at) : size;
        la_int64_t to = 0;
        if (__builtin_add_overflow(base, offset, &to) || to < 0 || to > size) return ARCHIVE_FATAL;
        self.at = static_cast<std::uint64_t>(to);
        return to;
    }
};

struct Free {
    void operator()(archive* reader) const { archive_read_free(reader); }
};

std::string path_of(archive_entry* entry) {
    const char* path = archive_entry_pathname_utf8(entry);
    if (path == nullptr) path = archive_entry_pathname(entry);
    return harmless_path(path == nullptr ? "" : path);
}

}  // namespace

std::string harmless_path(std::string_view path) {
    std::string clean;
    std::string part;
    const auto end_part = [&] {
        const bool drive = part.size() == 2 && part[1] == ':';
        if (!part.empty() && part != "." && part != ".." && !drive) clean.append(clean.empty() ? "" : "/").append(part);
        part.clear();
    };
    for (const char c : path) {
        if (c == '/' || c == '\\') end_part();
        else part += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '_' : c;
    }
    end_part();
    clean = with_valid_utf8(clean);
    for (auto size = path_bytes_max; clean.size() > path_bytes_max; --size) {
        if ((static_cast<unsigned char>(clean[size]) & 0xc0) != 0x80) clean.resize(size);
    }
    return clean;
}

struct ArchiveReader::Implementation {
    Input input;
    std::uint64_t entries_max;
    std::uint64_t entries = 0;
    std::unique_ptr<archive, Free> reader{archive_read_new()};

    Implementation(Source& source, std::uint64_t max) : input{.source = source}, entries_max{max} {}

    [[noreturn]] void fail() const {
        if (input.failure) std::rethrow_exception(input.failure);
        if (archive_read_has_encrypted_entries(reader.get()) > 0) throw Error{Code::encrypted_file};
        const char* why = archive_error_string(reader.get());
        damaged(why == nullptr ? "it cannot be unpacked" : with_valid_utf8(why));
    }
};

ArchiveReader::ArchiveReader(Source& source, std::uint64_t entries_max) : implementation_{std::make_unique<Implementation>(source, entries_max)} {
    if (source.size() == 0) throw Error{Code::empty_file};  // libarchive 3.6 crashes on it
    // What lies upon each other in a zip, libarchive would unpack again and again.
    if (sheet::is_zip(sheet::head_of(source))) sheet::Archive{source, {.entries = entries_max}};
    auto& self = *implementation_;
    auto* reader = self.reader.get();
    if (reader == nullptr) throw std::bad_alloc{};
    archive_read_support_filter_none(reader);
    archive_read_support_format_zip_seekable(reader);
    archive_read_support_format_tar(reader);
    archive_read_support_format_7zip(reader);
    archive_read_set_callback_data(reader, &self.input);
    archive_read_set_read_callback(reader, Input::read);
    archive_read_set_skip_callback(reader, Input::skip);
    archive_read_set_seek_callback(reader, Input::seek);
    if (archive_read_open1(reader) != ARCHIVE_OK) self.fail();
}

ArchiveReader::~ArchiveReader() = default;

std::optional<Entry> ArchiveReader::next() {
    auto& self = *implementation_;
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(self.reader.get(), &entry);
    if (result == ARCHIVE_EOF) return std::nullopt;
    if (result < ARCHIVE_WARN) self.fail();
    if (++self.entries > self.entries_max) throw Error{Code::archive_limits, {{"why", fmt::format("more than {} parts", self.entries_max)}}};
    const auto type = archive_entry_filetype(entry);
    const bool link = archive_entry_hardlink(entry) != nullptr;
    return Entry{.path = path_of(entry), .directory = type == AE_IFDIR, .regular = type == AE_IFREG && !link,
                 .encrypted = archive_entry_is_encrypted(entry) != 0};
}

std::optional<std::size_t> ArchiveReader::read(std::span<char> into) {
    auto& self = *implementation_;
    const auto got = archive_read_data(self.reader.get(), into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (got == ARCHIVE_FATAL) self.fail();
    return std::nullopt;
}

}  // namespace millrace::formats::unpack
