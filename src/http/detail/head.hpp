#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "http/message.hpp"

/// The head of a request, judged byte by byte (RFC 9112, and stricter where two readers could differ). Pure.
namespace millrace::http::detail {

struct HeadLimits {
    std::size_t bytes_max = 32 * 1024;
    std::size_t fields_max = 100;
};

/// Why bytes are no request. The connection ends after it: nobody knows where the next request would start.
struct Refusal {
    int status = 400;
    Code code = Code::bad_request;
    std::string_view why;  ///< a literal
};

/// A part of the buffer; positions, because the buffer moves while it grows.
struct Slice {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
    std::string_view in(std::string_view buffer) const { return buffer.substr(at, size); }
};

struct Head {
    struct Field {
        Slice name, value;
    };
    Slice method, target;
    int minor_version = 1;
    std::vector<Field> fields;
    std::size_t size = 0;  ///< bytes up to and including the empty line
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = true;
    bool expects_continue = false;
    std::optional<Slice> host;
};

/// Reads a head from a buffer that grows at its end; bytes already judged are not looked at again.
class HeadParser {
public:
    explicit HeadParser(HeadLimits limits = {}) : limits_{limits} {}

    enum class State { more, done, refused };
    /// `buffer` starts with the bytes of the calls before, plus new ones.
    State feed(std::string_view buffer);
    const Head& head() const { return head_; }
    const Refusal& refusal() const { return refusal_; }
    bool started() const { return at_ > 0; }
    void reset();

private:
    enum class Step {
        start, start_lf, method, target, version, line_cr, line_lf, field_start, name, value_start, value, value_lf, end_lf
    };
    /// Nothing when the byte is fine; otherwise why not.
    std::optional<Refusal> take(char c, std::string_view buffer);
    std::optional<Refusal> take_version(char c);
    std::optional<Refusal> finish_field(std::string_view buffer);
    std::optional<Refusal> finish_head();
    std::optional<Refusal> note_length(std::string_view value);
    std::optional<Refusal> note_encoding(std::string_view value);
    void note_connection(std::string_view value);
    void skip_run(std::string_view buffer);
    State refuse(Refusal refusal);

    HeadLimits limits_;
    Head head_;
    Refusal refusal_;
    Step step_ = Step::start;
    std::size_t at_ = 0;     ///< next byte to judge
    std::size_t begin_ = 0;  ///< of the token being read
    bool refused_ = false;
    bool closes_ = false, stays_ = false;  ///< said by Connection
    bool bad_expectation_ = false;
};

struct Parsed {
    HeadParser::State state;
    Head head;
    Refusal refusal;
};
/// Judges `bytes` in one go.
Parsed parse_head(std::string_view bytes, HeadLimits limits = {});

/// The request that a finished head describes, without route and connection. Throws Error{invalid_path | bad_request}
/// for a target that is not acceptable although its framing is.
Request make_request(const Head& head, std::string_view buffer);

/// Decodes and checks a path: see Request::path. Throws Error{invalid_path}.
std::string decode_path(std::string_view raw);

}  // namespace millrace::http::detail
