#include "documents/fields/lines.hpp"

#include <algorithm>

#include "documents/extraction.hpp"

namespace millrace::documents::fields {
namespace {

constexpr std::size_t lines_max = 20'000;
constexpr std::size_t columns_max = 4'000;

struct Decoded {
    std::uint32_t character = 0xfffd;
    std::uint32_t bytes = 1;
};

Decoded decode(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
    const auto first = byte(0);
    if (first < 0x80) return {first, 1};
    const std::uint32_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || text.size() < size) return {};
    std::uint32_t character = first & (0xffU >> (size + 1));
    for (std::uint32_t i = 1; i < size; ++i) character = character << 6 | (byte(i) & 0x3f);
    return {character, size};
}

/// The letters of Latin-1 from U+00C0 on, without what stands above or below them.
constexpr std::string_view latin = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

char plain(std::uint32_t character) {
    if (character == '\t') return ' ';
    if (character < 0x80) return static_cast<char>(character < 0x20 ? ' ' : character);
    if (character >= 0xc0 && character <= 0xff) return latin[character - 0xc0];
    switch (character) {
        case 0xa0: case 0x2007: case 0x2009: case 0x200a: case 0x202f: case 0x3000: return ' ';
        case 0xad: case 0x2010: case 0x2011: case 0x2012: case 0x2013: case 0x2014: case 0x2212: return '-';
        case 0x2018: case 0x2019: case 0xb4: return '\'';
        case 0xb0: case 0xba: return 'o';
        case 0x152: return 'O';
        case 0x153: return 'o';
        case 0x20ac: return euro;
        case 0xa3: return pound;
        case 0x20b9: case 0x20a8: return rupee;
        case 0xa5: return yen;
        case 0xb7: return '.';
        default: return unknown;
    }
}

bool looks_like_digit(char c) { return c == 'O' || c == 'o' || c == 'l' || c == 'I' || c == '|'; }

/// "1O.5O" and "l2/O3/2O18" are numbers, "No1" and "Oil 5" are not.
void mend_digits(std::string& text) {
    const auto at = [&](std::size_t i) { return i < text.size() ? text[i] : ' '; };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!looks_like_digit(text[i])) continue;
        const char before = i > 0 ? text[i - 1] : ' ';
        auto end = i;
        while (looks_like_digit(at(end))) ++end;
        const bool next_is_number = is_digit(at(end)) || ((at(end) == '.' || at(end) == ',' || at(end) == '/') && is_digit(at(end + 1)));
        const bool stands_in_number = is_digit(before) || ((before == '.' || before == ',' || before == '/') && i > 1 && is_digit(text[i - 2]));
        const bool begins_number = !is_letter(before) && next_is_number && end - i == 1;
        if (is_letter(at(end)) || !(begins_number || (stands_in_number && !is_letter(before)))) {
            i = end - 1;
            continue;
        }
        for (; i < end; ++i) text[i] = text[i] == 'O' || text[i] == 'o' ? '0' : '1';
        --i;
    }
}

/// "15:361,26": a colon is no mark between thousands, but looks like a dot.
void mend_marks(std::string& text) {
    for (std::size_t i = 1; i + 6 < text.size(); ++i) {
        const auto digits = [&](std::size_t from, std::size_t count) { return std::all_of(text.begin() + from, text.begin() + from + count, is_digit); };
        if (text[i] == ':' && is_digit(text[i - 1]) && digits(i + 1, 3) && (text[i + 4] == ',' || text[i + 4] == '.') && digits(i + 5, 2)) text[i] = text[i + 4] == ',' ? '.' : ',';
    }
}

