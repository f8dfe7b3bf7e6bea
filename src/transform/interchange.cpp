#include "transform/interchange.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <re2/re2.h>

#include <algorithm>
#include <optional>

#include "transform/plan.hpp"

namespace millrace::transform {
namespace {

std::string text_at(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value && value->is_string() ? std::string{std::string_view{value->get_string()}} : std::string{};
}

json::object op(std::string_view name) { return {{"op", name}}; }

[[noreturn]] void refuse(std::string pointer, std::string detail) {
    Error error{Code::invalid_fields};
    error.issues.push_back({std::move(pointer), "not_supported", std::move(detail)});
    throw error;
}

/// "%d/%m/%Y" as a pattern of ours.
std::string pattern_of(std::string_view strftime) {
    constexpr std::pair<char, std::string_view> letters[] = {{'Y', "yyyy"}, {'y', "yy"}, {'m', "MM"}, {'d', "dd"}, {'H', "HH"}, {'M', "mm"}, {'S', "ss"}, {'b', "MMM"}, {'B', "MMMM"}, {'I', "hh"}, {'p', "a"}, {'f', "SSSSSS"}, {'z', "XXX"}};
    std::string made;
    for (std::size_t i = 0; i < strftime.size(); ++i) {
        if (strftime[i] != '%' || i + 1 == strftime.size()) {
            made += strftime[i];
            continue;
        }
        const auto* letter = std::ranges::find(letters, strftime[++i], &std::pair<char, std::string_view>::first);
        if (letter == std::end(letters)) return {};
        made += letter->second;
    }
    return made;
}

json::object with_pattern(json::object step, std::string_view format) {
    if (format.starts_with("%") || format.starts_with("fmt:")) {
        const auto pattern = pattern_of(format.starts_with("fmt:") ? format.substr(4) : format);
        if (!pattern.empty()) step["pattern"] = pattern;
    }
    return step;
}

/// The step that reads a type of Table Schema or JSON Schema.
std::optional<json::object> reading(std::string_view type, std::string_view format, const json::object& field) {
    if (type == "integer") return op("parse_int");
    if (type == "number") {
        auto step = op("parse_decimal");
        if (const auto point = text_at(field, "decimalChar"); !point.empty()) step["point"] = point;
        if (const auto group = text_at(field, "groupChar"); !group.empty()) step["group"] = group;
        return step;
    }
    if (type == "boolean") {
        auto step = op("parse_bool");
        if (const auto* yes = field.if_contains("trueValues")) step["yes"] = *yes;
        if (const auto* no = field.if_contains("falseValues")) step["no"] = *no;
        return step;
    }
    if (type == "date" || format == "date") return with_pattern(op("parse_date"), format);
    if (type == "time" || format == "time") return with_pattern(op("parse_time"), format);
    if (type == "datetime" || format == "date-time") {
        auto step = with_pattern(op("parse_timestamp"), format);
        if (format == "date-time") step["utc"] = true;
        return step;
    }
    if (type == "object") return op("parse_json");
    if (type == "array" || type == "list") return op("parse_list");
    if (format == "email") return op("normalise_email");
    return std::nullopt;
}

void add_rules(const json::object& field, const std::string& name, json::array& rules) {
    const auto add = [&](json::object rule) {
        rule["column"] = name;
        rules.push_back(std::move(rule));
    };
    const auto* constraints = field.if_contains("constraints");
    const auto& limits = constraints && constraints->is_object() ? constraints->get_object() : field;
    const auto* required = limits.if_contains("required");
    if (required && required->is_bool() && required->get_bool()) add({{"rule", "required"}});
    const auto* unique = limits.if_contains("unique");
    if (unique && unique->is_bool() && unique->get_bool()) add({{"rule", "unique"}});
    if (const auto* values = limits.if_contains("enum"); values && values->is_array() && std::ranges::all_of(values->get_array(), [](const json::value& v) { return v.is_string(); })) {
        add({{"rule", "enum"}, {"values", *values}});
    }
    if (const auto pattern = text_at(limits, "pattern"); !pattern.empty()) {
        // JSON Schema asks for a match anywhere, ours and Table Schema's for the whole text.
        add({{"rule", "pattern"}, {"pattern", constraints ? pattern : "(?s).*(?:" + pattern + ").*"}});
    }
    json::object range{{"rule", "range"}}, length{{"rule", "length"}};
    if (const auto* least = limits.if_contains("minimum")) range["min"] = *least;
    if (const auto* most = limits.if_contains("maximum")) range["max"] = *most;
    if (const auto* least = limits.if_contains("minLength")) length["min_length"] = *least;
    if (const auto* most = limits.if_contains("maxLength")) length["max_length"] = *most;
    if (range.size() > 1) add(std::move(range));
    if (length.size() > 1) add(std::move(length));
}

FieldSpec field_of(const std::string& name, const json::object& field, const std::string& type) {
    FieldSpec made{.target = name, .from = {name}};
    if (auto step = reading(type, text_at(field, "format"), field)) made.steps = std::vector{std::move(*step)};
    if (const auto title = text_at(field, "title"); !title.empty()) made.note = title;
    return made;
}

void set_rules(Spec& spec, json::array rules) {
    if (!rules.empty()) spec.validation = json::object{{"rules", std::move(rules)}};
}

Spec of_table_schema(const json::array& fields, const json::object& schema) {
    Spec spec;
    json::array rules;
    for (const auto& item : fields) {
        if (!item.is_object()) continue;
        const auto& field = item.get_object();
        const auto name = text_at(field, "name");
        spec.fields.push_back(field_of(name, field, text_at(field, "type")));
        add_rules(field, name, rules);
    }
    if (const auto* key = schema.if_contains("primaryKey")) {
        const auto columns = key->is_array() ? key->get_array() : json::array{*key};
        rules.push_back(json::object{{"rule", "unique"}, {"columns", columns}});
        for (const auto& column : columns) rules.push_back(json::object{{"rule", "required"}, {"column", column}});
    }
    set_rules(spec, std::move(rules));
    return spec;
}

Spec of_json_schema(const json::object& properties, const json::object& schema) {
    Spec spec;
    json::array rules;
    if (const auto title = text_at(schema, "title"); !title.empty()) spec.name = title;
    const auto* required = schema.if_contains("required");
    for (const auto& entry : properties) {
        if (!entry.value().is_object()) continue;
        const auto& field = entry.value().get_object();
        const std::string name{entry.key()};
        auto type = text_at(field, "type");
        if (const auto* types = field.if_contains("type"); types && types->is_array()) {
            for (const auto& one : types->get_array()) {
                if (one != "null" && one.is_string()) type = std::string{std::string_view{one.get_string()}};
            }
        }
        spec.fields.push_back(field_of(name, field, type));
        add_rules(field, name, rules);
        if (required && required->is_array() && std::ranges::find(required->get_array(), json::value(name)) != required->get_array().end()) rules.push_back(json::object{{"rule", "required"}, {"column", name}});
    }
    set_rules(spec, std::move(rules));
    return spec;
}

/// The GREL expressions that people use most, as steps.
std::vector<json::object> steps_of_grel(std::string_view expression, const std::string& pointer) {
    if (expression.starts_with("grel:")) expression.remove_prefix(5);
    constexpr std::pair<std::string_view, std::string_view> plain[] = {
        {"trim()", "trim"}, {"strip()", "trim"}, {"toLowercase()", "lower"}, {"toUppercase()", "upper"}, {"toTitlecase()", "title"}, {"toNumber()", "parse_decimal"},
        {"toDate()", "parse_date"}, {"toString()", "to_text"}, {"unescape('html')", "strip_html"}, {"unescape(\"html\")", "strip_html"}, {"length()", "length"}};
    static const RE2 replacing{R"RE(\.replace\((['"])(.*?)['"],\s*['"](.*?)['"]\))RE"}, replacing_regex{R"RE(\.replace\(/(.*?)/,\s*['"](.*?)['"]\))RE"};
    std::vector<json::object> steps;
    if (!expression.starts_with("value")) refuse(pointer, "only expressions that begin with value can be taken over, not " + std::string{expression});
    re2::StringPiece rest{expression.data() + 5, expression.size() - 5};
    while (!rest.empty()) {
        std::string from, to, quote;
        if (rest == ".replace(/\\s+/,' ')" || rest == ".replace(/\\s+/, ' ')") {
            steps.push_back(op("collapse"));
            return steps;
        }
        if (RE2::Consume(&rest, replacing_regex, &from, &to)) {
            steps.push_back({{"op", "replace_regex"}, {"pattern", from}, {"to", to}});
            continue;
        }
        if (RE2::Consume(&rest, replacing, &quote, &from, &to)) {
            steps.push_back({{"op", "replace"}, {"from", from}, {"to", to}});
            continue;
        }
        const std::string_view text{rest.data(), rest.size()};
        const auto* known = std::ranges::find_if(plain, [&](const auto& one) { return text.starts_with("." + std::string{one.first}); });
        if (known == std::end(plain)) refuse(pointer, "this part of the expression has no counterpart: " + std::string{text});
        steps.push_back(op(known->second));
        rest.remove_prefix(known->first.size() + 1);
    }
    return steps;
}

class History {
public:
    explicit History(const std::vector<std::string>& columns) {
        for (const auto& column : columns) spec_.fields.push_back({.target = column, .from = {column}});
    }

    void apply(const json::object& step, const std::string& at) {
        const auto name = text_at(step, "op");
        if (name == "core/column-rename") {
            field(text_at(step, "oldColumnName"), at).target = text_at(step, "newColumnName");
        } else if (name == "core/column-removal") {
            const auto gone = text_at(step, "columnName");
            std::erase_if(spec_.fields, [&](const FieldSpec& one) { return one.target == gone; });
        } else if (name == "core/text-transform") {
            for (auto& one : steps_of_grel(text_at(step, "expression"), at + "/expression")) add(field(text_at(step, "columnName"), at), std::move(one));
        } else if (name == "core/mass-edit") {
            json::object map;
            if (const auto* edits = step.if_contains("edits"); edits && edits->is_array()) {
                for (const auto& edit : edits->get_array()) {
                    if (!edit.is_object()) continue;
                    const auto to = text_at(edit.get_object(), "to");
                    const auto* from = edit.get_object().if_contains("from");
                    if (!from || !from->is_array()) continue;
                    for (const auto& one : from->get_array()) {
                        if (one.is_string()) map[one.get_string()] = to;
                    }
                }
            }
            add(field(text_at(step, "columnName"), at), {{"op", "map_values"}, {"map", map}, {"others", "keep"}});
        } else if (name == "core/column-reorder") {
            std::vector<FieldSpec> ordered;
            if (const auto* names = step.if_contains("columnNames"); names && names->is_array()) {
                for (const auto& one : names->get_array()) {
                    if (one.is_string()) ordered.push_back(field(std::string{std::string_view{one.get_string()}}, at));
                }
            }
            spec_.fields = std::move(ordered);
        } else if (name == "core/column-addition") {
            auto made = field(text_at(step, "baseColumnName"), at);
            made.target = text_at(step, "newColumnName");
            for (auto& one : steps_of_grel(text_at(step, "expression"), at + "/expression")) add(made, std::move(one));
            spec_.fields.push_back(std::move(made));
        } else if (name == "core/multivalued-cell-split") {
            ExplodeSpec explode{.column = text_at(step, "columnName")};
            if (const auto separator = text_at(step, "separator"); !separator.empty()) explode.separator = separator;
            spec_.rows.explode = std::move(explode);
        } else {
            refuse(at + "/op", "the operation " + name + " has no counterpart");
        }
    }
    Spec take() { return std::move(spec_); }

private:
    FieldSpec& field(const std::string& name, const std::string& at) {
        const auto found = std::ranges::find(spec_.fields, name, &FieldSpec::target);
        if (found == spec_.fields.end()) refuse(at, "there is no column \"" + name + "\" then; name the table with its columns too");
        return *found;
    }
    static void add(FieldSpec& field, json::object step) {
        if (!field.steps) field.steps.emplace();
        field.steps->push_back(std::move(step));
    }

    Spec spec_;
};

}  // namespace

