#pragma once

#include <variant>
#include <vector>

#include "datasets/column.hpp"
#include "datasets/scan.hpp"
#include "query/query.hpp"

namespace millrace::datasets {

/// A filter made ready for one table: which row groups and rows it lets through.
class RowFilter {
public:
    RowFilter(const query::Filter& filter, const std::vector<ColumnInfo>& columns, const formats::parquet::Reader& file);

    bool empty() const { return terms_.empty() && texts_.empty(); }
    bool may_match(std::size_t group) const;
    /// Sets `chosen` to 1 for each row of the window that passes, else to 0; false when none does.
    bool choose(Scan& scan, std::vector<std::uint8_t>& chosen) const;

private:
    struct Term {
        std::size_t column = 0;
        query::Operator op = query::Operator::equal;
        bool negated = false;
        std::vector<double> numbers;    ///< numbers, and times in microseconds
        double span = 0;                ///< of a day
        std::vector<std::string> texts;
        std::vector<std::int64_t> wholes;  ///< of whole numbers that are asked for as texts
    };
    bool holds(const Term& term, const formats::Column& column, std::size_t row) const;
    bool within(const Term& term, const formats::parquet::Bounds& bounds) const;

    const formats::parquet::Reader& file_;
    std::vector<Term> terms_;
    std::vector<query::FreeText> texts_;
    std::vector<std::size_t> text_columns_;
};

/// A value that is not text as a double that orders as the values do: the number, or microseconds since 1970 or midnight.
double comparable(const formats::DataType& type, std::int64_t value);

/// Does a filter see the column as text although it holds whole numbers? They are beyond what a double holds.
bool is_wide(const formats::parquet::Reader& file, std::size_t column);

}  // namespace millrace::datasets
