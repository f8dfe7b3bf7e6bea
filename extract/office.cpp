#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "formats/sheet/archive.hpp"
#include "formats/sheet/recognise.hpp"
#include "formats/sheet/xml.hpp"
#include "reader.hpp"

/// Letters and slides of Office and of OpenDocument: a zip of XML parts.
namespace millrace::extract {
namespace {

using formats::sheet::Archive;
using formats::sheet::Attributes;

constexpr std::size_t small_part_bytes_max = 4 << 20;
constexpr formats::sheet::ArchiveLimits limits{.entry_bytes = 512u << 20, .total_bytes = 1ull << 30};

class Memory final : public formats::Source {
public:
    explicit Memory(std::string_view bytes) : bytes_{bytes} {}
    std::uint64_t size() const override { return bytes_.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        return bytes_.copy(into.data(), into.size(), std::min<std::uint64_t>(offset, bytes_.size()));
    }

private:
    std::string_view bytes_;
};

/// Pages of lines, as they are said.
class Pages {
public:
    explicit Pages(Output& output) : output_{output} {}

    void add(std::string_view text) {
        if (page_.size() + text.size() > documents::page_bytes_max / 8) end_page();
        page_ += text;
    }
    void end_line() { add("\n"); }
    /// A page without a word is none.
    void end_page() {
        while (!page_.empty() && (page_.back() == '\n' || page_.back() == '\t' || page_.back() == ' ')) page_.pop_back();
        if (page_.empty() || full_) return page_.clear();
        ++output_.summary.pages_total;
        full_ = !output_.page({.number = 0, .text = std::exchange(page_, {}), .words = {}});
    }
    bool is_full() const { return full_; }

private:
    Output& output_;
    std::string page_;
    bool full_ = false;
};

/// What the elements of a kind of document mean. Names are without their prefixes.
struct Dialect {
    std::string_view run;                          ///< only text inside of it counts; empty: all text of paragraphs
    std::span<const std::string_view> paragraphs;  ///< a line each
    std::string_view cell;                         ///< a tab behind it; its paragraphs stay in the line
    std::string_view row;
    std::span<const std::string_view> skipped;     ///< elements that are not shown, or shown twice
};

constexpr std::string_view office_paragraphs[] = {"p"};
constexpr std::string_view office_skipped[] = {"Fallback", "del", "moveFrom", "pPr", "rPr", "tblPr", "sectPr"};
constexpr Dialect office{.run = "t", .paragraphs = office_paragraphs, .cell = "tc", .row = "tr", .skipped = office_skipped};
constexpr std::string_view open_paragraphs[] = {"p", "h"};
constexpr std::string_view open_skipped[] = {"tracked-changes", "annotation", "note-citation", "title", "desc", "notes"};
constexpr Dialect open_document{.run = "", .paragraphs = open_paragraphs, .cell = "table-cell", .row = "table-row", .skipped = open_skipped};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) { return std::ranges::find(names, name) != names.end(); }

class TextHandler final : public formats::sheet::XmlHandler {
public:
    TextHandler(const Dialect& dialect, Pages& pages) : dialect_{dialect}, pages_{pages} {}

    void start(std::string_view name, const Attributes& attributes) override {
        if (skipping_ > 0 || is_one_of(name, dialect_.skipped)) {
            ++skipping_;
            return;
        }
        if (is_one_of(name, dialect_.paragraphs)) ++paragraphs_;
        else if (name == dialect_.cell) ++cells_;
        else if (name == dialect_.run) ++runs_;
        else if (name == "tab" && paragraphs_ > 0) pages_.add("\t");
        else if (name == "s" && paragraphs_ > 0) pages_.add(std::string(spaces(attributes["c"]), ' '));
        else if (name == "br" || name == "cr" || name == "line-break") line_break(attributes["type"] == "page");
        else if (name == "lastRenderedPageBreak" || name == "soft-page-break" || name == "page") pages_.end_page();
    }
    void end(std::string_view name) override {
        if (skipping_ > 0) {
            --skipping_;
            return;
        }
        if (is_one_of(name, dialect_.paragraphs)) {
            --paragraphs_;
            cells_ > 0 ? pages_.add(" ") : pages_.end_line();
        } else if (name == dialect_.cell) {
            --cells_;
            pages_.add("\t");
        } else if (name == dialect_.row && cells_ == 0) {
            pages_.end_line();
        } else if (name == dialect_.run) {
            --runs_;
        }
    }
    void text(std::string_view text) override {
        if (skipping_ == 0 && (dialect_.run.empty() ? paragraphs_ > 0 : runs_ > 0)) pages_.add(text);
    }

private:
    static std::size_t spaces(std::string_view count) {
        std::size_t number = 1;
        std::from_chars(count.data(), count.data() + count.size(), number);
        return std::min<std::size_t>(number, 100);
    }
    void line_break(bool of_page) {
        if (of_page) pages_.end_page();
        else if (cells_ > 0) pages_.add(" ");
        else pages_.end_line();
    }

