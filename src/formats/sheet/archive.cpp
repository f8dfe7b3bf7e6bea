#include "formats/sheet/archive.hpp"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <cstring>
#include <exception>

#include "base/error.hpp"

namespace millrace::formats::sheet {
namespace {

[[noreturn]] void damaged(std::string why) { throw Error{Code::malformed_file, {{"why", std::move(why)}}}; }
[[noreturn]] void too_much(std::string why) { throw Error{Code::archive_limits, {{"why", std::move(why)}}}; }

/// A Source as libzip wants to read it.
struct ZipInput {
    Source& source;
    std::uint64_t at = 0;
    std::exception_ptr failure;  ///< of the source; no exception passes through libzip
    zip_error_t error{};

    std::int64_t read(void* data, std::uint64_t length) {
        try {
            const auto got = source.read(at, {static_cast<char*>(data), static_cast<std::size_t>(length)});
            at += got;
            return static_cast<std::int64_t>(got);
        } catch (...) {
            failure = std::current_exception();
            zip_error_set(&error, ZIP_ER_READ, 0);
            return -1;
        }
    }

    std::int64_t seek(void* data, std::uint64_t length) {
        const auto to = zip_source_seek_compute_offset(at, source.size(), data, length, &error);
        if (to < 0) return -1;
        at = static_cast<std::uint64_t>(to);
        return 0;
    }

    std::int64_t describe(void* data) const {
        auto& stat = *static_cast<zip_stat_t*>(data);
        zip_stat_init(&stat);
        stat.size = source.size();
        stat.valid = ZIP_STAT_SIZE;
        return sizeof stat;
    }

    static std::int64_t call(void* state, void* data, std::uint64_t length, zip_source_cmd_t command) {
        auto& self = *static_cast<ZipInput*>(state);
        switch (command) {
            case ZIP_SOURCE_OPEN: self.at = 0; return 0;
            case ZIP_SOURCE_READ: return self.read(data, length);
            case ZIP_SOURCE_SEEK: return self.seek(data, length);
            case ZIP_SOURCE_TELL: return static_cast<std::int64_t>(self.at);
            case ZIP_SOURCE_STAT: return self.describe(data);
            case ZIP_SOURCE_ERROR: return zip_error_to_data(&self.error, data, length);
            case ZIP_SOURCE_CLOSE:
            case ZIP_SOURCE_FREE: return 0;
            case ZIP_SOURCE_SUPPORTS:
                return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_STAT,
                                                      ZIP_SOURCE_ERROR, ZIP_SOURCE_CLOSE, ZIP_SOURCE_FREE, -1);
            default: zip_error_set(&self.error, ZIP_ER_OPNOTSUPP, 0); return -1;
        }
    }
};

}  // namespace

struct Archive::Implementation {
    ZipInput input;
    ArchiveLimits limits;
    zip_t* zip = nullptr;
    std::uint64_t read_bytes = 0;

    Implementation(Source& source, const ArchiveLimits& l) : input{.source = source, .at = 0, .failure = {}, .error = {}}, limits{l} {
        zip_error_init(&input.error);
    }
    ~Implementation() {
        if (zip != nullptr) zip_discard(zip);
        zip_error_fini(&input.error);
    }
    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;

    [[noreturn]] void fail(const char* what) {
        if (input.failure) std::rethrow_exception(std::exchange(input.failure, nullptr));
        damaged(what);
    }
    void count(std::uint64_t bytes) {
        read_bytes += bytes;
        if (read_bytes > limits.total_bytes) too_much(fmt::format("more than {} bytes", limits.total_bytes));
    }
};

namespace {

template <class Owner>
class EntryStream final : public ByteStream {
public:
    EntryStream(Owner& archive, zip_file_t* file, const zip_stat_t& stat) : archive_{archive}, file_{file}, stat_{stat} {}
    ~EntryStream() override { zip_fclose(file_); }
    EntryStream(const EntryStream&) = delete;
    EntryStream& operator=(const EntryStream&) = delete;