Line line_of(std::string_view text, std::uint32_t page, std::uint32_t offset) {
    Line line{.page = page, .plain = {}, .folded = {}, .offsets = {}, .labels = {}};
    for (std::uint32_t at = 0; at < text.size() && line.plain.size() < columns_max;) {
        const auto [character, bytes] = decode(text.substr(at));
        // Between cells stands a tab, and a gap of three spaces is one between cells.
        for (int width = character == '\t' ? 3 : 1; width > 0; --width) {
            line.plain += plain(character);
            line.offsets.push_back(offset + at);
        }
        at += bytes;
    }
    line.offsets.push_back(offset + static_cast<std::uint32_t>(text.size()));
    mend_digits(line.plain);
    mend_marks(line.plain);
    line.folded = line.plain;
    for (char& c : line.folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    find_labels(line);
    return line;
}

int gap(Span a, Span b) { return std::max(a.start, b.start) - std::min(a.end, b.end); }

/// Labels in front of the value, back to the value before it, as long as they stand close to each other.
void take_before(const Line& line, const std::vector<Span>& values, Span value, int reach, Governed& found) {
    int from = 0;
    for (const auto& other : values) {
        if (other.end <= value.start) from = std::max(from, other.end);
    }
    int next = -1;
    for (auto label = line.labels.rbegin(); label != line.labels.rend(); ++label) {
        if (label->end > value.start || label->start < from) continue;
        if (next >= 0 && next - label->end > reach) break;
        found.kinds.push_back(label->kind);
        next = label->start;
    }
}

/// "12,50 incl. btw": what stands right behind an amount and nowhere else.
void take_behind(const Line& line, Span value, Governed& found) {
    for (const auto& label : line.labels) {
        const bool tells = label.kind == Kind::included || label.kind == Kind::excluded;
        if (tells && label.start >= value.end && label.start - value.end <= 6) found.kinds.push_back(label.kind);
    }
}

void take_above(const std::vector<Line>& lines, const std::vector<std::vector<Span>>& values, std::size_t number, Span value, Governed& found) {
    for (std::size_t up = 1; up <= 4 && up <= number; ++up) {
        const auto& line = lines[number - up];
        if (line.page != lines[number].page) return;
        for (const auto& label : line.labels) {
            const auto owns = [&](const Span& other) { return other.start >= label.end && other.start - label.end < 12; };
            if (gap({label.start, label.end}, value) <= 2 && std::ranges::none_of(values[number - up], owns)) found.kinds.push_back(label.kind);
        }
        if (!found.kinds.empty()) {
            found.weight = up == 1 ? 0.9 : 0.75;
            return;
        }
    }
}

/// A label alone in its line, its value alone in the next.
void take_line_before(const std::vector<Line>& lines, const std::vector<std::vector<Span>>& values, std::size_t number, Governed& found) {
    if (number == 0 || !values[number - 1].empty() || lines[number - 1].page != lines[number].page) return;
    for (const auto& label : lines[number - 1].labels) found.kinds.push_back(label.kind);
    found.weight = 0.6;
}

}  // namespace

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool Governed::has(Kind kind) const { return std::ranges::find(kinds, kind) != kinds.end(); }

std::vector<Line> lines_of(const Extraction& document) {
    std::vector<Line> lines;
    for (std::uint32_t page = 0; page < document.pages.size(); ++page) {
        const std::string_view text = document.pages[page].text;
        for (std::size_t from = 0; from < text.size() && lines.size() < lines_max;) {
            const auto end = std::min(text.find('\n', from), text.size());
            if (text.substr(from, end - from).find_first_not_of(" \t\r\f") != text.npos) {
                lines.push_back(line_of(text.substr(from, end - from), page, static_cast<std::uint32_t>(from)));
            }
            from = end + 1;
        }
    }
    return lines;
}

Governed govern(const std::vector<Line>& lines, const std::vector<std::vector<Span>>& values, std::size_t line, Span value, int reach) {
    Governed found{.kinds = {}, .weight = 1};
    take_before(lines[line], values[line], value, reach, found);
    if (!found.kinds.empty()) {
        take_behind(lines[line], value, found);
        return found;
    }
    take_above(lines, values, line, value, found);
    if (found.kinds.empty()) take_line_before(lines, values, line, found);
    take_behind(lines[line], value, found);
    if (found.kinds.empty()) found.weight = 0;
    return found;
}

}  // namespace millrace::documents::fields
