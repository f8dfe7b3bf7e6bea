#include "transform/detail/fixes.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <memory>

#include "base/suggest.hpp"
#include "transform/calendar.hpp"
#include "transform/decimal.hpp"
#include "transform/detail/checks.hpp"
#include "transform/detail/regex.hpp"
#include "transform/detail/render.hpp"
#include "transform/detail/text.hpp"

namespace millrace::transform {
namespace {

/// A number in any of the usual notations, when all of those that fit agree.
std::optional<Fix> fix_number(std::string_view text, int scale) {
    constexpr NumberNotation notations[] = {{'.', 0, true}, {',', 0, true}, {'.', ',', true}, {',', '.', true}, {'.', ' ', true}, {',', ' ', true}, {'.', '\'', true}};
    std::optional<Int128> found;
    for (const auto& notation : notations) {
        Int128 value = 0;
        if (parse_decimal(text, notation, scale, value) != NumberFault::none) continue;
        if (found && *found != value) return std::nullopt;
        found = value;
    }
    if (!found) return std::nullopt;
    std::string made;
    append_decimal(made, *found, scale, true);
    return Fix{"parse_decimal", made};
}

std::optional<Fix> fix_date(std::string_view text) {
    text = trim(text);
    static const auto patterns = [] {
        std::vector<DatePattern> all;
        for (const auto* pattern : {"d-M-yyyy", "d/M/yyyy", "d.M.yyyy", "M/d/yyyy", "M-d-yyyy", "yyyy-M-d", "yyyy/M/d", "yyyyMMdd", "d MMMM yyyy", "d-MMM-yyyy", "d MMM yyyy", "MMMM d, yyyy"}) {
            all.push_back(std::move(*DatePattern::compile(pattern)));
        }
        return all;
    }();
    std::optional<std::int64_t> found;
    for (const auto& pattern : patterns) {
        Moment moment;
        if (pattern.parse(text, moment) != DateFault::none) continue;
        if (found && *found != moment.days) return std::nullopt;
        found = moment.days;
    }
    if (!found) return std::nullopt;
    Vector one;
    one.reset({Kind::date}, 1);
    one.ints[0] = *found;
    return Fix{"parse_date", text_of(one, 0)};
}

}  // namespace

Fixer Fixer::of_type(const std::string& type) {
    if (type == "date") return Fixer{fix_date};
    if (type == "int") return Fixer{[](std::string_view text) { return fix_number(text, 0); }};
    if (!type.starts_with("decimal")) return {};
    const auto declared = parse_decimal_type(type);
    const int scale = declared ? declared->scale : 9;
    return Fixer{[scale](std::string_view text) { return fix_number(text, scale); }};
}

Fixer Fixer::of_format(const std::string& format) {
    const auto* check = find_check(format);
    if (!check) return {};
    return Fixer{[check](std::string_view text) -> std::optional<Fix> {
        auto made = check->repair(text);
        if (made == text || !check->holds(made)) return std::nullopt;
        return Fix{"replace", std::move(made)};
    }};
}

Fixer Fixer::of_pattern(const std::string& pattern) {
    const auto regex = compile_regex(pattern, 1);
    return Fixer{[regex](std::string_view text) -> std::optional<Fix> {
        const std::string_view bare = trim(text);
        for (const auto& [op, made] : {std::pair{"trim", std::string{bare}}, {"upper", to_case(bare, Case::upper)}, {"lower", to_case(bare, Case::lower)}}) {
            if (made != text && RE2::FullMatch(made, *regex)) return Fix{op, made};
        }
        return std::nullopt;
    }};
}

Fixer Fixer::of_values(std::vector<std::string> values) {
    std::vector<std::string> words;
    for (const auto& value : values) words.push_back(folded(value));
    return Fixer{[values = std::move(values), words = std::move(words)](std::string_view text) -> std::optional<Fix> {
        const auto near = closest(folded(text), words);
        if (!near) return std::nullopt;
        return Fix{"replace", values[static_cast<std::size_t>(std::ranges::find(words, *near) - words.begin())]};
    }};
}

std::string_view message_of(std::string_view kind) {
    constexpr std::pair<std::string_view, std::string_view> messages[] = {
        {"required", "a value is needed"},
        {"required_if", "a value is needed in this row"},
        {"format", "this is not in the form that is asked for"},
        {"range", "this is not in its range"},
        {"length", "this is too short or too long"},
        {"pattern", "this does not have the form that is asked for"},
        {"enum", "this is not one of the values"},
        {"reference", "this is not known in the other table"},
        {"row", "the row does not hold together"},
        {"text", "the text seems to have been read in a wrong encoding"},
        {"unique", "an earlier row has the same value"},
        {"duplicate_rows", "an earlier row is the same"},
    };
    const auto* at = std::ranges::find(messages, kind, &std::pair<std::string_view, std::string_view>::first);
    return at == std::end(messages) ? std::string_view{} : at->second;
}

}  // namespace millrace::transform
