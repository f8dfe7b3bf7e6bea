#include "transform/detail/fields.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "transform/decimal.hpp"
#include "transform/detail/render.hpp"

namespace millrace::transform {
namespace {

constexpr int precision_max = 18;  ///< of a decimal that is written
constexpr int scale_usual_max = 12;

struct Wanted {
    Type type;
    int precision = precision_max;
};

/// "decimal(12,2)", "int", ...
std::optional<Wanted> parse_type(const std::string& text) {
    constexpr std::pair<std::string_view, Kind> kinds[] = {{"text", Kind::text}, {"int", Kind::int64}, {"float", Kind::float64}, {"bool", Kind::boolean}, {"date", Kind::date},
                                                           {"time", Kind::time}, {"timestamp", Kind::timestamp}, {"json", Kind::json}, {"list", Kind::list}, {"duration", Kind::duration}};
    if (text == "timestamp utc") return Wanted{{Kind::timestamp, 0, true}};
    for (const auto& [name, kind] : kinds) {
        if (name == text) return Wanted{{kind}};
    }
    const auto decimal = parse_decimal_type(text);
    if (!decimal || decimal->precision > precision_max) return std::nullopt;
    return Wanted{{Kind::decimal, static_cast<std::uint8_t>(decimal->scale)}, decimal->precision};
}

void collect_columns(const Expr& expr, std::set<std::string>& names) {
    if (expr.form == Expr::Form::column) names.insert(expr.text);
    for (const auto& arg : expr.args) collect_columns(arg, names);
}

/// A value that stands in JSON, as an expression of a type.
Expr constant_as(const json::value& value, const Type& type) {
    auto made = literal(value);
    if (!value.is_string()) return made;
    switch (type.kind) {
        case Kind::date: return call("parse_date", {std::move(made)});
        case Kind::time: return call("parse_time", {std::move(made)});
        case Kind::timestamp: {
            auto moment = call("parse_timestamp", {std::move(made), literal(type.utc)});
            moment.names[1] = "utc";
            return moment;
        }
        case Kind::decimal: return call("parse_decimal", {std::move(made), literal(std::int64_t{type.scale})});
        case Kind::int64: return call("parse_int", {std::move(made)});
        case Kind::json: return call("parse_json", {std::move(made)});
        default: return made;
    }
}

class Binder {
public:
    Binder(Program& program, std::vector<Issue>& issues) : program_{program}, issues_{issues} {}

    std::optional<Field> bind(const FieldSpec& spec, const std::string& at) {
        std::set<std::string> columns;
        const auto node = spec.expr ? of_expression(*spec.expr, at, columns) : of_steps(spec, at, columns);
        if (!node) return std::nullopt;
        Field field{.target = spec.target, .on_error = spec.on_error, .node = *node};
        const auto before = issues_.size();
        give_type(field, spec, at);
        if (spec.on_error == OnError::keep) keep(field, columns, at);
        if (spec.on_error == OnError::default_value) {
            noting(issues_, at + "/default_value", "", [&] {
                const auto type = program_.type(field.node);
                const auto constant = constant_as(spec.default_value, type);
                field.other = program_.convert(program_.add(constant), type, constant);
            });
        }
        if (issues_.size() > before) return std::nullopt;
        return field;
    }

private:
    std::optional<Program::Node> of_expression(const std::string& text, const std::string& at, std::set<std::string>& columns) {
        const auto expr = read_expression(text, at + "/expr", issues_);
        if (!expr) return std::nullopt;
        collect_columns(*expr, columns);
        std::optional<Program::Node> node;
        noting(issues_, at + "/expr", text, [&] { node = program_.add(*expr); });
        return node;
    }

