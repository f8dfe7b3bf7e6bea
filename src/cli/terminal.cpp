#include "cli/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <iterator>

#include "base/utf8.hpp"

namespace millrace::cli {
namespace {

struct Range {
    char32_t first, last;
};

/// Shown in two columns: the Wide and Fullwidth blocks of Unicode's East Asian Width and the emoji, by block, not by
/// character. A terminal's own table differs in single characters anyway.
constexpr Range wide[] = {
    {0x1100, 0x115f}, {0x231a, 0x231b}, {0x2329, 0x232a}, {0x23e9, 0x23ec}, {0x25fd, 0x25fe},   {0x2614, 0x2615},
    {0x2648, 0x2653}, {0x26aa, 0x26ab}, {0x2705, 0x2705}, {0x270a, 0x270b}, {0x274c, 0x274c},   {0x2753, 0x2755},
    {0x2795, 0x2797}, {0x2b1b, 0x2b1c}, {0x2e80, 0x303e}, {0x3041, 0x33ff}, {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
    {0xa000, 0xa4cf}, {0xa960, 0xa97f}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f},   {0xff00, 0xff60},
    {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
/// Take no column: combining marks, joiners, variation selectors.
constexpr Range zero[] = {{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
                          {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
                          {0x200b, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef}};

bool in_ranges(char32_t c, const auto& ranges) {
    return std::ranges::any_of(ranges, [c](const Range& r) { return c >= r.first && c <= r.last; });
}

char32_t decode(std::string_view character) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    switch (character.size()) {
        case 1: return byte(0);
        case 2: return (byte(0) & 0x1fU) << 6 | (byte(1) & 0x3fU);
        case 3: return (byte(0) & 0x0fU) << 12 | (byte(1) & 0x3fU) << 6 | (byte(2) & 0x3fU);
        default: return (byte(0) & 0x07U) << 18 | (byte(1) & 0x3fU) << 12 | (byte(2) & 0x3fU) << 6 | (byte(3) & 0x3fU);
    }
}

int width_of(char32_t c) {
    if (c < 0x300) return 1;
    if (in_ranges(c, zero)) return 0;
    return in_ranges(c, wide) ? 2 : 1;
}

/// Control characters of C1, line separators, and what changes the direction or the visibility of text around it.
bool is_treacherous(char32_t c) {
    return (c >= 0x80 && c <= 0x9f) || c == 0xad || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe007f);
}

bool is_set(const char* variable) {
    const char* value = std::getenv(variable);
    return value && *value;
}

bool locale_is_utf8() {
    for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        if (!is_set(variable)) continue;
        std::string value = std::getenv(variable);
        std::ranges::transform(value, value.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return value.find("utf-8") != value.npos || value.find("utf8") != value.npos;
    }
    return false;
}

void write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const auto n = ::write(descriptor, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            if (descriptor == STDOUT_FILENO && errno == EPIPE) std::_Exit(0);
            if (descriptor == STDOUT_FILENO) {
                constexpr std::string_view why = "millrace: the output could not be written\n";
                [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, why.data(), why.size());
                std::_Exit(1);
            }
            return;  // nowhere to complain
        }
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

}  // namespace

Terminal Terminal::of(int descriptor, std::string_view colour) {
    Terminal terminal;
    const bool dumb = !is_set("TERM") || std::string_view{std::getenv("TERM")} == "dumb";
    terminal.live = ::isatty(descriptor) == 1 && !dumb;
    terminal.utf8 = locale_is_utf8();
    terminal.colour = colour == "always" || (colour == "auto" && terminal.live && !is_set("NO_COLOR"));
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.width = size.ws_col;
    else if (is_set("COLUMNS")) terminal.width = std::atoi(std::getenv("COLUMNS"));
    terminal.width = std::clamp(terminal.width, 20, 1000);
    return terminal;
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto size = utf8_length(text);
        const auto byte = static_cast<unsigned char>(text[0]);
        if (size == 0) {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
        } else if (byte == '\n') {
            out += "\\n";
        } else if (byte == '\r') {
            out += "\\r";
        } else if (byte == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7f) {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
        } else if (const auto c = decode(text.substr(0, size)); is_treacherous(c)) {
            fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", static_cast<std::uint32_t>(c));
        } else {
            out += text.substr(0, size);
        }
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return out;
}

int display_width(std::string_view text) {
    int width = 0;
    while (!text.empty()) {
        const auto size = std::max<std::size_t>(utf8_length(text), 1);
        width += width_of(decode(text.substr(0, size)));
        text.remove_prefix(size);
    }
    return width;
}

std::string fit(std::string_view text, int width, bool utf8, bool keep_end) {
    const int have = display_width(text);
    if (have <= width) return std::string{text};
    const std::string mark = utf8 ? "…" : "~";
    if (width <= 1) return width == 1 ? mark : "";
    if (keep_end) {
        int left = have;
        while (left > width - 1) {
            const auto size = std::max<std::size_t>(utf8_length(text), 1);
            left -= width_of(decode(text.substr(0, size)));
            text.remove_prefix(size);
        }
        return mark + std::string{text};
    }
    std::string out;
    int taken = 0;
    while (true) {
        const auto size = std::max<std::size_t>(utf8_length(text), 1);
        taken += width_of(decode(text.substr(0, size)));
        if (taken > width - 1) return out + mark;
        out += text.substr(0, size);
        text.remove_prefix(size);
    }
}

std::string pad(std::string_view text, int width, bool right) {
    const auto spaces = std::string(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ');
    return right ? spaces + std::string{text} : std::string{text} + spaces;
}

std::string styled(std::string_view text, Style style, bool colour) {
    if (!colour) return std::string{text};
    constexpr std::string_view codes[] = {"1", "2", "31", "32", "33", "36"};
    return fmt::format("\x1b[{}m{}\x1b[0m", codes[static_cast<int>(style)], text);
}

std::string grouped(std::uint64_t number) {
    auto text = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
        text.insert(static_cast<std::size_t>(at), 1, ',');
    }
    return text;
}

std::string human_bytes(double bytes) {
    constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < std::size(units)) {
        bytes /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, units[unit]);
}

std::string clock_text(double seconds) {
    const auto whole = static_cast<std::uint64_t>(std::max(0.0, std::min(seconds, 1e9)));
    const auto hours = whole / 3600, minutes = whole / 60 % 60;
    if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60);
    return fmt::format("{}:{:02}", minutes, whole % 60);
}

void put(std::string_view text) { write_all(STDOUT_FILENO, text); }
void put_error(std::string_view text) { write_all(STDERR_FILENO, text); }
void put_note(std::string_view text) { write_all(STDERR_FILENO, std::string{text} + '\n'); }

}  // namespace millrace::cli
