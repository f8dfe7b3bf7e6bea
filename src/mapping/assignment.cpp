#include "mapping/assignment.hpp"

#include <algorithm>
#include <limits>

namespace millrace::mapping {
namespace {

/// Rows at most as many as columns; costs are the negated values.
template <class Value>
std::vector<int> solve(std::size_t rows, std::size_t columns, const Value& value) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    std::vector<double> row_potential(rows + 1, 0), column_potential(columns + 1, 0);
    std::vector<std::size_t> row_of(columns + 1, 0), way(columns + 1, 0);
    for (std::size_t row = 1; row <= rows; ++row) {
        row_of[0] = row;
        std::size_t column = 0;
        std::vector<double> least(columns + 1, infinite);
        std::vector<char> used(columns + 1, 0);
        do {
            used[column] = 1;
            const auto from = row_of[column];
            double delta = infinite;
            std::size_t next = 0;
            for (std::size_t j = 1; j <= columns; ++j) {
                if (used[j]) continue;
                const double cost = -value(from - 1, j - 1) - row_potential[from] - column_potential[j];
                if (cost < least[j]) {
                    least[j] = cost;
                    way[j] = column;
                }
                if (least[j] < delta) {
                    delta = least[j];
                    next = j;
                }
            }
            for (std::size_t j = 0; j <= columns; ++j) {
                if (used[j]) {
                    row_potential[row_of[j]] += delta;
                    column_potential[j] -= delta;
                } else {
                    least[j] -= delta;
                }
            }
            column = next;
        } while (row_of[column] != 0);
        while (column != 0) {
            row_of[column] = row_of[way[column]];
            column = way[column];
        }
    }
    std::vector<int> given(rows, -1);
    for (std::size_t j = 1; j <= columns; ++j) {
        if (row_of[j] != 0 && value(row_of[j] - 1, j - 1) > 0) given[row_of[j] - 1] = static_cast<int>(j - 1);
    }
    return given;
}

}  // namespace

std::vector<int> assign(const Matrix& values) {
    const auto rows = values.rows(), columns = values.columns();
    if (rows == 0 || columns == 0) return std::vector<int>(rows, -1);
    const auto positive = [&](std::size_t row, std::size_t column) { return std::max(0.0, static_cast<double>(values.at(row, column))); };
    if (rows <= columns) return solve(rows, columns, positive);
    const auto turned = solve(columns, rows, [&](std::size_t column, std::size_t row) { return positive(row, column); });
    std::vector<int> given(rows, -1);
    for (std::size_t column = 0; column < columns; ++column) {
        if (turned[column] >= 0) given[static_cast<std::size_t>(turned[column])] = static_cast<int>(column);
    }
    return given;
}

}  // namespace millrace::mapping
