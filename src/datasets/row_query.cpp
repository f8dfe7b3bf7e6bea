#include "datasets/row_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "base/suggest.hpp"
#include "datasets/detail/row_filter.hpp"
#include "datasets/rows.hpp"

namespace millrace::datasets {
namespace {

using formats::Column;
using formats::Type;
using formats::parquet::Reader;
using query::CursorValue;

constexpr std::size_t key_bytes_max = 256;

[[noreturn]] void refuse_cursor() { throw Error{Code::invalid_parameter, {{"name", "cursor"}, {"why", "it is not one that this list gave out"}}}; }

void push(Column& to, const Column& from, std::size_t row) {
    if (from.is_null(row)) to.push_null();
    else if (from.type.is_text()) to.push(from.text(row));
    else if (from.type.is_float()) to.push(from.floats[row]);
    else to.push(from.ints[row]);
}

/// Rows picked out of a table, which become one JSON array.
class Picked {
public:
    Picked(const Reader& file, const std::vector<ColumnInfo>& columns, std::vector<std::size_t> wanted) : wanted_{std::move(wanted)} {
        if (wanted_.empty()) {
            for (std::size_t i = 0; i < columns.size(); ++i) wanted_.push_back(i);
        }
        for (const auto index : wanted_) {
            values_.push_back({.type = file.fields()[index].type});
            write_.push_back(write_column(columns[index]));
        }
    }

    void add(Scan& scan, std::size_t row) {
        for (std::size_t i = 0; i < wanted_.size(); ++i) push(values_[i], scan.column(wanted_[i]), row);
        ++rows_;
    }
    std::size_t rows() const { return rows_; }

    /// Row `order[i]` of those added comes at place i.
    void reorder(const std::vector<std::size_t>& order) {
        for (auto& column : values_) {
            Column sorted{.type = column.type};
            for (const auto row : order) push(sorted, column, row);
            column = std::move(sorted);
        }
    }

    std::string json() const {
        std::vector<const Column*> columns;
        for (const auto& column : values_) columns.push_back(&column);
        std::string out;
        append_json_rows(write_, {columns, 0, rows_}, out);
        return out;
    }

private:
    std::vector<std::size_t> wanted_;
    std::vector<Column> values_;
    std::vector<formats::WriteColumn> write_;
    std::size_t rows_ = 0;
};

RowPage page_in_order(const Reader& file, const std::vector<ColumnInfo>& columns, const RowQuery& query) {
    std::uint64_t begin = 0;
    if (query.cursor) {
        const auto values = query::decode_cursor(query.list, *query.cursor);
        const auto* at = values.size() == 1 ? std::get_if<std::int64_t>(values.data()) : nullptr;
        if (!at || *at < 0) refuse_cursor();
        begin = static_cast<std::uint64_t>(*at);
    }
    const RowFilter filter{query.filter, columns, file};
    Scan scan{file, begin, [&](std::size_t group) { return filter.may_match(group); }};
    Picked picked{file, columns, query.columns};
    std::vector<std::uint8_t> chosen;
    std::uint64_t looked_at = 0, next = file.rows();
    while (scan.next()) {
        if (picked.rows() == query.limit || looked_at >= rows_filtered_max) {
            next = scan.first();
            break;
        }
        looked_at += scan.rows();
        if (!filter.choose(scan, chosen)) continue;
        std::size_t row = 0;
        for (; row < scan.rows() && picked.rows() < query.limit; ++row) {
            if (chosen[row] != 0) picked.add(scan, row);
        }
        if (row < scan.rows()) {
            next = scan.first() + row;
            break;
        }
    }
    RowPage page{picked.json(), {}};
    if (next < file.rows()) {
        const CursorValue at = static_cast<std::int64_t>(next);
        page.next_cursor = query::encode_cursor(query.list, {&at, 1});
    }
    return page;
}

/// A row by what it is sorted by; the number of the row comes last, so no two are equal.
struct Ranked {
    std::vector<CursorValue> keys;
    std::uint64_t row = 0;
};

class Ranking {
public:
    Ranking(const std::vector<ColumnInfo>& columns, const query::Sort& sort) {
        for (const auto& key : sort.keys) {
            keys_.push_back({static_cast<std::size_t>(std::ranges::find(columns, key.field, &ColumnInfo::name) - columns.begin()), key.descending});
        }
    }

    Ranked of(Scan& scan, std::size_t row) const {
        Ranked out{.keys = {}, .row = scan.first() + row};
        for (const auto& key : keys_) {
            const auto& column = scan.column(key.column);
            if (column.is_null(row)) out.keys.emplace_back(std::monostate{});
            else if (column.type.is_text()) out.keys.emplace_back(std::string{column.text(row).substr(0, key_bytes_max)});
            else if (column.type.is_float()) out.keys.emplace_back(column.floats[row]);
            else out.keys.emplace_back(column.ints[row]);
        }
        return out;
    }

    bool before(const Ranked& a, const Ranked& b) const {
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            const auto &x = a.keys[i], &y = b.keys[i];
            if (x == y) continue;
            if (x.index() == 0 || y.index() == 0) return y.index() == 0;
            return keys_[i].descending ? y < x : x < y;
        }
        return a.row < b.row;
    }

