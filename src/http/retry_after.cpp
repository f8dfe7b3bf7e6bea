#include "http/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace millrace::http {

std::optional<Instant> read_retry_after(std::string_view text, Instant now) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (end == text.data() + text.size() && seconds >= 0) {
        if (error == std::errc::result_out_of_range) return now + retry_after_max;
        if (error == std::errc{}) return now + std::min<Duration>(std::chrono::seconds{std::min<std::int64_t>(seconds, 1'000'000)}, retry_after_max);
    }
    std::tm parts{};
    const std::string date{text};
    // The one form that servers may send (RFC 9110, 5.6.7). The locale of the program is "C".
    const char* const rest = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (!rest || *rest != '\0') return std::nullopt;
    return std::max(now, Instant{std::chrono::seconds{::timegm(&parts)}});
}

}  // namespace millrace::http
