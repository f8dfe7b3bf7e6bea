#include "formats/csv/csv.hpp"

#include <algorithm>
#include <array>

#include "formats/csv/detail/tables.hpp"

namespace millrace::formats::csv {
namespace {

struct Csv final : Format {
    std::string_view name() const override { return "csv"; }
    std::string_view media_type() const override { return "text/csv"; }
    std::span<const std::string_view> extensions() const override {
        static constexpr std::array<std::string_view, 4> known = {"csv", "tsv", "tab", "txt"};
        return known;
    }
    double recognise(std::string_view head, std::uint64_t, std::string_view filename) const override {
        const auto encoding = detect_encoding(head);
        const bool wide = encoding.name.starts_with("utf-16") || encoding.name.starts_with("utf-32");
        if (!wide && head.find('\0') != std::string_view::npos) return 0;
        const auto control = std::count_if(head.begin(), head.end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\x1f' && c != '\x01';
        });
        if (!wide && control * 20 > static_cast<std::ptrdiff_t>(head.size())) return 0;
        const auto dot = filename.rfind('.');
        const auto extension = dot == std::string_view::npos ? std::string_view{} : filename.substr(dot + 1);
        const auto mine = extensions();
        const bool named = std::any_of(mine.begin(), mine.end(), [&](std::string_view e) {
            return std::equal(e.begin(), e.end(), extension.begin(), extension.end(),
                              [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
        });
        return named ? 0.9 : 0.4;
    }
    std::vector<TableInfo> tables(Source& source, const ReadOptions& options) const override {
        return std::vector<TableInfo>(find_sections(source, options).size());
    }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions& options) const override {
        return open_table(source, options, Doubt::reject);
    }
};

}  // namespace

const Format& format() {
    static const Csv csv;
    return csv;
}

}  // namespace millrace::formats::csv
