#include "datasets/rows.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/describe.hpp"
#include "datasets/notation.hpp"
#include "formats/parquet/reader.hpp"

namespace millrace::datasets {

using formats::Column;
using formats::Type;

namespace {

constexpr std::size_t window_rows = 1024;

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
            const auto range = reader_.bounds(group, 0);
            if (range && (static_cast<std::uint64_t>(range->int_max) < first || static_cast<std::uint64_t>(range->int_min) >= end)) {
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

struct StringSink final : formats::Sink {
    explicit StringSink(std::string& t) : text{t} {}
    void write(std::string_view bytes) override { text += bytes; }
    std::string& text;
};

}  // namespace

struct RowReader::State {
    formats::parquet::Reader reader;
    std::optional<KeptTexts> kept;
    std::vector<ColumnInfo> columns;
    std::vector<Notation> notations;
    std::vector<formats::parquet::ColumnReader> cursors;
    std::vector<Column> window;
    std::vector<Column> as_texts;
    KeptTexts::Cells cells;
    std::string scratch;

    State(formats::Source& data, formats::Source* texts) : reader{data} {
        if (texts) kept.emplace(*texts);
    }

    /// Reads rows [at, at + count) into the window.
    void load(std::uint64_t at, std::size_t count) {
        for (std::size_t i = 0; i < cursors.size(); ++i) {
            window[i].clear();
            cursors[i].seek(at);
            if (cursors[i].read(count, window[i]) != count) throw Error{Code::malformed_file, {{"why", "rows are missing"}}};
        }
    }

    /// The window as texts: what stood in the file.
    void to_texts(std::uint64_t at, std::size_t count) {
        if (kept) kept->load(at, at + count, cells);
        as_texts.resize(window.size());
        for (std::size_t i = 0; i < window.size(); ++i) {
            if (window[i].type.is_text()) continue;
            as_texts[i].clear();
            for (std::size_t row = 0; row < count; ++row) {
                const auto own = cells.empty() ? cells.end() : cells.find({at + row, i});
                if (own != cells.end()) {
                    as_texts[i].push(std::string_view{own->second});
                } else if (window[i].is_null(row)) {
                    as_texts[i].push_null();
                } else {
                    scratch.clear();
                    render(window[i], row, notations[i], scratch);
                    as_texts[i].push(std::string_view{scratch});
                }
            }
        }
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
        s.cursors.push_back(s.reader.column(i));
        s.window.push_back({.type = type});
    }
}

RowReader::~RowReader() = default;
RowReader::RowReader(RowReader&&) noexcept = default;
RowReader& RowReader::operator=(RowReader&&) noexcept = default;

const std::vector<ColumnInfo>& RowReader::columns() const { return state_->columns; }
std::uint64_t RowReader::rows() const { return state_->reader.rows(); }

std::vector<formats::WriteColumn> RowReader::write_columns() const {
    std::vector<formats::WriteColumn> out;
    for (const auto& column : state_->columns) out.push_back(write_column(column));
    return out;
}

void RowReader::write(Range range, Values values, formats::TableWriter& writer, const std::function<void(std::uint64_t)>& on_rows) {
    auto& s = *state_;
    const auto first = std::min(range.first, s.reader.rows());
    const auto end = first + std::min(range.count, s.reader.rows() - first);
    std::vector<const Column*> columns(s.window.size());
    for (auto at = first; at < end; at += window_rows) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(window_rows, end - at));
        s.load(at, count);
        const bool as_text = values == Values::original;
        if (as_text) s.to_texts(at, count);
        for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = as_text && !s.window[i].type.is_text() ? &s.as_texts[i] : &s.window[i];
        writer.write({columns, 0, count});
        if (on_rows) on_rows(at + count - first);
    }
}

const formats::parquet::Reader& RowReader::file() const { return state_->reader; }

namespace {

/// A JSON array of what `write` gives to an NDJSON writer.
void append_array(const std::vector<formats::WriteColumn>& columns, std::string& out, const std::function<void(formats::TableWriter&)>& write) {
    StringSink sink{out};
    out += '[';
    const auto start = out.size();
    const auto writer = formats::find_output("ndjson")->open(sink, columns, {});
    write(*writer);
    writer->finish();
    // No line end stands inside an object: what there is separates them.
    if (out.size() > start) out.pop_back();
    std::replace(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), '\n', ',');
    out += ']';
}

}  // namespace

void RowReader::append_json(Range range, std::string& out) {
    append_array(write_columns(), out, [&](formats::TableWriter& writer) { write(range, Values::typed, writer); });
}

void append_json_rows(const std::vector<formats::WriteColumn>& columns, const formats::Rows& rows, std::string& out) {
    append_array(columns, out, [&](formats::TableWriter& writer) { writer.write(rows); });
}

formats::WriteColumn write_column(const ColumnInfo& column) {
    const auto type = column.data_type();
    const auto notation = from_pattern(type, column.notation).value_or(Notation{});
    const bool time = type.type == Type::time || type.type == Type::timestamp;
    return {.name = column.name, .label = column.original_name, .type = type,
            .trimmed = type.type == Type::decimal && notation.number == Notation::Number::trimmed,
            .second_digits = time ? notation.digits : std::uint8_t{0}};
}

}  // namespace millrace::datasets
