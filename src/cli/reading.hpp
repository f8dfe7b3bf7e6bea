#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/arguments.hpp"
#include "formats/format.hpp"
#include "formats/unpack/compressed.hpp"

/// Files of this machine for the commands that need no server.
namespace millrace::cli {

/// A file, or standard input for "-" (kept in an unnamed temporary file when it is a pipe).
/// Throws Error{not_found} naming it.
std::unique_ptr<formats::Source> open_source(const std::string& path);

/// All of a small file.
std::string text_of_file(const std::string& path);

/// The same as the file that is in it, where it is compressed, with what the formats are told of its name.
formats::unpack::Plain open_plain(const std::string& path);

/// A temporary file without a name, written front to back and then read.
class SpoolFile final : public formats::Sink {
public:
    SpoolFile();
    ~SpoolFile() override;
    SpoolFile(const SpoolFile&) = delete;
    SpoolFile& operator=(const SpoolFile&) = delete;

    void write(std::string_view bytes) override;
    /// Forgets what was written.
    void restart();
    std::unique_ptr<formats::Source> source() const;

private:
    int file_;
};

/// What --delimiter, --quote, --encoding and --header fix.
json::object dialect_of(const Arguments& arguments);

/// What the formats are told about where a file came from; nothing for standard input.
std::string name_of(const std::string& path);

/// A file that appears under its name when it is complete, readable as other files that its user makes.
class OutFile final : public formats::Sink {
public:
    /// at_end: nothing is written to standard output before `finish`, so that until then it can be dropped.
    enum class Stdout { at_once, at_end };

    /// "-" is standard output. Throws Error{storage_failed}.
    explicit OutFile(std::string path, Stdout how = Stdout::at_once);
    /// Without `finish`, nothing is left behind.
    ~OutFile() override;
    OutFile(const OutFile&) = delete;
    OutFile& operator=(const OutFile&) = delete;

    void write(std::string_view bytes) override;
    /// Everything is on disk on return, under its temporary name; nothing may be written afterwards.
    void sync();
    void finish();

private:
    void flush();
    void send(std::string_view rest);
    void send_spooled();
    [[noreturn]] void fail(const char* what) const;

    std::string path_;
    std::string temporary_;
    std::string buffer_;
    int file_ = -1;
    bool spooled_ = false;  ///< goes to standard output at the end
};

}  // namespace millrace::cli
