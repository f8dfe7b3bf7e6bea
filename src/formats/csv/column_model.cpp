#include "formats/csv/detail/column_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace millrace::formats::csv {
namespace {

constexpr std::size_t remembered_max = 512;  ///< different shapes or values of one column

void count(std::unordered_map<std::string, std::uint32_t>& counts, std::string key) {
    if (counts.size() < remembered_max) {
        ++counts[std::move(key)];
        return;
    }
    if (const auto found = counts.find(key); found != counts.end()) ++found->second;
}

std::uint32_t count_of(const std::unordered_map<std::string, std::uint32_t>& counts, const std::string& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
}

double share(std::uint32_t part, std::size_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

bool is_placeholder(std::string_view cell) {
    static constexpr std::array<std::string_view, 10> known = {"NULL", "null", "n/a", "N/A", "NA", "#N/A", "NaN", "-", "?", "\\N"};
    return cell.size() <= 4 && std::find(known.begin(), known.end(), cell) != known.end();
}

}  // namespace

void ColumnModel::learn(std::string_view cell) {
    ++cells_;
    const auto kind = kind_of(cell);
    ++kinds_[static_cast<std::size_t>(kind)];
    if (kind == Kind::empty) return;
    placeholders_ += is_placeholder(cell);
    count(shapes_, shape_of(cell, true));
    count(forms_, shape_of(cell, false));
    if (cell.size() <= 64) count(values_, std::string{cell});
    length_min_ = std::min(length_min_, cell.size());
    length_max_ = std::max(length_max_, cell.size());
}

double ColumnModel::empty_share() const { return share(kinds_[0], cells_); }

std::uint32_t ColumnModel::family(Kind kind) const {
    const auto of = [&](Kind k) { return kinds_[static_cast<std::size_t>(k)]; };
    if (is_number(kind)) return of(Kind::integer) + of(Kind::decimal) + of(Kind::percent) + of(Kind::money);
    if (is_temporal(kind)) return of(Kind::date) + of(Kind::time) + of(Kind::timestamp);
    if (kind == Kind::word || kind == Kind::text) return of(Kind::word) + of(Kind::text);
    return of(kind);
}

bool ColumnModel::is_typed() const {
    const auto values = filled() - placeholders_;
    if (values == 0) return false;
    std::uint32_t most = 0;
    for (const Kind kind : {Kind::integer, Kind::date, Kind::boolean, Kind::url, Kind::email}) {
        most = std::max(most, family(kind));
    }
    return share(most, values) >= 0.85;
}

bool ColumnModel::is_shaped() const {
    if (filled() < 4) return false;
    constexpr std::size_t words_min = 12;  // fewer words of one length are chance
    for (const auto& [shape, n] : shapes_) {
        if (share(n, filled()) >= 0.9) return filled() >= words_min || shape.find('9') != std::string::npos;
    }
    return false;
}

bool ColumnModel::accepts(std::string_view cell) const {
    const auto kind = kind_of(cell);
    // A word among numbers is at home only when it comes again among them, such as "n/a".
    if (is_typed() && !csv::is_typed(kind)) return count_of(values_, std::string{cell}) >= 2;
    if (is_typed()) return share(family(kind), filled()) >= 0.05;
    return share(count_of(shapes_, shape_of(cell, true)), filled()) >= 0.05;
}

double ColumnModel::shape_share(std::string_view cell) const { return share(count_of(shapes_, shape_of(cell, true)), filled()); }

bool ColumnModel::has_value(std::string_view cell) const { return values_.contains(std::string{cell}); }

double ColumnModel::fit(std::string_view cell) const {
    constexpr double floor = 0.01;
    if (cells_ == 0) return std::log(0.3);
    const auto kind = kind_of(cell);
    if (kind == Kind::empty) return std::log(empty_share() + floor);
    const auto n = filled();
    if (n == 0) return std::log(floor);
    const double here = 1 - empty_share();
    // Few different values: an unknown one is a surprise. Many: it is what one expects.
    const double variety = share(static_cast<std::uint32_t>(values_.size()), n);
    const double known = has_value(cell) ? 1 : std::min(1.0, variety);
    const bool length = cell.size() >= length_min_ && cell.size() <= length_max_;
    const double likely = 0.3 * share(count_of(shapes_, shape_of(cell, true)), n) +
                          0.2 * share(count_of(forms_, shape_of(cell, false)), n) + 0.2 * share(family(kind), n) +
                          0.2 * known + 0.1 * length;
    // A kind that the column never had outweighs the rest.
    const double strange = family(kind) == 0 ? 0.2 : 1;
    return std::log(std::max(floor, here * likely * strange) + floor * 0.1);
}

}  // namespace millrace::formats::csv
