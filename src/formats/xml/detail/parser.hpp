#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "formats/encoding.hpp"

namespace millrace::formats::xml {

constexpr std::size_t depth_max = 256;

/// What a document consists of, in order. Handlers may throw.
struct Handler {
    virtual ~Handler() = default;
    /// `attributes`: names and values in turn, up to a null pointer.
    virtual void start(std::string_view name, const char** attributes) = 0;
    virtual void text(std::string_view text) = 0;
    virtual void end() = 0;
};

/// The keys of ReadOptions::dialect, checked.
struct Given {
    std::optional<std::string> row;
    std::string encoding;  ///< given, or announced by the document

    /// Throws Error{invalid_parameter}.
    static Given from(const json::object& keys, Source& source);
};

/// expat over a source of any size. Document type declarations are refused, so no entity but the five of XML exists.
class Parser {
public:
    Parser(Source& source, const std::string& encoding, std::uint64_t record_bytes_max, Handler& handler);
    ~Parser();

    /// Parses on, until the handler pauses it or a window has been read; false at the end of the document.
    /// Throws Error{malformed_file | line_too_long}, and what the handler threw.
    bool advance();
    /// From a handler: advance() returns as soon as possible.
    void pause();
    std::uint64_t line() const;
    /// Of the source.
    std::uint64_t bytes_consumed() const { return stream_.source_offset(stream_.offset()); }
    const Encoding& encoding() const { return stream_.encoding(); }

private:
    struct Expat;
    void check(int status);
    [[noreturn]] void refuse(std::string_view why) const;
    /// Runs a step of the handler; exceptions must not pass through C code.
    template <class Step>
    void run(Step&& step);

    TextStream stream_;
    const std::uint64_t record_bytes_max_;
    Handler& handler_;
    std::unique_ptr<Expat> expat_;
    std::exception_ptr failure_;
    std::size_t depth_ = 0;
    bool paused_ = false;
    bool final_ = false;
};

/// Are these bytes, the start of a file or all of it, well-formed as far as they go, with an element?
bool looks_well_formed(std::string_view head, bool complete);

}  // namespace millrace::formats::xml
