#include "formats/xml/xml.hpp"

#include <array>
#include <cctype>

#include "formats/xml/detail/reader.hpp"

namespace millrace::formats::xml {
namespace {

bool is_html(std::string_view head) {
    std::string start;
    for (const char c : head.substr(0, 512)) start += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return start.find("<!doctype html") != std::string::npos || start.find("<html") != std::string::npos;
}

struct Xml final : Format {
    std::string_view name() const override { return "xml"; }
    std::string_view media_type() const override { return "application/xml"; }
    std::span<const std::string_view> extensions() const override {
        static constexpr std::array<std::string_view, 1> known = {"xml"};
        return known;
    }
    double recognise(std::string_view head, std::uint64_t size, std::string_view filename) const override {
        auto text = head.substr(detect_encoding(head).bom_bytes);
        if (text.starts_with("<?xml")) return 0.97;
        if (is_html(text)) return 0;
        if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return 0;
        if (looks_well_formed(head, head.size() >= size)) return 0.95;
        return filename.ends_with(".xml") || filename.ends_with(".XML") ? 0.95 : 0;
    }
    std::vector<TableInfo> tables(Source& source, const ReadOptions& options) const override {
        return {{.name = outline_of(source, options).row_path()}};
    }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions& options) const override {
        return std::make_unique<Reader>(source, options);
    }
};

}  // namespace

const Format& format() {
    static const Xml xml;
    return xml;
}

}  // namespace millrace::formats::xml
