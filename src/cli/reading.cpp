#include "cli/reading.hpp"

#include <boost/json/object.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/error.hpp"
#include "cli/process.hpp"

namespace millrace::cli {
namespace {

std::string why() { return std::generic_category().message(errno); }

[[noreturn]] void unreadable(const std::string& path, const std::string& reason) {
    throw Error::with_text(Code::not_found, fmt::format("The file {} cannot be read: {}.", path, reason));
}

class FileSource final : public formats::Source {
public:
    /// Owns the descriptor.
    FileSource(int file, std::string path) : file_{file}, path_{std::move(path)} {
        struct stat info {};
        ::fstat(file_, &info);
        if (S_ISDIR(info.st_mode)) {
            ::close(file_);
            unreadable(path_, "it is a directory");
        }
        size_ = static_cast<std::uint64_t>(info.st_size);
    }
    ~FileSource() override { ::close(file_); }
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    std::uint64_t size() const override { return size_; }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        std::size_t done = 0;
        while (done < into.size()) {
            const auto n = ::pread(file_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) throw Error{Code::storage_failed, {{"why", path_ + ": " + why()}}};
            if (n == 0) break;
            done += static_cast<std::size_t>(n);
        }
        return done;
    }

private:
    int file_;
    std::string path_;
    std::uint64_t size_ = 0;
};

bool is_regular(int file) {
    struct stat info {};
    return ::fstat(file, &info) == 0 && S_ISREG(info.st_mode);
}

/// A temporary file without a name.
int unnamed_file() {
    const char* directory = std::getenv("TMPDIR");
    std::string name = std::string{directory && *directory ? directory : "/tmp"} + "/millrace-XXXXXX";
    const int file = ::mkostemp(name.data(), O_CLOEXEC);
    if (file < 0) throw Error{Code::storage_failed, {{"why", name + ": " + why()}}};
    ::unlink(name.c_str());
    return file;
}

/// What a pipe holds, as a file: tables are read from several offsets.
int spooled(int from) {
    const int file = unnamed_file();
    std::string block(256 * 1024, '\0');
    while (true) {
        const auto n = ::read(from, block.data(), block.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) unreadable("-", why());
        if (n == 0) return file;
        if (::write(file, block.data(), static_cast<std::size_t>(n)) != n) throw Error{Code::storage_failed, {{"why", why()}}};
    }
}

}  // namespace

std::unique_ptr<formats::Source> open_source(const std::string& path) {
    if (path == "-") {
        const int file = is_regular(STDIN_FILENO) ? ::dup(STDIN_FILENO) : spooled(STDIN_FILENO);
        return std::make_unique<FileSource>(file, path);
    }
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) unreadable(path, why());
    if (!is_regular(file) && !std::filesystem::is_directory(path)) {  // a named pipe, /dev/fd/63
        const int copy = spooled(file);
        ::close(file);
        return std::make_unique<FileSource>(copy, path);
    }
    return std::make_unique<FileSource>(file, path);
}

formats::unpack::Plain open_plain(const std::string& path) { return formats::unpack::plain(open_source(path), name_of(path)); }

SpoolFile::SpoolFile() : file_{unnamed_file()} {}
SpoolFile::~SpoolFile() { ::close(file_); }

void SpoolFile::write(std::string_view rest) {
    while (!rest.empty()) {
        const auto n = ::write(file_, rest.data(), rest.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == ENOSPC) throw Error{Code::storage_full};
        if (n < 0) throw Error{Code::storage_failed, {{"why", why()}}};
        rest.remove_prefix(static_cast<std::size_t>(n));
    }
}

void SpoolFile::restart() {
    if (::ftruncate(file_, 0) != 0 || ::lseek(file_, 0, SEEK_SET) != 0) throw Error{Code::storage_failed, {{"why", why()}}};
}

std::unique_ptr<formats::Source> SpoolFile::source() const { return std::make_unique<FileSource>(::dup(file_), "a temporary file"); }

std::string text_of_file(const std::string& path) {
    const auto source = open_source(path);
    std::string text(source->size(), '\0');
    text.resize(source->read(0, text));
    return text;
}

json::object dialect_of(const Arguments& arguments) {
    json::object dialect;
    if (arguments.delimiter) {
        auto text = *arguments.delimiter;
        if (text == "\\t" || text == "tab") text = "\t";
        dialect["delimiter"] = text;
    }
    if (arguments.quote) dialect["quote"] = *arguments.quote == "none" ? "" : *arguments.quote;
    if (arguments.encoding) dialect["encoding"] = *arguments.encoding;
    if (arguments.header) dialect["header"] = *arguments.header;
    return dialect;
}

std::string name_of(const std::string& path) {
    return path == "-" ? "" : std::filesystem::path{path}.filename().string();
}

OutFile::OutFile(std::string path, Stdout how) : path_{std::move(path)} {
    buffer_.reserve(256 * 1024);
    if (path_ == "-") {
        spooled_ = how == Stdout::at_end;
        file_ = spooled_ ? unnamed_file() : STDOUT_FILENO;
        return;
    }
    static std::atomic<unsigned> count = 0;  // two threads may write to the same name
    temporary_ = fmt::format("{}.{}-{}.partial", path_, ::getpid(), count++);
    file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file_ < 0) fail("make");
}

OutFile::~OutFile() {
    if (spooled_ && file_ >= 0) ::close(file_);
    if (temporary_.empty()) return;
    if (file_ >= 0) ::close(file_);
    ::unlink(temporary_.c_str());
}

void OutFile::write(std::string_view bytes) {
    constexpr std::size_t block = 192 * 1024;
    if (bytes.size() >= block) {  // not worth a copy
        flush();
        return send(bytes);
    }
    buffer_ += bytes;
    if (buffer_.size() >= block) flush();
}

void OutFile::flush() {
    send(buffer_);
    buffer_.clear();
}

void OutFile::send(std::string_view rest) {
    while (!rest.empty()) {
        const auto n = ::write(file_, rest.data(), rest.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EPIPE && path_ == "-") std::_Exit(0);  // `| head` has seen enough
        if (n < 0 && errno == ENOSPC) throw Error{Code::storage_full};
        if (n < 0) fail("write");
        rest.remove_prefix(static_cast<std::size_t>(n));
    }
}

void OutFile::sync() {
    flush();
    if (temporary_.empty()) return;
    if (::fsync(file_) != 0) fail("sync");
}

void OutFile::finish() {
    flush();
    if (spooled_) send_spooled();
    if (temporary_.empty()) return;
    struct stat old {};
    const bool replaces = ::stat(path_.c_str(), &old) == 0;
    ::fchmod(file_, replaces ? old.st_mode & 07777 : user_file_mode());
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("rename");
    ::close(file_);
    temporary_.clear();
}

void OutFile::send_spooled() {
    OutFile out{"-"};
    std::string block(128 * 1024, '\0');
    for (off_t at = 0;;) {
        const auto n = ::pread(file_, block.data(), block.size(), at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("read");
        if (n == 0) break;
        out.write({block.data(), static_cast<std::size_t>(n)});
        at += n;
    }
    out.finish();
}

void OutFile::fail(const char* what) const {
    throw Error{Code::storage_failed, {{"why", fmt::format("{}: {}: {}", path_, what, why())}}};
}

}  // namespace millrace::cli
