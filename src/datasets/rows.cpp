#include "datasets/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/describe.hpp"
#include "base/json.hpp"
#include "datasets/notation.hpp"
#include "formats/parquet/reader.hpp"

namespace millrace::datasets {

using formats::Column;
using formats::Type;

namespace {

constexpr std::size_t window_rows = 1024;
constexpr std::size_t block_bytes = 256u << 10;

/// The kept texts, of which it holds those around the rows last asked for.
class KeptTexts {
public:
    explicit KeptTexts(formats::Source& source) : reader_{source} {
        if (reader_.fields().size() != 3) throw Error{Code::malformed_file, {{"why", "it does not hold kept texts"}}};
    }

    using Cells = std::map<std::pair<std::uint64_t, std::size_t>, std::string>;  // by row and column

    /// All texts of the rows [first, end).
    void load(std::uint64_t first, std::uint64_t end, Cells& out) {
        out.clear();
        std::uint64_t begin = 0;
        for (std::size_t group = 0; group < reader_.groups(); begin += reader_.group_rows(group++)) {
            const auto range = reader_.range(group, 0);
            if (range && (static_cast<std::uint64_t>(range->second) < first || static_cast<std::uint64_t>(range->first) >= end)) {
                continue;
            }
            take(group, begin);
            for (std::size_t i = 0; i < rows_.rows; ++i) {
                const auto row = static_cast<std::uint64_t>(rows_.ints[i]);
                if (row < first || row >= end) continue;
                out.emplace(std::pair{row, static_cast<std::size_t>(columns_.ints[i])}, texts_.text(i));
            }
        }
    }

private:
    void take(std::size_t group, std::uint64_t begin) {
        if (std::exchange(held_, group) == group) return;
        Column* const into[] = {&rows_, &columns_, &texts_};
        for (std::size_t i = 0; i < 3; ++i) {
            auto column = reader_.column(i);
            column.seek(begin);
            into[i]->clear();
            column.read(reader_.group_rows(group), *into[i]);
        }
        if (rows_.ints.size() != texts_.ends.size() || columns_.ints.size() != rows_.ints.size()) {
            throw Error{Code::malformed_file, {{"why", "it does not hold kept texts"}}};
        }
    }

    formats::parquet::Reader reader_;
    std::size_t held_ = ~std::size_t{0};
    Column rows_, columns_, texts_;
};

/// Columns of a file that says nothing of notations itself: ours says it in a property, others get the usual ones.
std::vector<ColumnInfo> columns_of(const formats::parquet::Reader& reader) {
    if (const auto own = reader.property("millrace.columns")) {
        std::vector<ColumnInfo> columns;
        std::vector<Issue> issues;
        read_json(json::parse(*own), columns, issues, "", true);
        if (issues.empty() && columns.size() == reader.fields().size()) return columns;
    }
    std::vector<ColumnInfo> columns;
    std::vector<std::string> names;
    for (const auto& field : reader.fields()) names.push_back(field.name);
    const auto unique = unique_names(names);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto& type = reader.fields()[i].type;
        Notation notation;
        if (type.is_float()) notation.number = Notation::Number::shortest;
        if (type.type == Type::time || type.type == Type::timestamp) notation.digits = 6;
        columns.push_back({unique[i], names[i], type.type, type.precision, type.scale, type.utc, to_pattern(type, notation)});
    }
    return columns;
}

int significant_digits(std::int64_t value) {
    auto magnitude = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    while (magnitude != 0 && magnitude % 10 == 0) magnitude /= 10;
    int digits = 0;
    for (; magnitude != 0; magnitude /= 10) ++digits;
    return digits;
}

/// Of times in JSON: as many digits of a second as the notation of the column has.
Notation json_notation(const formats::DataType& type, const Notation& own) {
    Notation out;
    if (type.type == Type::decimal) out.number = own.number;
    if (type.is_float()) out.number = Notation::Number::shortest;
    if (type.type == Type::time || type.type == Type::timestamp) out.digits = own.digits;
    return out;
}

void append_value(const Column& column, std::size_t row, const Notation& notation, std::string& out) {
    if (column.is_null(row)) {
        out += "null";
        return;
    }
    const auto& type = column.type;
    if (type.is_text()) return json::append_string(out, column.text(row));
    if (type.is_float()) return append_json(out, column.floats[row]);
    const auto value = column.ints[row];
    if (type.type == Type::int64) return append_json(out, value);
    if (type.type == Type::boolean) {
        out += value != 0 ? "true" : "false";
        return;
    }
    const bool quoted = type.type != Type::decimal || significant_digits(value) > 15;
    if (quoted) out += '"';
    // A kept text may have more digits of a second than the notation: none is lost here.
    Notation full = notation;
    const bool time = type.type == Type::time || type.type == Type::timestamp;
    while (time && full.digits < 6) {
        constexpr std::int64_t steps[] = {1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
        if (value % steps[full.digits] == 0) break;
        ++full.digits;
    }
    render(value, type, full, out);
    if (quoted) out += '"';
}

void append_csv_cell(std::string_view text, bool null, char delimiter, std::string& out) {
    // An empty text is not a null: its quotes keep the difference.
    const bool needs_quotes = (text.empty() && !null) || text.find_first_of("\"\r\n") != std::string_view::npos ||
                              text.find(delimiter) != std::string_view::npos;
    if (!needs_quotes) {
        out += text;
        return;
    }
    out += '"';
    for (std::size_t at = 0;;) {
        const auto quote = text.find('"', at);
        if (quote == std::string_view::npos) {
            out += text.substr(at);
            break;
        }
        out += text.substr(at, quote + 1 - at);
        out += '"';
        at = quote + 1;
    }
    out += '"';
}

}  // namespace

struct RowReader::State {
    formats::parquet::Reader reader;
    std::optional<KeptTexts> kept;
    std::vector<ColumnInfo> columns;
    std::vector<Notation> notations;
    std::vector<Notation> json_notations;
    std::vector<std::string> keys;  // `"name":`
    std::vector<formats::parquet::ColumnReader> cursors;
    std::vector<Column> window;
    KeptTexts::Cells cells;

