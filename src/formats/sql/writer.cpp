#include "formats/sql/writer.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "formats/detail/cells.hpp"

namespace millrace::formats::sql {
namespace {

constexpr std::size_t columns_max = 1600;   ///< of PostgreSQL
constexpr std::size_t name_bytes_max = 63;  ///< of PostgreSQL, which cuts longer ones without asking whether they stay unique
constexpr std::uint64_t rows_per_insert = 500;

std::string type_name(const DataType& type) {
    switch (type.type) {
        case Type::int64: return "bigint";
        case Type::decimal: return "numeric(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
        case Type::float64: return "double precision";
        case Type::boolean: return "boolean";
        case Type::date: return "date";
        case Type::time: return "time";
        case Type::timestamp: return type.utc ? "timestamp with time zone" : "timestamp";
        default: return "text";  // also uuid and json, whose types would rewrite the text
    }
}

std::string cut_name(std::string_view name, std::size_t bytes) {
    while (bytes > 0 && bytes < name.size() && (static_cast<unsigned char>(name[bytes]) & 0xc0) == 0x80) --bytes;
    return std::string{name.substr(0, bytes)};
}

std::string lower(std::string text) {
    for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return text;
}

class SqlWriter final : public TableWriter {
public:
    SqlWriter(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions& options)
        : columns_{std::move(columns)}, out_{sink}, texts_{report_}, copy_{options.style == SqlStyle::copy} {
        if (columns_.size() > columns_max) {
            throw Error{Code::too_many_columns, {{"limit", std::to_string(columns_max)}}};
        }
        std::set<std::string> tables, names;
        const auto table = quoted_name(usable_name(options.table.value_or("data"), name_bytes_max, tables));
        std::string list, definition;
        for (const auto& column : columns_) {
            const auto name = quoted_name(usable_name(column.name, name_bytes_max, names));
            list += (list.empty() ? "" : ", ") + name;
            definition += (definition.empty() ? "\n    " : ",\n    ") + name + " " + type_name(column.type);
        }
        begin_ = (copy_ ? "COPY " : "INSERT INTO ") + table + " (" + list + ")" + (copy_ ? " FROM stdin;\n" : " VALUES\n");
        // What a text means must not depend on settings of whoever runs this.
        out_.put("BEGIN;\nCREATE TABLE " + table + " (" + definition + "\n);\n");
        if (copy_) out_.put(begin_);
    }

    void write(const Rows& rows) override {
        texts_.look_at(rows);
        for (auto row = rows.begin; row < rows.end; ++row) {
            if (!copy_) out_.put(report_.rows % rows_per_insert != 0 ? ",\n" : report_.rows == 0 ? begin_ : ";\n" + begin_);
            if (!copy_) out_.put('(');
            for (std::size_t i = 0; i < columns_.size(); ++i) {
                if (i > 0) out_.put(copy_ ? '\t' : ',');
                put_cell(*rows.columns[i], i, row);
            }
            out_.put(copy_ ? '\n' : ')');
            ++report_.rows;
            out_.settle();
        }
    }

    void finish() override {
        if (copy_) out_.put("\\.\n");
        else if (report_.rows > 0) out_.put(";\n");
        out_.put("COMMIT;\n");
        out_.flush();
    }
    const WriteReport& report() const override { return report_; }
    std::size_t pending() const override { return out_.pending(); }

private:
    void put_cell(const Column& column, std::size_t index, std::size_t row) {
        if (column.is_null(row)) return out_.put(copy_ ? "\\N" : "NULL");
        if (column.type.is_text()) {
            const auto text = texts_.text(column, index, row);
            return copy_ ? put_copy(text) : put_literal(text);
        }
        char value[value_bytes_max];
        std::string_view text{value, static_cast<std::size_t>(put_value(value, column, row, columns_[index]) - value)};
        const auto type = column.type.type;
        const bool special = type == Type::float64 && !std::isfinite(column.floats[row]);
        if (special) text = std::isnan(column.floats[row]) ? "NaN" : column.floats[row] > 0 ? "Infinity" : "-Infinity";
        const bool bare = copy_ || (!special && (type == Type::int64 || type == Type::decimal || type == Type::float64 || type == Type::boolean));
        if (!bare) out_.put('\'');
        out_.put(text);
        if (!bare) out_.put('\'');
    }

    /// The text in pieces without the characters that need something else; `put` writes those.
    template <class Put>
    void put_pieces(std::string_view text, std::string_view special, Put put) {
        while (true) {
            const auto at = std::min(text.find_first_of(special), text.size());
            out_.put(text.substr(0, at));
            if (at == text.size()) return;
            if (text[at] == '\0') {
                ++nul_cells_;
                out_.put("\xef\xbf\xbd");
            } else {
                put(text[at]);
            }
            text.remove_prefix(at + 1);
        }
    }
    void count_nul() {
        if (std::exchange(nul_cells_, 0) > 0) ++report_.altered["nul_replaced"];
    }
    void put_literal(std::string_view text) {
        out_.put('\'');
        put_pieces(text, {"'\0", 2}, [&](char) { out_.put("''"); });
        out_.put('\'');
        count_nul();
    }
    void put_copy(std::string_view text) {
        put_pieces(text, {"\\\t\n\r\0", 5}, [&](char c) {
            out_.put('\\');
            out_.put(c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : '\\');
        });
        count_nul();
    }

    const std::vector<WriteColumn> columns_;
    OutBuffer out_;
    WriteReport report_;
    Utf8Texts texts_;
    const bool copy_;
    std::string begin_;
    std::uint64_t nul_cells_ = 0;
};

constexpr std::string_view options[] = {"table", "style"};

std::unique_ptr<TableWriter> open(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions& how) {
    return std::make_unique<SqlWriter>(sink, std::move(columns), how);
}

}  // namespace

std::string quoted_name(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

std::string usable_name(std::string_view text, std::size_t bytes_max, std::set<std::string>& taken) {
    auto clean = with_valid_utf8(text);
    std::erase(clean, '\0');
    if (clean.empty()) clean = "column";
    auto name = cut_name(clean, bytes_max);
    for (int n = 2; !taken.insert(lower(name)).second; ++n) {
        const auto end = "_" + std::to_string(n);
        name = cut_name(clean, bytes_max - end.size()) + end;
    }
    return name;
}

const OutputFormat& output() {
    static constexpr OutputFormat format{.name = "sql", .extension = ".sql", .media_type = "application/sql", .options = options, .open = open};
    return format;
}

}  // namespace millrace::formats::sql