    /// Each step takes what came before as its first argument; the first one takes all columns.
    std::optional<Program::Node> of_steps(const FieldSpec& spec, const std::string& at, std::set<std::string>& columns) {
        std::vector<Expr> before;
        for (std::size_t i = 0; i < spec.from.size(); ++i) {
            columns.insert(spec.from[i]);
            before.push_back(column(spec.from[i]));
            noting(issues_, fmt::format("{}/from/{}", at, i), "", [&] { program_.add(before.back()); });
        }
        if (!issues_.empty() && issues_.back().pointer.starts_with(at + "/from/")) return std::nullopt;
        const auto steps = spec.steps.value_or(std::vector<json::object>{});
        for (std::size_t i = 0; i < steps.size(); ++i) {
            auto made = step(steps[i], std::move(before), fmt::format("{}/steps/{}", at, i));
            if (!made) return std::nullopt;
            std::optional<Program::Node> node;
            noting(issues_, fmt::format("{}/steps/{}", at, i), "", [&] { node = program_.add(*made); });
            if (!node) return std::nullopt;
            before.clear();
            before.push_back(std::move(*made));
        }
        if (before.size() > 1) {
            issues_.push_back({at + "/steps", "required", "several columns need a step that joins them, such as {\"op\": \"concat\"}"});
            return std::nullopt;
        }
        std::optional<Program::Node> node;
        noting(issues_, at, "", [&] { node = program_.add(before.front()); });
        return node;
    }

    std::optional<Expr> step(const json::object& given, std::vector<Expr> before, const std::string& at) {
        const auto* name = given.if_contains("op");
        if (!name || !name->is_string()) {
            issues_.push_back({at + "/op", "required", "a step names its operator"});
            return std::nullopt;
        }
        const std::string op{std::string_view{name->get_string()}};
        if (!find_operator(op)) {
            issues_.push_back({at + "/op", "unknown_operator", "there is no operator \"" + op + "\"" + suggest_operator(op)});
            return std::nullopt;
        }
        // Values go to the first parameters that are no constants.
        const auto& parameters = signature_of(*find_operator(op)).parameters;
        auto made = call(op, {});
        std::size_t next = 0;
        for (auto& value : before) {
            while (next < parameters.size() && (parameters[next].constant || given.contains(parameters[next].name))) ++next;
            if (next == parameters.size()) {
                issues_.push_back({at, "expression", op + "() does not take " + std::to_string(before.size()) + " values"});
                return std::nullopt;
            }
            made.args.push_back(std::move(value));
            made.names.push_back(parameters[next].name);
            if (!parameters[next].variadic) ++next;
        }
        // Several values of one parameter have no names; they come last, as all variadic parameters do.
        const bool many = next < parameters.size() && parameters[next].variadic;
        for (const auto& entry : given) {
            if (entry.key() == "op") continue;
            const auto* inner = entry.value().if_object();
            const auto* expr = inner && inner->size() == 1 ? inner->if_contains("expr") : nullptr;
            auto argument = literal(entry.value());
            if (expr && expr->is_string()) {
                auto read = read_expression(std::string{std::string_view{expr->get_string()}}, at + '/' + std::string{entry.key()}, issues_);
                if (!read) return std::nullopt;
                argument = std::move(*read);
            }
            made.args.push_back(std::move(argument));
            made.names.emplace_back(entry.key());
        }
        return many ? in_order(std::move(made), parameters) : made;
    }

    /// By position, where names cannot say it.
    static Expr in_order(Expr made, const std::vector<Parameter>& parameters) {
        auto ordered = call(made.text, {});
        const auto push = [&](Expr value, std::string name) {
            ordered.args.push_back(std::move(value));
            ordered.names.push_back(std::move(name));
        };
        for (const auto& parameter : parameters) {
            for (std::size_t i = 0; i < made.args.size(); ++i) {
                if (made.names[i] == parameter.name) push(made.args[i], "");
            }
        }
        for (std::size_t i = 0; i < made.args.size(); ++i) {
            if (std::ranges::find(parameters, made.names[i], &Parameter::name) == parameters.end()) push(made.args[i], made.names[i]);
        }
        return ordered;
    }