    /// The cursor after a row, and what it was made of.
    std::string cursor(const std::string& list, const Ranked& last) const {
        auto values = last.keys;
        values.emplace_back(static_cast<std::int64_t>(last.row));
        return query::encode_cursor(list, values);
    }
    Ranked from(const std::string& list, const std::string& cursor, const Reader& file) const {
        Ranked out{.keys = query::decode_cursor(list, cursor), .row = 0};
        if (out.keys.size() != keys_.size() + 1 || !std::holds_alternative<std::int64_t>(out.keys.back())) refuse_cursor();
        out.row = static_cast<std::uint64_t>(std::get<std::int64_t>(out.keys.back()));
        out.keys.pop_back();
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            const auto& type = file.fields()[keys_[i].column].type;
            const auto index = type.is_text() ? 1u : type.is_float() ? 3u : 2u;
            if (out.keys[i].index() != 0 && out.keys[i].index() != index) refuse_cursor();
        }
        return out;
    }

private:
    struct Key {
        std::size_t column = 0;
        bool descending = false;
    };
    std::vector<Key> keys_;
};

RowPage page_sorted(const Reader& file, const std::vector<ColumnInfo>& columns, const RowQuery& query) {
    const Ranking ranking{columns, query.sort};
    std::optional<Ranked> after;
    if (query.cursor) after = ranking.from(query.list, *query.cursor, file);
    const RowFilter filter{query.filter, columns, file};
    const auto before = [&](const Ranked& a, const Ranked& b) { return ranking.before(a, b); };
    std::priority_queue<Ranked, std::vector<Ranked>, decltype(before)> best{before};  // the last of them on top
    Scan scan{file, 0, [&](std::size_t group) { return filter.may_match(group); }};
    std::vector<std::uint8_t> chosen;
    std::uint64_t looked_at = 0;
    bool more = false;
    while (scan.next()) {
        looked_at += scan.rows();
        if (looked_at > rows_sorted_max) throw Error{Code::too_many_rows, {{"limit", std::to_string(rows_sorted_max)}, {"why", "sorting looks at all of them; filter them first"}}};
        if (!filter.choose(scan, chosen)) continue;
        for (std::size_t row = 0; row < scan.rows(); ++row) {
            if (chosen[row] == 0) continue;
            auto ranked = ranking.of(scan, row);
            if (after && !before(*after, ranked)) continue;
            if (best.size() == query.limit) {
                more = true;
                if (!before(ranked, best.top())) continue;
                best.pop();
            }
            best.push(std::move(ranked));
        }
    }
    std::vector<Ranked> rows(best.size());
    for (auto place = rows.size(); place-- > 0; best.pop()) rows[place] = best.top();
    // Fetched in the order of the file, so that each page of it is decoded once.
    std::vector<std::size_t> by_row(rows.size()), order(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) by_row[i] = i;
    std::ranges::sort(by_row, {}, [&](std::size_t i) { return rows[i].row; });
    Picked picked{file, columns, query.columns};
    Scan fetch{file};
    for (std::size_t i = 0; i < by_row.size(); ++i) {
        fetch.at(rows[by_row[i]].row);
        picked.add(fetch, 0);
        order[by_row[i]] = i;
    }
    picked.reorder(order);
    RowPage page{picked.json(), {}};
    if (more) page.next_cursor = ranking.cursor(query.list, rows.back());
    return page;
}

}  // namespace

std::vector<query::Field> row_fields(const std::vector<ColumnInfo>& columns, const Reader& file) {
    static constexpr std::string_view words[] = {"true", "false"};
    std::vector<query::Field> fields;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        query::Field field{.name = columns[i].name, .sortable = true};
        switch (file.fields()[i].type.type) {
            case Type::int64: field.type = is_wide(file, i) ? query::Type::text : query::Type::number; break;
            case Type::decimal:
            case Type::float64: field.type = query::Type::number; break;
            case Type::date:
            case Type::timestamp: field.type = query::Type::time; break;
            case Type::boolean:
                field.type = query::Type::word;
                field.words = words;
                break;
            default: break;
        }
        fields.push_back(field);
    }
    return fields;
}

RowPage query_rows(const Reader& file, const std::vector<ColumnInfo>& columns, const RowQuery& query) {
    return query.sort.empty() ? page_in_order(file, columns, query) : page_sorted(file, columns, query);
}

std::vector<std::size_t> parse_columns(std::string_view text, const std::vector<ColumnInfo>& columns) {
    std::vector<std::size_t> out;
    for (const auto& name : query::parse_names(text)) {
        const auto found = std::ranges::find(columns, name, &ColumnInfo::name);
        const auto refuse = [&](std::string why) { throw Error{Code::invalid_parameter, {{"name", "columns"}, {"why", std::move(why)}}}; };
        if (found == columns.end()) {
            std::vector<std::string> known;
            for (const auto& column : columns) known.push_back(column.name);
            refuse(fmt::format("there is no column \"{}\"{}", name.substr(0, 100), did_you_mean(name, known)));
        }
        const auto index = static_cast<std::size_t>(found - columns.begin());
        if (std::ranges::find(out, index) != out.end()) refuse(fmt::format("\"{}\" stands twice", name.substr(0, 100)));
        out.push_back(index);
    }
    return out;
}

}  // namespace millrace::datasets
