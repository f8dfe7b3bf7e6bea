#include "datasets/detail/row_filter.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace millrace::datasets {
namespace {

using formats::Column;
using formats::Type;
using query::Operator;

constexpr double day_micros = 86'400e6;
constexpr std::int64_t double_exact = 1ll << 53;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool contains(std::string_view text, std::string_view part) {
    return part.empty() || !std::ranges::search(text, part, {}, lower, lower).empty();
}

double number_of(const Column& column, std::size_t row) {
    return column.type.is_float() ? column.floats[row] : comparable(column.type, column.ints[row]);
}

double number_of(const query::Value& value) {
    if (const auto* at = std::get_if<Instant>(&value)) return static_cast<double>(at->time_since_epoch().count());
    if (const auto* text = std::get_if<std::string>(&value)) return *text == "true" ? 1 : 0;  // the words of a boolean
    return std::get<double>(value);
}

bool compare(Operator op, double value, double bound) {
    switch (op) {
        case Operator::less: return value < bound;
        case Operator::less_equal: return value <= bound;
        case Operator::greater: return value > bound;
        case Operator::greater_equal: return value >= bound;
        default: return value == bound;
    }
}

}  // namespace

double comparable(const formats::DataType& type, std::int64_t value) {
    const auto number = static_cast<double>(value);
    if (type.type == Type::decimal) return number / std::pow(10.0, type.scale);
    return type.type == Type::date ? number * day_micros : number;
}

bool is_wide(const formats::parquet::Reader& file, std::size_t column) {
    if (file.fields()[column].type.type != Type::int64) return false;
    for (std::size_t group = 0; group < file.groups(); ++group) {
        const auto bounds = file.bounds(group, column);
        if (bounds && (bounds->int_min < -double_exact || bounds->int_max > double_exact)) return true;
    }
    return false;
}

RowFilter::RowFilter(const query::Filter& filter, const std::vector<ColumnInfo>& columns, const formats::parquet::Reader& file) : file_{file} {
    for (const auto& given : filter.terms) {
        auto& term = terms_.emplace_back();
        term.column = static_cast<std::size_t>(std::ranges::find(columns, given.field, &ColumnInfo::name) - columns.begin());
        term.op = given.op;
        term.negated = given.negated;
        term.span = static_cast<double>(given.span.count());
        const auto& type = file.fields()[term.column].type;
        for (const auto& value : given.values) {
            const auto* text = std::get_if<std::string>(&value);
            const auto* id = std::get_if<Uuid>(&value);
            if (!text && !id) {
                term.numbers.push_back(number_of(value));
            } else if (type.type == Type::boolean) {
                term.numbers.push_back(number_of(value));
            } else {
                term.texts.push_back(text ? *text : id->str());
            }
        }
        if (type.type != Type::int64) continue;
        for (const auto& text : term.texts) {
            std::int64_t whole = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
            if (error == std::errc{} && end == text.data() + text.size()) term.wholes.push_back(whole);
        }
    }
    texts_ = filter.texts;
    if (texts_.empty()) return;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (file.fields()[i].type.is_text()) text_columns_.push_back(i);
    }
}

/// Can a value within the bounds satisfy the term?
bool RowFilter::within(const Term& term, const formats::parquet::Bounds& bounds) const {
    const auto& type = file_.fields()[term.column].type;
    if (type.is_text()) {
        if (term.op != Operator::equal) return true;
        return std::ranges::any_of(term.texts, [&](const std::string& text) { return text >= bounds.text_min && text <= bounds.text_max; });
    }
    if (!term.texts.empty()) {
        if (term.op != Operator::equal) return true;
        return std::ranges::any_of(term.wholes, [&](std::int64_t whole) { return whole >= bounds.int_min && whole <= bounds.int_max; });
    }
    const double least = type.is_float() ? bounds.float_min : comparable(type, bounds.int_min);
    const double greatest = type.is_float() ? bounds.float_max : comparable(type, bounds.int_max);
    switch (term.op) {
        case Operator::less:
        case Operator::less_equal: return compare(term.op, least, term.numbers[0]);
        case Operator::greater:
        case Operator::greater_equal: return compare(term.op, greatest, term.numbers[0]);
        default: return std::ranges::any_of(term.numbers, [&](double number) { return number + term.span >= least && number <= greatest; });
    }
}

bool RowFilter::may_match(std::size_t group) const {
    return std::ranges::all_of(terms_, [&](const Term& term) {
        if (term.negated) return true;
        if (file_.all_null(group, term.column)) return false;
        const auto bounds = file_.bounds(group, term.column);
        return !bounds || within(term, *bounds);
    });
}

bool RowFilter::holds(const Term& term, const Column& column, std::size_t row) const {
    if (column.is_null(row)) return false;
    if (column.type.is_text()) {
        const auto text = column.text(row);
        if (term.op == Operator::contains) return contains(text, term.texts[0]);
        return std::ranges::any_of(term.texts, [&](const std::string& wanted) { return text == wanted; });
    }
    if (!term.texts.empty() && column.type.type == Type::int64) {
        if (term.op == Operator::contains) return std::to_string(column.ints[row]).contains(term.texts[0]);
        return std::ranges::find(term.wholes, column.ints[row]) != term.wholes.end();
    }
    if (!term.texts.empty()) return false;
    const double value = number_of(column, row);
    if (term.op != Operator::equal) return compare(term.op, value, term.numbers[0]);
    return std::ranges::any_of(term.numbers, [&](double wanted) {
        return term.span > 0 ? value >= wanted && value < wanted + term.span : value == wanted;
    });
}

bool RowFilter::choose(Scan& scan, std::vector<std::uint8_t>& chosen) const {
    chosen.assign(scan.rows(), 1);
    const auto any = [&] { return std::ranges::find(chosen, 1) != chosen.end(); };
    for (const auto& term : terms_) {
        const auto& column = scan.column(term.column);
        for (std::size_t row = 0; row < chosen.size(); ++row) {
            if (chosen[row] != 0 && holds(term, column, row) == term.negated) chosen[row] = 0;
        }
        if (!any()) return false;
    }
    for (const auto& wanted : texts_) {
        std::vector<std::uint8_t> found(scan.rows(), 0);
        for (const auto index : text_columns_) {
            const auto& column = scan.column(index);
            for (std::size_t row = 0; row < found.size(); ++row) {
                if (chosen[row] != 0 && found[row] == 0 && contains(column.text(row), wanted.text)) found[row] = 1;
            }
        }
        for (std::size_t row = 0; row < found.size(); ++row) {
            if ((found[row] != 0) == wanted.negated) chosen[row] = 0;
        }
    }
    return any();
}

}  // namespace millrace::datasets
