#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Takes the chunk framing off a body (RFC 9112 section 7.1), strictly. Pure.
namespace millrace::http::detail {

class ChunkDecoder {
public:
    enum class State { more, done, refused };
    struct Result {
        State state;
        std::size_t used = 0;  ///< bytes of the input; all of them unless done or refused
        std::size_t size = 0;  ///< bytes of body now at the start of `data`
    };
    /// Decodes in place: moves what belongs to the body to the front of `data`. Input may be split anywhere.
    Result decode(char* data, std::size_t size);
    std::string_view why() const { return why_; }

private:
    enum class Step { size, extension, size_lf, data, data_cr, data_lf, trailer_start, trailer_name, trailer_value, trailer_lf, end_lf };
    bool take(char c);
    bool refuse(std::string_view why);
    bool after_size();

    Step step_ = Step::size;
    std::uint64_t left_ = 0;
    int digits_ = 0;
    std::size_t extension_bytes_ = 0;  ///< of the whole body: a client has no use for many of them
    std::size_t trailer_bytes_ = 0;
    std::string_view why_;
    bool done_ = false;
};

}  // namespace millrace::http::detail
