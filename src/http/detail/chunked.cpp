#include "http/detail/chunked.hpp"

#include <algorithm>
#include <cstring>

#include "http/detail/text.hpp"

namespace millrace::http::detail {
namespace {

constexpr int size_digits_max = 15;  // 2^60: no overflow in any sum of ours
constexpr std::size_t extension_bytes_max = 1024;
constexpr std::size_t trailer_bytes_max = 4096;

}  // namespace

bool ChunkDecoder::refuse(std::string_view why) {
    why_ = why;
    return false;
}

ChunkDecoder::Result ChunkDecoder::decode(char* data, std::size_t size) {
    Result result{State::more};
    while (result.used < size && !done_) {
        if (step_ == Step::data) {
            const auto run = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size - result.used));
            std::memmove(data + result.size, data + result.used, run);
            result.size += run;
            result.used += run;
            left_ -= run;
            if (left_ == 0) step_ = Step::data_cr;
            continue;
        }
        if (!take(data[result.used])) {
            result.state = State::refused;
            return result;
        }
        ++result.used;
    }
    if (done_) result.state = State::done;
    return result;
}

bool ChunkDecoder::after_size() {
    digits_ = 0;
    step_ = left_ == 0 ? Step::trailer_start : Step::data;
    return true;
}

bool ChunkDecoder::take(char c) {
    switch (step_) {
        case Step::size:
            if (const int digit = hex_digit(c); digit >= 0) {
                if (++digits_ > size_digits_max) return refuse("a chunk size is too large");
                left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
                return true;
            }
            if (digits_ == 0) return refuse("a chunk has no size");
            if (c == '\r') step_ = Step::size_lf;
            else if (c == ';') step_ = Step::extension;
            else return refuse("a chunk size has a byte that cannot be in it");
            return true;
        case Step::extension:
            if (c == '\r') {
                step_ = Step::size_lf;
                return true;
            }
            if (!is(c, value_char)) return refuse("a chunk extension has a control byte");
            if (++extension_bytes_ > extension_bytes_max) return refuse("the chunk extensions are too long");
            return true;
        case Step::size_lf:
            if (c != '\n') return refuse("CR without LF after a chunk size");
            return after_size();
        case Step::data:
            return true;  // decode() copies runs
        case Step::data_cr:
            if (c != '\r') return refuse("a chunk is longer than its size");
            step_ = Step::data_lf;
            return true;
        case Step::data_lf:
            if (c != '\n') return refuse("CR without LF after a chunk");
            step_ = Step::size;
            return true;
        default:
            break;
    }
    if (++trailer_bytes_ > trailer_bytes_max) return refuse("the trailers are too long");
    switch (step_) {
        case Step::trailer_start:
            if (c == '\r') {
                step_ = Step::end_lf;
                return true;
            }
            if (!is(c, token_char)) return refuse("a trailer name has a byte that cannot be in it");
            step_ = Step::trailer_name;
            return true;
        case Step::trailer_name:
            if (c == ':') step_ = Step::trailer_value;
            else if (!is(c, token_char)) return refuse("a trailer name has a byte that cannot be in it");
            return true;
        case Step::trailer_value:
            if (c == '\r') step_ = Step::trailer_lf;
            else if (!is(c, value_char)) return refuse("a trailer value has a control byte");
            return true;
        case Step::trailer_lf:
            if (c != '\n') return refuse("CR without LF after a trailer");
            step_ = Step::trailer_start;
            return true;
        default:
            if (c != '\n') return refuse("CR without LF at the end of the body");
            done_ = true;
            return true;
    }
}

}  // namespace millrace::http::detail