    void give_type(Field& field, const FieldSpec& spec, const std::string& at) {
        static const Expr nowhere;
        int precision = precision_max;
        noting(issues_, at + "/type", "", [&] {
            if (spec.type) {
                const auto wanted = parse_type(*spec.type);
                if (!wanted) throw ExpressionFault{0, 0, "a type is text, int, decimal(p,s) of at most 18 digits, float, bool, date, time, timestamp, timestamp utc, duration, json or list"};
                field.node = program_.convert(field.node, wanted->type, nowhere);
                precision = wanted->precision;
            }
            auto type = program_.type(field.node);
            if (type.kind == Kind::nothing) field.node = program_.convert(field.node, type = {}, nowhere);
            if (type.kind == Kind::decimal && !spec.type && type.scale > scale_usual_max) {
                throw ExpressionFault{0, 0, fmt::format("the value has {} digits after the point; say how many with round(), or a type such as decimal(12,2)", type.scale)};
            }
            field.node = program_.limit_digits(field.node, precision);
            const auto written = data_type_of(type);
            field.column = {.name = spec.target, .label = spec.target, .type = *written};
            if (type.kind == Kind::decimal) field.column.type.precision = static_cast<std::uint8_t>(precision);
            field.column.trimmed = type.kind == Kind::decimal && !spec.type;
        });
    }

    void keep(Field& field, const std::set<std::string>& columns, const std::string& at) {
        noting(issues_, at + "/on_error", "", [&] {
            if (program_.type(field.node).kind != Kind::text) throw ExpressionFault{0, 0, "only a text can be kept as it stood; this is " + to_string(program_.type(field.node))};
            if (columns.size() != 1) throw ExpressionFault{0, 0, "one column can be kept, not " + std::to_string(columns.size())};
            auto kept = column(*columns.begin());
            if (!program_.type(program_.add(kept)).is_text()) kept = call("to_text", {std::move(kept)});
            field.other = program_.add(kept);
        });
    }

    Program& program_;
    std::vector<Issue>& issues_;
};

template <class Value, class From>
void append_values(const Vector& from, std::span<const std::uint8_t> kept, formats::Column& to, From value) {
    for (std::size_t row = 0; row < kept.size(); ++row) {
        if (!kept[row]) continue;
        if (from.has(row)) to.push(static_cast<Value>(value(row)));
        else to.push_null();
    }
}

}  // namespace

std::optional<Expr> read_expression(const std::string& text, const std::string& pointer, std::vector<Issue>& issues) {
    auto expr = parse_expression(text);
    if (expr) return std::move(*expr);
    issues.push_back({pointer, "syntax", explain(text, expr.error())});
    return std::nullopt;
}

std::vector<Field> bind_fields(const std::vector<FieldSpec>& specs, Program& program, std::vector<Issue>& issues) {
    std::vector<Field> fields;
    Binder binder{program, issues};
    for (std::size_t i = 0; i < specs.size(); ++i) {
        if (auto field = binder.bind(specs[i], "/fields/" + std::to_string(i))) fields.push_back(std::move(*field));
    }
    return fields;
}

std::optional<formats::DataType> data_type_of(const Type& type) {
    using formats::Type;
    switch (type.kind) {
        case Kind::nothing:
        case Kind::text:
        case Kind::duration: return formats::DataType{Type::text};
        case Kind::json:
        case Kind::list: return formats::DataType{Type::json};
        case Kind::int64: return formats::DataType{Type::int64};
        case Kind::decimal:
            if (type.scale > precision_max) return std::nullopt;
            return formats::DataType{Type::decimal, precision_max, type.scale};
        case Kind::float64: return formats::DataType{Type::float64};
        case Kind::boolean: return formats::DataType{Type::boolean};
        case Kind::date: return formats::DataType{Type::date};
        case Kind::time: return formats::DataType{Type::time};
        case Kind::timestamp: return formats::DataType{Type::timestamp, 0, 0, type.utc};
    }
    return std::nullopt;
}

void append_rows(const Vector& from, std::span<const std::uint8_t> kept, formats::Column& to) {
    if (to.type.is_text()) {
        if (from.type.is_text()) return append_values<std::string_view>(from, kept, to, [&](std::size_t row) { return from.texts[row]; });
        std::string text;
        return append_values<std::string_view>(from, kept, to, [&](std::size_t row) {
            text.clear();
            append_value(text, from, row);
            return std::string_view{text};
        });
    }
    if (from.type.kind == Kind::decimal) return append_values<std::int64_t>(from, kept, to, [&](std::size_t row) { return from.decimals[row]; });
    if (from.type.kind == Kind::float64) return append_values<double>(from, kept, to, [&](std::size_t row) { return from.floats[row]; });
    append_values<std::int64_t>(from, kept, to, [&](std::size_t row) { return from.ints[row]; });
}

}  // namespace millrace::transform