    std::size_t read(std::span<char> into) override {
        std::size_t done = 0;
        while (done < into.size()) {
            const auto got = zip_fread(file_, into.data() + done, into.size() - done);
            if (got < 0) archive_.fail("a part of the archive cannot be unpacked");
            if (got == 0) break;
            done += static_cast<std::size_t>(got);
        }
        bytes_ += done;
        archive_.count(done);
        check();
        return done;
    }
    double progress() const override {
        return stat_.size == 0 ? 1 : std::min(1.0, static_cast<double>(bytes_) / static_cast<double>(stat_.size));
    }

private:
    void check() const {
        const auto& limits = archive_.limits;
        if (bytes_ > limits.entry_bytes) too_much(fmt::format("a part has more than {} bytes", limits.entry_bytes));
        if (bytes_ > limits.ratio_from_bytes && bytes_ / limits.ratio > stat_.comp_size) {
            too_much(fmt::format("a part is {} times larger than it is packed", limits.ratio));
        }
    }

    Owner& archive_;
    zip_file_t* file_;
    zip_stat_t stat_;
    std::uint64_t bytes_ = 0;
};

}  // namespace

Archive::Archive(Source& source, const ArchiveLimits& limits)
    : implementation_{std::make_unique<Implementation>(source, limits)} {
    auto& self = *implementation_;
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* bytes = zip_source_function_create(ZipInput::call, &self.input, &error);
    if (bytes == nullptr) damaged("the archive cannot be opened");
    self.zip = zip_open_from_source(bytes, ZIP_RDONLY, &error);
    if (self.zip == nullptr) {
        zip_source_free(bytes);
        zip_error_fini(&error);
        self.fail("the archive is incomplete or no archive");
    }
    const auto entries = static_cast<std::uint64_t>(zip_get_num_entries(self.zip, 0));
    if (entries > limits.entries) too_much(fmt::format("more than {} parts", limits.entries));
    std::uint64_t packed = 0;
    for (std::uint64_t i = 0; i < entries; ++i) {
        zip_stat_t stat;
        if (zip_stat_index(self.zip, i, 0, &stat) != 0) damaged("the directory of the archive is damaged");
        packed += std::min(stat.comp_size, source.size() + 1);
        // Parts that lie upon each other make a small file large; they cannot all fit into it.
        if (packed > source.size()) too_much("its parts overlap");
    }
}

Archive::~Archive() = default;

std::optional<Archive::Entry> Archive::find(std::string_view name) const {
    const std::string text{name};
    auto index = zip_name_locate(implementation_->zip, text.c_str(), ZIP_FL_ENC_GUESS);
    if (index < 0) index = zip_name_locate(implementation_->zip, text.c_str(), ZIP_FL_NOCASE);
    if (index < 0) return std::nullopt;
    zip_stat_t stat;
    if (zip_stat_index(implementation_->zip, static_cast<zip_uint64_t>(index), 0, &stat) != 0) damaged("the directory of the archive is damaged");
    return Entry{static_cast<std::uint64_t>(index), stat.size};
}

std::unique_ptr<ByteStream> Archive::open(const Entry& entry) {
    auto& self = *implementation_;
    zip_stat_t stat;
    if (zip_stat_index(self.zip, entry.index, 0, &stat) != 0) damaged("the directory of the archive is damaged");
    if (stat.encryption_method != ZIP_EM_NONE) throw Error{Code::encrypted_file};
    if (stat.size > self.limits.entry_bytes) too_much(fmt::format("a part has more than {} bytes", self.limits.entry_bytes));
    zip_file_t* file = zip_fopen_index(self.zip, entry.index, 0);
    if (file == nullptr) self.fail("a part of the archive cannot be unpacked");
    return std::make_unique<EntryStream<Implementation>>(self, file, stat);
}

std::string Archive::text_of(const Entry& entry, std::size_t bytes_max) {
    const auto limit = static_cast<std::size_t>(std::min<std::uint64_t>(entry.bytes, bytes_max));
    std::string text(limit + 1, '\0');
    text.resize(open(entry)->read(text));
    if (text.size() > limit) too_much(fmt::format("a part has more than {} bytes", limit));
    return text;
}

}  // namespace millrace::formats::sheet