Spec import_spec(std::string_view text, const std::vector<std::string>& columns) {
    const auto document = json::parse(text);
    if (const auto* steps = document.if_array()) {
        History history{columns};
        for (std::size_t i = 0; i < steps->size(); ++i) {
            if ((*steps)[i].is_object()) history.apply((*steps)[i].get_object(), "/" + std::to_string(i));
        }
        return history.take();
    }
    if (const auto* object = document.if_object()) {
        if (const auto* fields = object->if_contains("fields"); fields && fields->is_array()) return of_table_schema(fields->get_array(), *object);
        if (const auto* properties = object->if_contains("properties"); properties && properties->is_object()) return of_json_schema(properties->get_object(), *object);
    }
    refuse("", "this is neither a Table Schema (fields), a JSON Schema (properties) nor a history of OpenRefine (an array)");
}

Spec copy_spec(const std::vector<SourceColumn>& columns) {
    Spec spec;
    for (const auto& column : columns) {
        // What a reject file has beside the columns of its rows.
        if (column.name == reject_row_column || column.name == reject_errors_column) continue;
        spec.fields.push_back({.target = column.name, .from = {column.name}});
    }
    return spec;
}

json::value compacted_problem(const Problem& problem) {
    json::object out;
    const auto whole = json::parse(to_json(problem));
    for (const auto& entry : whole.as_object()) {
        const bool absent = entry.value().is_null() || (entry.value().is_string() && entry.value().get_string().empty());
        if (!absent) out.insert_or_assign(entry.key(), entry.value());
    }
    return out;
}

}  // namespace millrace::transform
