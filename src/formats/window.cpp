#include "formats/window.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"

namespace millrace::formats {
namespace {

/// Line feeds, eight bytes at once.
std::uint64_t count_lines(std::string_view text) {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t low = 0x7f * ones;
    std::uint64_t lines = 0;
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        word ^= ones * '\n';
        const auto found = ~(((word & low) + low) | word | low);  // the high bit of each byte that is zero
        lines += (found >> 7) * ones >> 56;
    }
    return lines + static_cast<std::uint64_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), '\n'));
}

}  // namespace

bool Window::grow() {
    const auto open = rest().size();
    if (open > record_bytes_max_) {
        throw Error{Code::line_too_long,
                    {{"line", std::to_string(line(0))}, {"limit", std::to_string(record_bytes_max_)}}};
    }
    line(0);
    stream_.consume(at_);
    lines_at_ -= at_;
    at_ = 0;
    if (!stream_.extend()) return false;
    while (stream_.text().size() < 2 * open && stream_.text().size() <= record_bytes_max_ && stream_.extend()) {
    }
    return true;
}

std::uint64_t Window::line(std::size_t ahead) {
    const auto until = at_ + ahead;
    if (until > lines_at_) {
        line_ += count_lines(stream_.text().substr(lines_at_, until - lines_at_));
        lines_at_ = until;
    }
    return line_;
}

}  // namespace millrace::formats
