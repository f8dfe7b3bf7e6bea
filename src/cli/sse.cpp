#include "cli/sse.hpp"

#include <utility>

namespace millrace::cli {

bool SseParser::feed(std::string_view bytes, const std::function<bool(const Event&)>& on_event) {
    rest_ += bytes;
    std::size_t at = 0;
    for (auto end = rest_.find('\n', at); end != rest_.npos; end = rest_.find('\n', at)) {
        auto text = std::string_view{rest_}.substr(at, end - at);
        if (text.ends_with('\r')) text.remove_suffix(1);
        at = end + 1;
        if (!line(text, on_event)) return false;
    }
    rest_.erase(0, at);
    return true;
}

bool SseParser::line(std::string_view text, const std::function<bool(const Event&)>& on_event) {
    if (text.empty()) {
        const bool more = !std::exchange(has_data_, false) || on_event(event_);
        event_.name = "message";
        event_.data.clear();
        return more;
    }
    const auto colon = text.find(':');
    const auto field = text.substr(0, colon);
    auto value = colon == text.npos ? std::string_view{} : text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") {
        event_.name = value;
    } else if (field == "id") {
        event_.id = value;
    } else if (field == "data") {
        if (has_data_) event_.data += '\n';
        event_.data += value;
        has_data_ = true;
    }
    return true;
}

}  // namespace millrace::cli
