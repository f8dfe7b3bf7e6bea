#include "cli/table.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.hpp"

namespace millrace::cli {
namespace {

std::string csv_cell(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == text.npos) return std::string{text};
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

template <class Cell>
std::string joined(const std::vector<std::string>& cells, char delimiter, const char* end, Cell cell) {
    std::string out;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) out += delimiter;
        out += cell(cells[i]);
    }
    return out + end;
}

std::string upper(std::string text) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        if (c == '_') c = ' ';
    }
    return text;
}

}  // namespace

Format format_from(const std::string& output, bool json, bool quiet, const Terminal& out) {
    if (quiet) return Format::ids;
    if (json || output == "json") return Format::json;
    if (output == "csv") return Format::csv;
    if (output == "table") return Format::table;
    if (output == "tsv") return Format::tsv;
    if (!output.empty()) throw Error{Code::usage, {{"why", "-o takes table, tsv, csv or json, not \"" + output + "\""}}};
    return out.live ? Format::table : Format::tsv;
}

Listing::Listing(Format format, Terminal terminal, std::vector<Column> columns, const std::vector<std::string>& fields)
    : format_{format}, terminal_{terminal}, columns_{std::move(columns)}, chosen_{!fields.empty()} {
    if (!chosen_) return;
    const auto known = std::exchange(columns_, {});
    for (const auto& field : fields) {
        const auto found = std::ranges::find(known, field, &Column::name);
        columns_.push_back(found == known.end() ? Column{field} : *found);
    }
}

std::vector<std::string> Listing::cells(const json::object& row) const {
    std::vector<std::string> out;
    for (const auto& column : columns_) out.push_back(cell_text(member(row, column.name)));
    return out;
}

std::string Listing::add(const json::object& row) {
    switch (format_) {
        case Format::json: {
            if (!chosen_) return json::serialize(row) + '\n';
            json::object narrow;
            for (const auto& column : columns_) narrow.emplace(column.name, member(row, column.name));
            return json::serialize(narrow) + '\n';
        }
        case Format::ids:
            return cell_text(member(row, columns_.front().name)) + '\n';
        case Format::table:
            rows_.push_back(cells(row));
            return "";
        case Format::tsv:
        case Format::csv:
            break;
    }
    std::string out;
    if (!std::exchange(head_, true)) {
        std::vector<std::string> names;
        for (const auto& column : columns_) names.push_back(column.name);
        out = format_ == Format::csv ? joined(names, ',', "\r\n", csv_cell) : joined(names, '\t', "\n", printable);
    }
    const auto texts = cells(row);
    return out + (format_ == Format::csv ? joined(texts, ',', "\r\n", csv_cell) : joined(texts, '\t', "\n", printable));
}

std::string Listing::end() { return format_ == Format::table && !rows_.empty() ? aligned() : ""; }

std::string Listing::aligned() {
    std::vector<int> widths;
    std::vector<std::string> names;
    for (const auto& column : columns_) {
        names.push_back(upper(column.name));
        widths.push_back(display_width(names.back()));
    }
    for (auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            row[i] = printable(row[i]);
            widths[i] = std::max(widths[i], display_width(row[i]));
        }
    }
    // Too wide: the widest column gives way first, as long as it may.
    constexpr int gap = 2;
    const auto total = [&] { return std::accumulate(widths.begin(), widths.end(), gap * (static_cast<int>(widths.size()) - 1)); };
    while (total() > terminal_.width) {
        std::size_t widest = widths.size();
        for (std::size_t i = 0; i < widths.size(); ++i) {
            if (widths[i] > columns_[i].width_min && (widest == widths.size() || widths[i] > widths[widest])) widest = i;
        }
        if (widest == widths.size()) break;
        --widths[widest];
    }

    const auto line = [&](const std::vector<std::string>& cells_of_row) {
        std::string out;
        for (std::size_t i = 0; i < cells_of_row.size(); ++i) {
            if (i > 0) out += std::string(gap, ' ');
            out += pad(fit(cells_of_row[i], widths[i], terminal_.utf8), widths[i], columns_[i].right);
        }
        while (out.ends_with(' ')) out.pop_back();
        return out;
    };
    std::string out = styled(line(names), Style::bold, terminal_.colour) + '\n';
    for (const auto& row : rows_) out += line(row) + '\n';
    return out;
}

std::string cell_text(const json::value& value) {
    if (value.is_null()) return "";
    if (value.is_string()) return std::string{std::string_view{value.get_string()}};
    return json::serialize(value);
}

json::value member(const json::object& object, std::string_view path) {
    if (const auto* whole = object.if_contains(path)) return *whole;
    const auto dot = path.find('.');
    if (dot == path.npos) return nullptr;
    const auto* inner = object.if_contains(path.substr(0, dot));
    // No braces: json::value{x} would be a list of x.
    if (!inner || !inner->is_object()) return nullptr;
    return member(inner->get_object(), path.substr(dot + 1));
}

}  // namespace millrace::cli
