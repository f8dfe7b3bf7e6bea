#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace millrace::http {

/// Head of one part of a form.
struct Part {
    std::string name;
    std::optional<std::string> filename;  ///< as the client named it: data, not a path; UTF-8
    Headers headers;
};

/// Reads multipart/form-data (RFC 7578) as its blocks arrive, split anywhere, with constant memory. Calls the events in
/// order; an event may throw. Refuses what is broken with Error{malformed_multipart}.
class Multipart {
public:
    struct Events {
        std::function<void(const Part&)> part_begin;
        std::function<void(std::string_view bytes)> data;  ///< of the part that began last; only during the call
        std::function<void()> part_end;
    };
    struct Limits {
        std::size_t parts_max = 100;
        std::size_t part_head_bytes_max = 8 * 1024;
    };

    Multipart(std::string_view boundary, Events events);
    Multipart(std::string_view boundary, Events events, Limits limits);

    void feed(std::string_view block);
    /// The body is complete; throws unless the closing boundary has been seen.
    void finish();
    bool complete() const { return step_ == Step::epilogue; }

    /// The boundary in a Content-Type of multipart/form-data; throws Error{malformed_multipart} when it has none, and
    /// Error{unsupported_media_type} when it is another type.
    static std::string boundary_of(std::string_view content_type);

private:
    enum class Step { preamble, after_boundary, close_dash, transport_padding, line_lf, head, data, close_padding, close_lf, epilogue };
    std::size_t feed_data(std::string_view block);
    void take(char c);
    void take_head(char c);
    void begin_part();
    void emit(std::string_view bytes);
    void boundary_found();
    [[noreturn]] static void refuse(std::string why);

    const std::string delimiter_;  ///< CRLF "--" boundary
    Events events_;
    Limits limits_;
    Step step_ = Step::preamble;
    std::size_t matched_;  ///< bytes of the delimiter at the end of what came so far, held back
    std::size_t assumed_;  ///< how many of them have not really been sent here
    std::string head_;
    std::size_t parts_ = 0;
};

}  // namespace millrace::http
