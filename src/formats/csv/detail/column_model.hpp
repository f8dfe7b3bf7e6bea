#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/csv/detail/kind.hpp"

namespace millrace::formats::csv {

/// What the cells of one column usually look like, learned from some hundred rows. Decides whether a row is a heading,
/// belongs to another table, and where a lost or surplus delimiter goes.
class ColumnModel {
public:
    void learn(std::string_view cell);

    std::size_t cells() const { return cells_; }
    std::size_t filled() const { return cells_ - kinds_[0]; }
    /// Share of empty cells, 0 to 1.
    double empty_share() const;
    /// Nearly all filled cells are numbers, dates and the like, so a heading would stand out.
    bool is_typed() const;
    /// Nearly all filled cells have one exact shape ("AA-9999").
    bool is_shaped() const;
    /// Few values that come again and again.
    bool is_category() const { return filled() >= 20 && values_.size() * 4 <= filled(); }
    /// Would this filled cell be at home in a typed or shaped column?
    bool accepts(std::string_view cell) const;
    bool has_value(std::string_view cell) const;
    /// Share of filled cells with the exact shape of this one, 0 to 1.
    double shape_share(std::string_view cell) const;
    std::size_t length_min() const { return length_min_; }
    std::size_t length_max() const { return length_max_; }
    /// Logarithm of how likely the cell is here; 0 is as likely as can be, about -4.6 is out of place.
    double fit(std::string_view cell) const;

private:
    std::uint32_t family(Kind kind) const;

    std::size_t cells_ = 0;
    std::size_t placeholders_ = 0;  ///< filled cells that say that there is no value
    std::array<std::uint32_t, kind_count> kinds_{};
    std::unordered_map<std::string, std::uint32_t> shapes_;
    std::unordered_map<std::string, std::uint32_t> forms_;
    std::unordered_map<std::string, std::uint32_t> values_;
    std::size_t length_min_ = SIZE_MAX;
    std::size_t length_max_ = 0;
};

using ColumnModels = std::vector<ColumnModel>;

}  // namespace millrace::formats::csv
