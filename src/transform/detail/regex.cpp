#include "transform/detail/regex.hpp"

namespace millrace::transform {
namespace {

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_plain(char c) { return is_alnum(c) || c == ' ' || c == '-' || c == '_' || c == '/' || c == ':' || c == ',' || c == '@' || c == '#'; }

/// "[A-Z0-9_]" of letters, digits and the plainest signs.
bool read_set(std::string_view& rest, std::bitset<256>& set) {
    const auto close = rest.find(']');
    if (close == rest.npos || close < 2) return false;
    const auto inside = rest.substr(1, close - 1);
    for (std::size_t i = 0; i < inside.size(); ++i) {
        if (!is_alnum(inside[i]) && inside[i] != '_' && inside[i] != ' ') return false;
        const bool range = i + 2 < inside.size() && inside[i + 1] == '-';
        const char last = range ? inside[i + 2] : inside[i];
        if (range && (!is_alnum(last) || last < inside[i])) return false;
        for (int c = inside[i]; c <= last; ++c) set.set(static_cast<std::size_t>(c));
        if (range) i += 2;
    }
    rest.remove_prefix(close + 1);
    return true;
}

}  // namespace

std::optional<FixedPattern> FixedPattern::of(std::string_view pattern) {
    constexpr std::size_t length_max = 256;
    FixedPattern made;
    while (!pattern.empty()) {
        std::bitset<256> set;
        if (pattern.front() == '[') {
            if (!read_set(pattern, set)) return std::nullopt;
        } else if (pattern.starts_with("\\d")) {
            for (char c = '0'; c <= '9'; ++c) set.set(static_cast<std::size_t>(c));
            pattern.remove_prefix(2);
        } else if (is_plain(pattern.front())) {
            set.set(static_cast<unsigned char>(pattern.front()));
            pattern.remove_prefix(1);
        } else {
            return std::nullopt;
        }
        std::size_t count = 1;
        if (pattern.starts_with('{')) {
            const auto close = pattern.find('}');
            if (close == pattern.npos || close < 2 || close > 4) return std::nullopt;
            count = 0;
            for (const char c : pattern.substr(1, close - 1)) {
                if (c < '0' || c > '9') return std::nullopt;
                count = count * 10 + static_cast<std::size_t>(c - '0');
            }
            pattern.remove_prefix(close + 1);
        }
        if (made.sets_.size() + count > length_max) return std::nullopt;
        made.sets_.insert(made.sets_.end(), count, set);
    }
    return made;
}

}  // namespace millrace::transform
