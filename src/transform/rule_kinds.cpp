#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.hpp"
#include "transform/rules.hpp"

namespace millrace::transform {
namespace {

constexpr RuleKind kinds[] = {
    {"required", "column", "A value is there, and not only white space.", "required"},
    {"required_if", "column when", "A value is there in rows for which an expression is true.", "required"},
    {"type", "column type [point] [group] [pattern]", "The text is an int, a decimal(p,s), a float, a bool, a date, a time or a timestamp; numbers with `point` and `group`, dates by `pattern`. Other rules of the column read it the same way.", ""},
    {"format", "column format", "A bic, country, currency, ean, email, iban, ip, isbn, luhn, phone, url, uuid or vat, check digits included.", "bad_format"},
    {"range", "column [min] [max]", "From min to max, both included; numbers, or dates as texts yyyy-MM-dd.", "out_of_range"},
    {"length", "column [min_length] [max_length]", "So many characters.", "wrong_length"},
    {"pattern", "column pattern", "An RE2 pattern matches the whole text.", "no_match"},
    {"enum", "column values [ignore_case]", "One of the values; the nearest one is proposed.", "not_in_list"},
    {"reference", "[column] [columns] lookup", "A lookup has the value (or the values of several columns) as its key.", "unknown_reference"},
    {"row", "expr [column]", "An expression is true, or null, in every row.", "row_rule"},
    {"text", "column", "No trace of a wrong encoding and no control characters.", "garbled_text"},
    {"unique", "[column] [columns] [ignore_case]", "No two rows have the same value, exactly and for any number of rows; every row but the first is told. Nulls do not count.", "duplicate", true},
    {"duplicate_rows", "[columns] [ignore_case]", "No two rows are the same in all columns (or these); `ignore_case` also passes over accents and spaces at the ends.", "duplicate_row", true},
    {"rows", "[min_rows] [max_rows]", "The table has so many rows.", "row_count", false, true},
    {"nulls", "column max_ratio", "At most this part of the values (0 to 1) is missing.", "too_many_nulls", false, true},
    {"sum", "column [min] [max]", "The sum of the column.", "sum_out_of_range", false, true},
    {"fresh", "column max_age_days", "The newest date is not older than so many days.", "stale", false, true},
    {"columns", "values [ordered]", "The source has these columns; missing ones are errors, others and (with `ordered`) another order are told.", "", false, true},
};

const RuleKind* find_kind(std::string_view name) {
    const auto* at = std::ranges::find(kinds, name, &RuleKind::name);
    return at == std::end(kinds) ? nullptr : at;
}

bool takes(const RuleKind& kind, std::string_view member, bool& optional) {
    std::string_view rest = kind.members;
    while (!rest.empty()) {
        const auto end = std::min(rest.find(' '), rest.size());
        auto word = rest.substr(0, end);
        optional = word.starts_with('[');
        if (optional) word = word.substr(1, word.size() - 2);
        if (word == member) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

void check(const RuleSpec& rule, const std::string& pointer, std::vector<Issue>& issues) {
    const auto* kind = find_kind(rule.rule);
    if (!kind) {
        std::vector<std::string> names;
        for (const auto& known : kinds) names.emplace_back(known.name);
        issues.push_back({pointer + "/rule", "unknown_value", "there is no rule \"" + rule.rule + "\"" + did_you_mean(rule.rule, names)});
        return;
    }
    const auto given = compacted(json::parse(to_json(rule)));
    constexpr std::string_view common[] = {"rule", "id", "severity", "message"};
    bool optional = false;
    for (const auto& entry : given.get_object()) {
        if (std::ranges::find(common, std::string_view{entry.key()}) != std::end(common) || takes(*kind, entry.key(), optional)) continue;
        issues.push_back({pointer + '/' + std::string{entry.key()}, "not_applicable", fmt::format("has no meaning for {}, which takes {}", kind->name, kind->members)});
    }
    std::string_view rest = kind->members;
    while (!rest.empty()) {
        const auto end = std::min(rest.find(' '), rest.size());
        const auto word = rest.substr(0, end);
        if (!word.starts_with('[') && !given.get_object().contains(word)) issues.push_back({pointer + '/' + std::string{word}, "required", "is missing"});
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    const bool of_columns = kind->name == "reference" || kind->name == "unique";
    if (of_columns && rule.column.has_value() == !rule.columns.empty()) issues.push_back({pointer, "required", "say column or columns"});
}

}  // namespace

std::span<const RuleKind> rule_kinds() { return kinds; }

std::string rules_reference() {
    std::string out = "# Validation rules\n\nMade by `millrace validate --kinds`. Members in brackets may be absent; every rule also takes `id`, `severity` and `message`.\n\n"
                      "| rule | members | holds when | code |\n|---|---|---|---|\n";
    for (const auto& kind : kinds) {
        const auto code = kind.name == "type" ? "that of the operator, e.g. `not_a_number`" : kind.name == "columns" ? "`missing_column`, `extra_column`, `other_order`" : fmt::format("`{}`", kind.code);
        out += fmt::format("| `{}` | {} | {} | {} |\n", kind.name, kind.members, kind.doc, code);
    }
    return out;
}

RulesSpec parse_rules(std::string_view text) {
    Error error{Code::invalid_fields};
    RulesSpec spec;
    read_json(json::parse(text), spec, error.issues);
    if (error.issues.empty()) {
        if (spec.version != 1) error.issues.push_back({"/version", "unknown_version", "version 1 is the only one known here"});
        for (std::size_t i = 0; i < spec.rules.size(); ++i) check(spec.rules[i], "/rules/" + std::to_string(i), error.issues);
    }
    suggest_fields(error.issues, rules_schema());
    if (!error.issues.empty()) throw error;
    return spec;
}

json::value rules_schema() {
    auto schema = json_schema<RulesSpec>();
    auto& object = schema.as_object();
    object.insert_or_assign("$schema", "https://json-schema.org/draft/2020-12/schema");
    object.insert_or_assign("title", "millrace validation rules");
    object.insert_or_assign("additionalProperties", false);
    json::array names;
    for (const auto& kind : kinds) names.emplace_back(kind.name);
    object.at("properties").as_object().at("rules").as_object().at("items").as_object().at("properties").as_object().at("rule").as_object()["enum"] = std::move(names);
    return schema;
}

}  // namespace millrace::transform
