#include "formats/xls/detail/records.hpp"

#include <algorithm>

namespace millrace::formats::xls {

/// Makes the window reach `bytes` beyond next_; false when the stream does not.
bool Records::fill(std::size_t bytes) {
    if (next_ > stream_.size() || stream_.size() - next_ < bytes) return false;
    if (next_ >= window_at_ && next_ + bytes <= window_at_ + window_.size()) return true;
    window_at_ = next_;
    window_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(std::max(window_bytes, bytes), stream_.size() - next_)));
    stream_.read(window_at_, window_);
    return true;
}

bool Records::next() {
    constexpr std::size_t head_bytes = 4;
    if (!fill(head_bytes)) return false;
    const auto at = static_cast<std::size_t>(next_ - window_at_);
    const auto length = u16(window_, at + 2);
    if (!fill(head_bytes + length)) damaged("a record goes beyond its stream");
    const std::string_view all = std::string_view{window_}.substr(static_cast<std::size_t>(next_ - window_at_));
    kind_ = u16(all, 0);
    body_ = all.substr(head_bytes, length);
    next_ += head_bytes + length;
    return true;
}

bool Records::next_if(std::uint16_t kind) {
    const auto before = next_;
    if (next() && kind_ == kind) return true;
    next_ = before;
    return false;
}

void ContinuedText::go_on() {
    do {
        if (!records_.next_if(record::continued)) damaged("a text is too short");
        rest_ = records_.body();
    } while (rest_.empty());
}

void ContinuedText::skip(std::uint64_t bytes) {
    while (bytes > 0) {
        if (rest_.empty()) go_on();
        const auto part = std::min<std::uint64_t>(bytes, rest_.size());
        rest_.remove_prefix(static_cast<std::size_t>(part));
        bytes -= part;
    }
}

void ContinuedText::characters(std::string& out, std::size_t count, bool wide) {
    Utf16Writer writer{out};
    while (count > 0) {
        if (rest_.empty()) wide = (number<std::uint8_t>() & 1) != 0;
        if (wide) {
            if (rest_.size() < 2) damaged("a text is too short");
            writer.append(u16(rest_, 0));
        } else {
            if (rest_.empty()) damaged("a text is too short");
            writer.append(static_cast<unsigned char>(rest_[0]));
        }
        rest_.remove_prefix(wide ? 2 : 1);
        --count;
    }
    writer.finish();
}

void ContinuedText::text(std::string& out, std::size_t count) {
    const auto flags = number<std::uint8_t>();
    const bool is_rich = (flags & 8) != 0;
    const bool is_phonetic = (flags & 4) != 0;
    const std::uint64_t runs = is_rich ? number<std::uint16_t>() : 0;
    const std::uint64_t phonetic = is_phonetic ? number<std::uint32_t>() : 0;
    characters(out, count, (flags & 1) != 0);
    skip(runs * 4 + phonetic);
}

}  // namespace millrace::formats::xls
