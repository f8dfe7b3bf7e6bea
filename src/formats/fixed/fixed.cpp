#include "formats/fixed/fixed.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/utf8.hpp"
#include "formats/csv/detail/sniff.hpp"
#include "formats/fixed/detail/reader.hpp"

namespace millrace::formats::fixed {
namespace {

/// Does a delimiter make a table of these lines that is as good? `columns`: how many blanks make.
bool is_delimited(const std::vector<std::string_view>& lines, std::size_t columns, std::string_view text, bool complete) {
    const auto rows = std::ranges::count_if(lines, [](std::string_view line) { return !is_blank(line) && !is_rule(line); });
    for (const char delimiter : std::string_view{",;|"}) {
        std::vector<std::size_t> counts;
        for (const auto line : lines) {
            if (!is_blank(line) && !is_rule(line)) counts.push_back(static_cast<std::size_t>(std::ranges::count(line, delimiter)));
        }
        std::ranges::sort(counts);
        const auto middle = counts[counts.size() / 2];
        if (middle > 0 && std::ranges::count(counts, middle) * 10 >= rows * 6) return true;
    }
    const auto sniffed = csv::sniff_dialect(text, complete, {});
    if (sniffed.candidates.empty()) return false;
    const auto& best = sniffed.candidates.front();
    return best.width >= 2 && best.regular >= 0.9 && (best.dialect.delimiter.find(' ') == std::string::npos || best.width >= columns);
}

struct Fixed final : Format {
    std::string_view name() const override { return "fixed"; }
    std::string_view media_type() const override { return "text/plain"; }
    std::span<const std::string_view> extensions() const override {
        static constexpr std::array<std::string_view, 4> known = {"fwf", "prn", "dat", "asc"};
        return known;
    }
    bool is_meant(const json::object& dialect) const override { return dialect.contains("widths"); }
    double recognise(std::string_view head, std::uint64_t size, std::string_view filename) const override {
        const auto encoding = detect_encoding(head);
        if (encoding.name != "utf-8" || head.find('\0') != std::string_view::npos) return 0;
        const bool complete = head.size() >= size;
        head.remove_prefix(encoding.bom_bytes);
        std::string decoded;
        if (first_invalid_utf8(head.substr(0, head.size() - std::min<std::size_t>(3, head.size()))) != std::string_view::npos) {
            append_windows_1252(decoded, head);
            head = decoded;
        }
        const auto lines = lines_of(head, complete);
        const auto layout = find_columns(lines);
        if (!layout || is_delimited(lines, layout->columns.size(), head, complete)) return 0;
        std::string lower;
        for (const char c : filename) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        // A file that is called delimited is read as such.
        const bool delimited = lower.ends_with(".csv") || lower.ends_with(".tsv") || lower.ends_with(".tab");
        return delimited ? 0.45 : 0.92;
    }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions& options) const override {
        return std::make_unique<Reader>(source, options);
    }
};

}  // namespace

const Format& format() {
    static const Fixed fixed;
    return fixed;
}

}  // namespace millrace::formats::fixed
