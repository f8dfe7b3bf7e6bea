#include "formats/xml/writer.hpp"

#include <algorithm>
#include <set>

#include "base/hash.hpp"
#include "formats/detail/cells.hpp"

namespace millrace::formats::xml {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// A name that every reader takes: ASCII letters, digits, '_', '-' and '.', not beginning with "xml".
std::string element_name(std::string_view text, std::string_view otherwise) {
    std::string name;
    for (const char c : text) {
        const bool inner = is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
        if (inner) name += c;
        else if (!name.ends_with('_')) name += '_';
    }
    if (name.empty() || name.find_first_not_of('_') == name.npos) return std::string{otherwise};
    const bool reserved = name.size() >= 3 && (name[0] | 32) == 'x' && (name[1] | 32) == 'm' && (name[2] | 32) == 'l';
    return is_letter(name.front()) && !reserved ? name : "_" + name;
}

/// Characters that no XML 1.0 document may have, however they are written: most control characters, U+FFFE, U+FFFF.
bool fits(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') return false;
        if (c == 0xef && (text.substr(i, 3) == "\xef\xbf\xbe" || text.substr(i, 3) == "\xef\xbf\xbf")) return false;
    }
    return true;
}

class XmlWriter final : public TableWriter {
public:
    XmlWriter(Sink& sink, const std::vector<WriteColumn>& columns, const WriteOptions& options)
        : columns_{columns}, out_{sink}, texts_{report_}, root_{element_name(options.table.value_or("table"), "table")} {
        std::set<std::string> taken;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const auto base = element_name(columns[i].name, "column_" + std::to_string(i + 1));
            auto name = base;
            for (int n = 2; !taken.insert(name).second; ++n) name = base + "_" + std::to_string(n);
            std::string attribute;
            if (name != columns[i].name) {
                if (fits(columns[i].name)) attribute = " name=\"" + escaped(with_valid_utf8(columns[i].name), true) + "\"";
                else attribute = " name_base64=\"" + to_base64(columns[i].name) + "\"";
            }
            elements_.push_back({name, "<" + name + attribute, "</" + name + ">"});
        }
        out_.put("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" + root_ + ">\n");
    }

    void write(const Rows& rows) override {
        texts_.look_at(rows);
        for (auto row = rows.begin; row < rows.end; ++row) {
            out_.put("<row>");
            for (std::size_t i = 0; i < columns_.size(); ++i) {
                if (!rows.columns[i]->is_null(row)) put_cell(*rows.columns[i], i, row);
            }
            out_.put("</row>\n");
            out_.settle();
        }
        report_.rows += rows.end - rows.begin;
    }

    void finish() override {
        out_.put("</" + root_ + ">\n");
        out_.flush();
    }
    const WriteReport& report() const override { return report_; }
    std::size_t pending() const override { return out_.pending(); }

private:
    struct Element {
        std::string name, open, close;
    };

    void put_cell(const Column& column, std::size_t index, std::size_t row) {
        const auto& element = elements_[index];
        out_.put(element.open);
        if (!column.type.is_text()) {
            out_.put('>');
            char* to = out_.room(value_bytes_max);
            out_.set_end(put_value(to, column, row, columns_[index]));
        } else if (const auto text = texts_.text(column, index, row); fits(text)) {
            out_.put('>');
            put_escaped(text);
        } else {
            out_.put(" encoding=\"base64\">");
            out_.put(to_base64(text));
        }
        out_.put(element.close);
    }

    void put_escaped(std::string_view text) {
        while (!text.empty()) {
            const auto at = std::min(text.find_first_of("<>&\r"), text.size());
            out_.put(text.substr(0, at));
            if (at == text.size()) return;
            out_.put(entity(text[at]));
            text.remove_prefix(at + 1);
        }
    }
    static std::string_view entity(char c) {
        switch (c) {
            case '<': return "&lt;";
            case '>': return "&gt;";
            case '&': return "&amp;";
            case '"': return "&quot;";
            case '\t': return "&#9;";
            case '\n': return "&#10;";
            default: return "&#13;";
        }
    }
    static std::string escaped(std::string_view text, bool attribute) {
        std::string out;
        for (const char c : text) {
            if (std::string_view{attribute ? "<>&\r\"\t\n" : "<>&\r"}.find(c) == std::string_view::npos) out += c;
            else out += entity(c);
        }
        return out;
    }

    const std::vector<WriteColumn> columns_;
    OutBuffer out_;
    WriteReport report_;
    Utf8Texts texts_;
    const std::string root_;
    std::vector<Element> elements_;
};

constexpr std::string_view options[] = {"table"};

std::unique_ptr<TableWriter> open(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions& how) {
    return std::make_unique<XmlWriter>(sink, columns, how);
}

}  // namespace

const OutputFormat& output() {
    static constexpr OutputFormat format{.name = "xml", .extension = ".xml", .media_type = "application/xml", .text = true, .options = options, .open = open};
    return format;
}

}  // namespace millrace::formats::xml