    const Dialect& dialect_;
    Pages& pages_;
    int skipping_ = 0, paragraphs_ = 0, cells_ = 0, runs_ = 0;
};

/// The texts of chosen elements of a small part: title and author.
struct Properties final : formats::sheet::XmlHandler {
    std::map<std::string, std::string, std::less<>> values;
    std::string name;

    void start(std::string_view element, const Attributes&) override { name = element; }
    void end(std::string_view) override { name.clear(); }
    void text(std::string_view text) override {
        if (auto& value = values[name]; !name.empty() && value.size() + text.size() < 1000) value += text;
    }
};

/// Attributes of the elements of one name, in order: relations, slides.
struct Elements final : formats::sheet::XmlHandler {
    explicit Elements(std::string_view wanted) : wanted_{wanted} {}
    std::vector<std::map<std::string, std::string, std::less<>>> found;

    void start(std::string_view name, const Attributes& attributes) override {
        if (name != wanted_ || found.size() >= 10'000) return;
        auto& element = found.emplace_back();
        attributes.each([&](std::string_view key, std::string_view value) {
            // The id of a slide, a number, and that of its relation differ in their prefix only.
            if (auto& kept = element[std::string{key}]; kept.empty() || value.find_first_not_of("0123456789") != value.npos) kept = value;
        });
    }
    void end(std::string_view) override {}
    void text(std::string_view) override {}

private:
    std::string_view wanted_;
};

class OfficeReader {
public:
    OfficeReader(const Input& input, Output& output) : source_{input.bytes}, archive_{source_, limits}, output_{output}, pages_{output} {}

    void read() {
        if (archive_.find("word/document.xml")) read_letter();
        else if (archive_.find("ppt/presentation.xml")) read_slides();
        else if (archive_.find("content.xml")) read_open_document();
        else throw Error{Code::unsupported_format, {{"format", "zip"}, {"known", "docx, pptx, odt, odp"}}};
        pages_.end_page();
    }

private:
    void read_letter() {
        output_.summary.media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        properties("docProps/core.xml");
        const auto relations = elements("word/_rels/document.xml.rels", "Relationship");
        const auto parts = [&](std::string_view type) {
            for (const auto& relation : relations) {
                if (ends_with(relation, "Type", type)) part("word/" + value(relation, "Target"), office);
            }
        };
        parts("/header");
        part("word/document.xml", office);
        parts("/footnotes");
        parts("/endnotes");
        parts("/footer");
    }

    void read_slides() {
        output_.summary.media_type = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
        properties("docProps/core.xml");
        const auto relations = elements("ppt/_rels/presentation.xml.rels", "Relationship");
        for (const auto& slide : elements("ppt/presentation.xml", "sldId")) {
            const auto relation = std::ranges::find_if(relations, [&](const auto& known) { return value(known, "Id") == value(slide, "id"); });
            if (relation == relations.end() || pages_.is_full()) continue;
            auto target = value(*relation, "Target");
            part(target.starts_with('/') ? target.substr(1) : "ppt/" + target, office);
            pages_.end_page();
        }
    }

    void read_open_document() {
        const auto type = archive_.find("mimetype");
        output_.summary.media_type = type ? archive_.text_of(*type, 200) : "application/vnd.oasis.opendocument.text";
        properties("meta.xml");
        part("content.xml", open_document);
    }

    void part(const std::string& name, const Dialect& dialect) {
        const auto entry = archive_.find(name);
        if (!entry || pages_.is_full()) return;
        const auto bytes = archive_.open(*entry);
        TextHandler handler{dialect, pages_};
        formats::sheet::XmlReader reader{*bytes, handler};
        while (!pages_.is_full() && reader.step()) {}
    }

    void read_small(const std::string& name, formats::sheet::XmlHandler& handler) {
        const auto entry = archive_.find(name);
        if (!entry || entry->bytes > small_part_bytes_max) return;
        const auto bytes = archive_.open(*entry);
        formats::sheet::XmlReader{*bytes, handler}.all();
    }

    std::vector<std::map<std::string, std::string, std::less<>>> elements(const std::string& part, std::string_view name) {
        Elements handler{name};
        read_small(part, handler);
        return std::move(handler.found);
    }

    void properties(const std::string& part) {
        Properties handler;
        read_small(part, handler);
        output_.summary.title = handler.values["title"];
        output_.summary.author = handler.values["creator"];
    }

    template <class Element>
    static std::string value(const Element& element, std::string_view key) {
        const auto found = element.find(key);
        return found == element.end() ? std::string{} : found->second;
    }
    template <class Element>
    static bool ends_with(const Element& element, std::string_view key, std::string_view end) {
        return value(element, key).ends_with(end);
    }

    Memory source_;
    Archive archive_;
    Output& output_;
    Pages pages_;
};

}  // namespace

bool is_office(std::string_view bytes, std::string_view) { return formats::sheet::is_zip(bytes); }

void read_office(const Input& input, Output& output) { OfficeReader{input, output}.read(); }

}  // namespace millrace::extract
