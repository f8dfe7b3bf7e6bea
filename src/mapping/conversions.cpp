#include "mapping/conversions.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <span>

#include "mapping/detail/prepared.hpp"
#include "mapping/detectors.hpp"
#include "mapping/words.hpp"

namespace millrace::mapping {
namespace {

constexpr std::size_t values_max = 200;

bool is_number(const std::string& type) {
    return type == "number" || type == "integer" || type == "decimal" || type == "float64" || type == "int64";
}

bool is_whole(const std::string& type) { return type == "integer" || type == "int64"; }
bool is_instant(const std::string& type) { return type == "datetime" || type == "timestamp"; }

bool has_spaces(const Summary& values) {
    return std::ranges::any_of(values.values, [](const auto& value) {
        return !value.value.empty() && (std::isspace(static_cast<unsigned char>(value.value.front())) || std::isspace(static_cast<unsigned char>(value.value.back())));
    });
}

/// The values that are looked at.
auto some(const Summary& values) { return std::span{values.values}.first(std::min(values.values.size(), values_max)); }

/// How the numbers of a column are written.
struct NumberNotation {
    char point = '.';
    char group = 0;
    std::size_t scale = 0;
    bool loose = false;
    bool plain() const { return point == '.' && group == 0 && !loose; }
};

/// The space or apostrophe between digits, which groups thousands; a space before the sign of a currency does not.
std::optional<char> group_in(std::string_view number) {
    const auto digit = [&](std::size_t i) { return std::isdigit(static_cast<unsigned char>(number[i])) != 0; };
    for (std::size_t i = 1; i + 1 < number.size(); ++i) {
        if ((number[i] == ' ' || number[i] == '\'') && digit(i - 1) && digit(i + 1)) return number[i];
    }
    return std::nullopt;
}

NumberNotation notation_of(const Summary& values) {
    std::size_t commas = 0, points = 0;
    for (const auto& value : some(values)) {
        const auto form = number_form(value.value);
        commas += form.comma;
        points += form.decimals && !form.comma;
    }
    NumberNotation notation{.point = commas > points ? ',' : '.'};
    const char other = notation.point == ',' ? '.' : ',';
    for (const auto& value : some(values)) {
        const auto form = number_form(value.value);
        if (!form.number) continue;
        notation.loose |= form.sign || form.percent;
        if (const auto group = group_in(value.value); group || form.thousands) notation.group = group.value_or(other);
        if (!form.decimals && !form.comma) continue;
        const auto at = value.value.rfind(notation.point);
        if (at == std::string::npos) continue;
        std::size_t digits = 0;
        while (at + 1 + digits < value.value.size() && std::isdigit(static_cast<unsigned char>(value.value[at + 1 + digits]))) ++digits;
        notation.scale = std::max(notation.scale, digits);
    }
    return notation;
}

Conversion number_conversion(const NumberNotation& notation, bool whole) {
    Conversion conversion;
    if (whole && notation.scale == 0) {
        conversion.op = "parse_int";
    } else {
        conversion.op = "parse_decimal";
        conversion.arguments.emplace("scale", notation.scale);
        if (notation.point != '.') conversion.arguments.emplace("point", std::string_view{&notation.point, 1});
    }
    if (notation.group != 0) conversion.arguments.emplace("group", std::string_view{&notation.group, 1});
    if (notation.loose) conversion.arguments.emplace("loose", true);
    return conversion;
}

/// The usual ways to write a date and a time of day, with the day or the month first.
json::array instant_patterns(bool month_first) {
    json::array patterns;
    for (const std::string_view mark : {"-", "/", "."}) {
        for (const std::string_view time : {"HH:mm:ss", "HH:mm"}) {
            const auto day = (month_first ? "MM" : "dd") + std::string{mark} + (month_first ? "dd" : "MM") + std::string{mark} + "yyyy";
            patterns.emplace_back(day + " " + std::string{time});
        }
    }
    return patterns;
}

/// The order of day and month that fits all values; where both do, the day is taken to be first.
Conversion date_conversion(const Summary& values, bool instant) {
    std::size_t counts[6] = {};
    for (const auto& value : some(values)) ++counts[static_cast<std::size_t>(date_form(value.value).order)];
    const auto of = [&](DateForm::Order order) { return counts[static_cast<std::size_t>(order)]; };
    const bool month_first = of(DateForm::Order::mdy) > of(DateForm::Order::dmy);
    const bool day_first = !month_first && of(DateForm::Order::dmy) + of(DateForm::Order::either) > of(DateForm::Order::ymd);
    Conversion conversion{.op = instant ? "parse_timestamp" : "parse_date", .arguments = {}};
    if (of(DateForm::Order::words) > 0) {
        json::array patterns;
        for (const auto* date : {"d MMMM yyyy", "d MMM yyyy", "MMMM d, yyyy", "MMM d, yyyy"}) patterns.emplace_back(std::string{date} + (instant ? " HH:mm" : ""));
        conversion.arguments.emplace("pattern", std::move(patterns));
    } else if (month_first || day_first) {
        if (instant) conversion.arguments.emplace("pattern", instant_patterns(month_first));
        else conversion.arguments.emplace("order", month_first ? "mdy" : "dmy");
    } else if (!instant) {
        conversion.arguments.emplace("order", "ymd");
    }
    return conversion;
}

/// What the values of a target without declared types say: numbers with decimals and ISO dates. Whole numbers may be codes.
std::string type_by_values(const Field& target) {
    if (!target.values || target.values->values.empty()) return {};
    std::size_t decimals = 0, numbers = 0, dates = 0, instants = 0, all = 0;
    for (const auto& value : some(*target.values)) {
        ++all;
        const auto form = number_form(value.value);
        if (form.number && !form.comma && !form.thousands && !form.sign && !form.percent) ++numbers, decimals += form.decimals;
        const auto date = date_form(value.value);
        if (date.order == DateForm::Order::ymd) ++(date.has_time ? instants : dates);
    }
    if (numbers == all && decimals > 0) return "number";
    if (dates == all) return "date";
    if (instants == all) return "datetime";
    return {};
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
    if (has_spaces(*source.values)) steps.push_back({.op = "trim", .arguments = {}});
    const auto type = target.type.empty() ? type_by_values(target) : target.type;
    if (is_number(type)) {
        const auto notation = notation_of(*source.values);
        // What is written as the target writes it stays as it is.
        if (!target.type.empty() || !notation.plain()) steps.push_back(number_conversion(notation, is_whole(type)));
    } else if (type == "date" || is_instant(type)) {
        steps.push_back(date_conversion(*source.values, is_instant(type)));
    } else if (type == "boolean") {
        steps.push_back({.op = "parse_bool", .arguments = {}});
    }
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
