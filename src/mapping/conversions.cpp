#include "mapping/conversions.hpp"

#include <algorithm>
#include <cctype>

#include "mapping/detail/prepared.hpp"
#include "mapping/detectors.hpp"
#include "mapping/words.hpp"

namespace millrace::mapping {
namespace {

constexpr std::size_t values_max = 200;

bool is_number(const std::string& type) {
    return type == "number" || type == "integer" || type == "decimal" || type == "float64" || type == "int64";
}

bool is_instant(const std::string& type) { return type == "datetime" || type == "timestamp"; }

bool has_spaces(const Summary& values) {
    return std::ranges::any_of(values.values, [](const auto& value) {
        return !value.value.empty() && (std::isspace(static_cast<unsigned char>(value.value.front())) || std::isspace(static_cast<unsigned char>(value.value.back())));
    });
}

/// The one notation of the numbers: "comma" or "point"; with marks between thousands only the decimal mark counts.
Conversion number_conversion(const Summary& values, bool whole) {
    std::size_t commas = 0, points = 0, signs = 0;
    for (std::size_t i = 0; i < std::min(values.values.size(), values_max); ++i) {
        const auto form = number_form(values.values[i].value);
        signs += form.sign || form.percent;
        if (form.comma) ++commas;
        else if (form.decimals) ++points;
    }
    Conversion conversion{.op = whole && commas + points == 0 ? "parse_integer" : "parse_decimal"};
    if (conversion.op == "parse_decimal") conversion.options["decimal_mark"] = commas > points ? "," : ".";
    if (signs > 0) conversion.options["ignore_signs"] = "true";
    return conversion;
}

/// The order of day and month that fits all values; where both do, the day is taken to be first.
Conversion date_conversion(const Summary& values, bool instant) {
    std::size_t counts[6] = {};
    for (std::size_t i = 0; i < std::min(values.values.size(), values_max); ++i) ++counts[static_cast<std::size_t>(date_form(values.values[i].value).order)];
    const auto of = [&](DateForm::Order order) { return counts[static_cast<std::size_t>(order)]; };
    Conversion conversion{.op = instant ? "parse_datetime" : "parse_date"};
    if (of(DateForm::Order::words) > 0) conversion.options["order"] = "words";
    else if (of(DateForm::Order::mdy) > of(DateForm::Order::dmy)) conversion.options["order"] = "mdy";
    else if (of(DateForm::Order::dmy) + of(DateForm::Order::either) > of(DateForm::Order::ymd)) conversion.options["order"] = "dmy";
    else conversion.options["order"] = "ymd";
    return conversion;
}

/// The value of the enumeration that `text` stands for, or nothing.
const std::string* find_in(const std::vector<std::string>& enumeration, const std::string& text) {
    const auto by = [&](const auto& same) -> const std::string* {
        const auto at = std::ranges::find_if(enumeration, same);
        return at == enumeration.end() ? nullptr : &*at;
    };
    const auto squashed = squash(text);
    if (const auto* found = by([&](const auto& value) { return squash(value) == squashed; })) return found;
    const auto canonical = detail::canonical_value(text);
    if (const auto* found = by([&](const auto& value) { return detail::canonical_value(value) == canonical; })) return found;
    // A short form, when it is that of one value only: "overd." of overdue.
    const std::string* only = nullptr;
    for (const auto& value : enumeration) {
        const auto whole = squash(value);
        const bool is_short = squashed.size() >= 3 && (whole.starts_with(squashed) || (whole.size() >= 3 && squashed.starts_with(whole)));
        const bool mistyped = squashed.size() >= 5 && edit_similarity(squashed, whole) >= 0.8;
        if (!is_short && !mistyped) continue;
        if (only) return nullptr;
        only = &value;
    }
    return only;
}

}  // namespace

std::vector<Conversion> conversions(const Field& source, const Field& target) {
    std::vector<Conversion> steps;
    if (!source.values || source.values->values.empty()) return steps;
    if (has_spaces(*source.values)) steps.push_back({.op = "trim"});
    if (is_number(target.type)) steps.push_back(number_conversion(*source.values, target.type == "integer" || target.type == "int64"));
    else if (target.type == "date" || is_instant(target.type)) steps.push_back(date_conversion(*source.values, is_instant(target.type)));
    else if (target.type == "boolean") steps.push_back({.op = "parse_boolean"});
    return steps;
}

ValueMap map_values(const Field& source, const Field& target) {
    ValueMap map;
    if (target.enumeration.empty() || !source.values || source.values->distinct > static_cast<double>(values_max)) return map;
    for (const auto& value : source.values->values) {
        const auto* found = find_in(target.enumeration, value.value);
        if (!found) map.unmapped.push_back(value.value);
        else if (*found != value.value) map.values[value.value] = *found;
    }
    return map;
}

}  // namespace millrace::mapping
