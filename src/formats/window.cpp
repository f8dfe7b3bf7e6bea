#include "formats/window.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace millrace::formats {

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
        const auto passed = stream_.text().substr(lines_at_, until - lines_at_);
        line_ += static_cast<std::uint64_t>(std::count(passed.begin(), passed.end(), '\n'));
        lines_at_ = until;
    }
    return line_;
}

}  // namespace millrace::formats
