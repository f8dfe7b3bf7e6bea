#include "formats/json/json.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "formats/json/detail/reader.hpp"

namespace millrace::formats::json_files {
namespace {

bool has_extension(std::string_view filename, std::span<const std::string_view> known) {
    const auto dot = filename.rfind('.');
    if (dot == std::string_view::npos) return false;
    const auto extension = filename.substr(dot + 1);
    return std::ranges::any_of(known, [&](std::string_view e) {
        return std::ranges::equal(e, extension, [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
    });
}

/// The start of a file as UTF-8.
std::string text_of(std::string_view head) {
    const auto encoding = detect_encoding(head);
    head.remove_prefix(encoding.bom_bytes);
    if (!encoding.name.starts_with("utf-16")) return std::string{head};
    // Only the characters of JSON's grammar matter here, and those are ASCII.
    std::string text;
    const std::size_t low = encoding.name == "utf-16le" ? 0 : 1;
    for (std::size_t i = 0; i + 1 < head.size(); i += 2) text += head[i + 1 - low] == '\0' ? head[i + low] : '?';
    return text;
}

std::string_view without_blanks(std::string_view text) {
    const auto from = text.find_first_not_of(" \t\r\n");
    return from == std::string_view::npos ? std::string_view{} : text.substr(from);
}

/// What the start of a file says about it.
struct Start {
    char first = 0;          ///< character that is no blank
    bool well_formed = true; ///< as far as it goes
    bool keyed = false;      ///< an object with a key stands near the start
    std::size_t lines = 0;   ///< full lines, the first 20
    std::size_t objects = 0; ///< of these, valid objects
};

Start look(std::string_view head, std::uint64_t size) {
    const auto text = text_of(head);
    const bool complete = head.size() >= size;
    Start found;
    std::string_view rest = without_blanks(text);
    if (rest.empty()) return found;
    found.first = rest.front();
    if (found.first != '{' && found.first != '[') return found;
    Scanner in{rest, 0, complete};
    found.well_formed = (in.skip(1) && in.at_end()) || in.outcome() == Outcome::need_more;
    auto inner = rest;
    while (inner.starts_with('[')) inner = without_blanks(inner.substr(1));
    if (inner.starts_with('{')) {
        const auto key = without_blanks(inner.substr(1));
        Scanner keys{key, 0, complete};
        RawString ignored;
        found.keyed = key.starts_with('"') && keys.string(ignored) && keys.colon();
    }
    while (!rest.empty() && found.lines < 20) {
        const auto end = rest.find('\n');
        if (end == std::string_view::npos && !complete) break;
        const auto line = without_blanks(rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        if (line.empty()) continue;
        Scanner document{line, 0, true};
        ++found.lines;
        if (line.front() == '{' && document.skip(1) && document.at_end()) ++found.objects;
    }
    return found;
}

struct Json final : Format {
    std::string_view name() const override { return "json"; }
    std::string_view media_type() const override { return "application/json"; }
    std::span<const std::string_view> extensions() const override {
        static constexpr std::array<std::string_view, 2> known = {"json", "geojson"};
        return known;
    }
    double recognise(std::string_view head, std::uint64_t size, std::string_view filename) const override {
        const auto start = look(head, size);
        if (start.keyed && start.well_formed) return 0.97;
        if (has_extension(filename, extensions())) return 0.95;
        if (start.first != '{' && start.first != '[') return 0;
        if (start.keyed) return 0.6;
        return start.well_formed ? 0.5 : 0;
    }
    std::vector<TableInfo> tables(Source& source, const ReadOptions& options) const override {
        const auto found = survey(source, options, false);
        std::vector<TableInfo> tables;
        for (const auto i : found.ranking) tables.push_back({.name = found.tables[i].path});
        return tables;
    }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions& options) const override {
        return std::make_unique<Reader>(source, options, false);
    }
};

struct Ndjson final : Format {
    std::string_view name() const override { return "ndjson"; }
    std::string_view media_type() const override { return "application/x-ndjson"; }
    std::span<const std::string_view> extensions() const override {
        static constexpr std::array<std::string_view, 3> known = {"ndjson", "jsonl", "jsonlines"};
        return known;
    }
    double recognise(std::string_view head, std::uint64_t size, std::string_view filename) const override {
        const auto start = look(head, size);
        if (start.lines >= 2 && start.objects * 2 > start.lines) return 0.98;
        return has_extension(filename, extensions()) ? 0.98 : 0;
    }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions& options) const override {
        return std::make_unique<Reader>(source, options, true);
    }
};

}  // namespace

const Format& format() {
    static const Json json;
    return json;
}

const Format& ndjson_format() {
    static const Ndjson ndjson;
    return ndjson;
}

}  // namespace millrace::formats::json_files
