#include "jobs/detail/log_buffer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"

namespace millrace::jobs::detail {
namespace {

constexpr std::string_view cut_mark = "…";

std::string cut(std::string_view text) {
    if (text.size() <= LogBuffer::line_bytes_max) return std::string{text};
    text = text.substr(0, LogBuffer::line_bytes_max - cut_mark.size());
    // Not in the middle of a character: only the last three bytes can be the beginning of one.
    for (std::size_t back = 1; back <= 3; ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if (byte < 0x80) break;
        if (byte < 0xC0) continue;
        if (utf8_length(text.substr(text.size() - back)) == 0) text.remove_suffix(back);
        break;
    }
    return std::string{text} += cut_mark;
}

}  // namespace

void LogBuffer::add(observe::Level level, std::string_view text, Instant now) {
    LogLine line;
    line.message = cut(text);
    if (kept_ >= lines_max || bytes_ + line.message.size() > bytes_max) {
        ++dropped_;
        return;
    }
    line.level = word(level);
    line.at = last_ = std::max(now, last_ + Duration{1});
    ++kept_;
    bytes_ += line.message.size();
    lines_.push_back(std::move(line));
}

std::vector<LogLine> LogBuffer::pending(bool ending, Instant now) const {
    auto out = lines_;
    if (ending && dropped_ > 0) {
        LogLine line;
        line.at = std::max(now, last_ + Duration{1});
        line.level = word(observe::Level::warn);
        line.message = fmt::format("{} more lines were dropped: an attempt may log {} lines and {} KiB", dropped_, lines_max,
                                   bytes_max / 1024);
        out.push_back(std::move(line));
    }
    return out;
}

void LogBuffer::committed(Instant last) {
    std::erase_if(lines_, [&](const LogLine& line) { return line.at <= last; });
}

}  // namespace millrace::jobs::detail