    State(formats::Source& data, formats::Source* texts) : reader{data} {
        if (texts) kept.emplace(*texts);
    }

    /// Calls `on_row(row within the window, number of the row)` for each row of the range, window by window.
    template <class OnRow>
    void each(Range range, bool with_texts, OnRow on_row) {
        const auto first = std::min(range.first, reader.rows());
        const auto end = first + std::min(range.count, reader.rows() - first);
        for (auto at = first; at < end; at += window_rows) {
            const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(window_rows, end - at));
            for (std::size_t i = 0; i < cursors.size(); ++i) {
                window[i].clear();
                cursors[i].seek(at);
                if (cursors[i].read(count, window[i]) != count) throw Error{Code::malformed_file, {{"why", "rows are missing"}}};
            }
            if (with_texts && kept) kept->load(at, at + count, cells);
            for (std::size_t row = 0; row < count; ++row) on_row(row, at + row);
        }
    }

    void append_object(std::size_t row, std::string& out) const {
        for (std::size_t i = 0; i < window.size(); ++i) {
            out += i == 0 ? '{' : ',';
            out += keys[i];
            append_value(window[i], row, json_notations[i], out);
        }
        out += '}';
    }

    void append_csv_row(std::size_t row, std::uint64_t number, char delimiter, std::string& out) const {
        std::string text;
        const auto start = out.size();
        for (std::size_t i = 0; i < window.size(); ++i) {
            if (i > 0) out += delimiter;
            const auto own = cells.empty() ? cells.end() : cells.find({number, i});
            if (own != cells.end()) {
                append_csv_cell(own->second, false, delimiter, out);
            } else if (!window[i].is_null(row)) {
                if (window[i].type.is_text()) {
                    append_csv_cell(window[i].text(row), false, delimiter, out);
                    continue;
                }
                text.clear();
                render(window[i], row, notations[i], text);
                append_csv_cell(text, false, delimiter, out);
            }
        }
        // A row of one null would be an empty line, which readers pass over.
        if (out.size() == start && window.size() == 1) out += "\"\"";
        out += "\r\n";
    }
};

RowReader::RowReader(formats::Source& data, formats::Source* texts, std::vector<ColumnInfo> columns)
    : state_{std::make_unique<State>(data, texts)} {
    auto& s = *state_;
    s.columns = columns.empty() ? columns_of(s.reader) : std::move(columns);
    if (s.columns.size() != s.reader.fields().size()) {
        throw Error{Code::malformed_file, {{"why", "it has other columns than its dataset"}}};
    }
    for (std::size_t i = 0; i < s.columns.size(); ++i) {
        const auto& type = s.reader.fields()[i].type;
        const auto notation = from_pattern(type, s.columns[i].notation).value_or(Notation{});
        s.notations.push_back(notation);
        s.json_notations.push_back(json_notation(type, notation));
        json::append_string(s.keys.emplace_back(), s.columns[i].name);
        s.keys.back() += ':';
        s.cursors.push_back(s.reader.column(i));
        s.window.push_back({.type = type});
    }
}

RowReader::~RowReader() = default;
RowReader::RowReader(RowReader&&) noexcept = default;
RowReader& RowReader::operator=(RowReader&&) noexcept = default;

const std::vector<ColumnInfo>& RowReader::columns() const { return state_->columns; }
std::uint64_t RowReader::rows() const { return state_->reader.rows(); }

void RowReader::append_json(Range range, std::string& out) {
    out += '[';
    bool first = true;
    state_->each(range, false, [&](std::size_t row, std::uint64_t) {
        if (!std::exchange(first, false)) out += ',';
        state_->append_object(row, out);
    });
    out += ']';
}

void RowReader::write_ndjson(Range range, formats::Sink& sink) {
    std::string block;
    state_->each(range, false, [&](std::size_t row, std::uint64_t) {
        state_->append_object(row, block);
        block += '\n';
        if (block.size() < block_bytes) return;
        sink.write(block);
        block.clear();
    });
    if (!block.empty()) sink.write(block);
}

void RowReader::write_csv(Range range, const Csv& how, formats::Sink& sink) {
    std::string block;
    if (how.header) {
        for (std::size_t i = 0; i < state_->columns.size(); ++i) {
            if (i > 0) block += how.delimiter;
            append_csv_cell(state_->columns[i].original_name, true, how.delimiter, block);
        }
        block += "\r\n";
    }
    state_->each(range, true, [&](std::size_t row, std::uint64_t number) {
        state_->append_csv_row(row, number, how.delimiter, block);
        if (block.size() < block_bytes) return;
        sink.write(block);
        block.clear();
    });
    if (!block.empty()) sink.write(block);
}

}  // namespace millrace::datasets
