#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace millrace::cli {

/// Server-sent events out of a stream of bytes that is cut anywhere.
class SseParser {
public:
    struct Event {
        std::string id;  ///< of the last event that had one
        std::string name = "message";
        std::string data;
    };
    /// Takes the next bytes; calls `on_event` for each complete event. False when `on_event` has had enough.
    bool feed(std::string_view bytes, const std::function<bool(const Event&)>& on_event);

private:
    bool line(std::string_view text, const std::function<bool(const Event&)>& on_event);

    std::string rest_;
    Event event_;
    bool has_data_ = false;
};

}  // namespace millrace::cli
