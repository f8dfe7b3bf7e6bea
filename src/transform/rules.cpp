#include "transform/rules.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/suggest.hpp"
#include "transform/calendar.hpp"
#include "transform/decimal.hpp"
#include "transform/detail/checks.hpp"
#include "transform/detail/fixes.hpp"
#include "transform/detail/render.hpp"
#include "transform/detail/text.hpp"
#include "transform/spill.hpp"

namespace millrace::transform {
namespace {

const RuleKind& kind_of(const RuleSpec& rule) { return *std::ranges::find(rule_kinds(), rule.rule, &RuleKind::name); }

/// Words that stand for what an encoding has made of accented letters, and characters that texts do not have.
bool is_garbled(std::string_view text) {
    constexpr std::string_view traces[] = {"\xef\xbf\xbd", "\u00c3\u00a9", "\u00c3\u00a8", "\u00c3\u00ab", "\u00c3\u00af", "\u00c3\u00b6", "\u00c3\u00bc", "\u00c3\u00a4", "\u00c3\u00a7", "\u00c3\u00b1", "\u00c3\u2030", "\u00e2\u20ac\u2122", "\u00e2\u20ac\u201c", "\u00e2\u201a\u00ac", "\u00c3\u201a", "\u00c2\u00a3", "\u00c2\u00a0", "\u00c3\u0178"};
    bool doubtful = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') return true;
        if (c < 0x80) continue;
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
        doubtful |= c == 0xef || (c == 0xc3 && (next == 0x82 || next == 0x83 || next == 0xa2));  // how all traces begin
    }
    if (!doubtful) return false;
    return std::ranges::any_of(traces, [&](std::string_view trace) { return text.find(trace) != text.npos; });
}

Expr text_literal(const std::string& text) { return literal(json::value(boost::json::string{text})); }

Expr named(Expr made, const std::string& name, Expr value) {
    made.args.push_back(std::move(value));
    made.names.push_back(name);
    return made;
}

}  // namespace

struct Rules::State {
    /// A rule over rows: either `holds` is false, or `made` could not be made.
    struct Judge {
        const RuleSpec* spec = nullptr;
        const RuleKind* kind = nullptr;
        std::string id, column, message;
        std::optional<Program::Node> holds, made, value;
        bool garbled = false;
        bool errors_count = false;  // holds being an error is a problem too
        std::vector<Program::Node> keys;  // of late rules
        std::unique_ptr<Duplicates> found;
        Bitmap later;  // rows that repeat an earlier one
        Fixer fix;
    };
    struct TableJudge {
        const RuleSpec* spec = nullptr;
        std::string id;
        std::optional<Program::Node> value;
        std::uint64_t nulls = 0;
        Int128 sum = 0;
        bool overflow = false;
        std::optional<std::int64_t> newest;  // days
        std::optional<Int128> min, max;
        int scale = 0;
    };

    RulesSpec spec;
    Program& program;
    const std::vector<SourceColumn>& source;
    std::uint64_t memory_bytes;
    std::int64_t now;
    std::vector<Judge> judges;
    std::vector<TableJudge> tables;
    std::map<std::string, const RuleSpec*> types;  // how the text of a column is read

    Expr column_of(const std::string& name, std::vector<Issue>& issues, const std::string& pointer) const;
    Expr as_text(const std::string& name) const;
    Expr typed(const std::string& name, const RuleSpec& rule) const;
    Expr parsed(Expr text, const RuleSpec& how) const;
    Expr bound(const json::value& value, const Type& type) const;
    void make(const RuleSpec& rule, const RuleKind& kind, const std::vector<std::string>& names);
    void make_late(Judge& judge, const std::vector<std::string>& names);
    void make_table(const RuleSpec& rule, const std::string& id);
    void take_table(std::size_t rows, std::span<const std::uint8_t> kept);
};

Expr Rules::State::as_text(const std::string& name) const {
    auto made = column(name);
    if (program.type(program.add(made)).is_text()) return made;
    return call("to_text", {std::move(made)});
}

/// A text read as a rule of kind type says.
Expr Rules::State::parsed(Expr text, const RuleSpec& how) const {
    const std::string_view type = *how.type;
    const auto with_notation = [&](Expr made) {
        if (how.point) made = named(std::move(made), "point", text_literal(*how.point));
        if (how.group) made = named(std::move(made), "group", text_literal(*how.group));
        return made;
    };
    const auto with_pattern = [&](Expr made) { return how.pattern ? named(std::move(made), "pattern", text_literal(*how.pattern)) : made; };
    if (type == "int") {
        auto made = call("parse_int", {std::move(text)});
        return how.group ? named(std::move(made), "group", text_literal(*how.group)) : made;
    }
    if (type == "float") return call("parse_float", {std::move(text)});
    if (type == "bool") return call("parse_bool", {std::move(text)});
    if (type == "date") return with_pattern(call("parse_date", {std::move(text)}));
    if (type == "time") return with_pattern(call("parse_time", {std::move(text)}));
    if (type == "timestamp") return with_pattern(call("parse_timestamp", {std::move(text)}));
    if (type == "timestamp utc") return named(with_pattern(call("parse_timestamp", {std::move(text)})), "utc", literal(true));
    if (type == "json") return call("parse_json", {std::move(text)});
    const auto decimal = parse_decimal_type(type);
    if (decimal || type == "decimal") return with_notation(call("parse_decimal", {std::move(text), literal(std::int64_t{decimal ? decimal->scale : 9})}));
    throw ExpressionFault{0, 0, "a type is int, decimal, decimal(p,s), float, bool, date, time, timestamp, timestamp utc or json, not \"" + *how.type + "\""};
}

/// The value of a column for comparisons: as its type rule says, or as the bounds look.
Expr Rules::State::typed(const std::string& name, const RuleSpec& rule) const {
    auto made = column(name);
    if (!program.type(program.add(made)).is_text()) return made;
    if (const auto known = types.find(name); known != types.end()) return parsed(std::move(made), *known->second);
    const auto& sample = rule.min.is_null() ? rule.max : rule.min;
    const bool date = rule.rule == "fresh" || (sample.is_string() && sample.get_string().size() == 10);
    if (date) return call("parse_date", {std::move(made)});
    return call("parse_decimal", {std::move(made), literal(std::int64_t{9})});
}

Expr Rules::State::bound(const json::value& value, const Type& type) const {
    if (!value.is_string()) return literal(value);
    const std::string text{std::string_view{value.get_string()}};
    if (type.kind == Kind::date) return call("parse_date", {text_literal(text)});
    if (type.kind == Kind::timestamp) return named(call("parse_timestamp", {text_literal(text)}), "utc", literal(type.utc));
    if (type.kind == Kind::time) return call("parse_time", {text_literal(text)});
    if (!type.is_number()) return text_literal(text);
    // With the digits of the column where they suffice, so that no row has to be given more of them.
    Int128 number = 0;
    const int scale = parse_decimal(text, {}, type.scale, number) == NumberFault::none ? type.scale : 9;
    return call("parse_decimal", {text_literal(text), literal(std::int64_t{scale})});
}

void Rules::State::make(const RuleSpec& rule, const RuleKind& kind, const std::vector<std::string>& names) {
    const auto columns = rule.column ? std::vector{*rule.column} : rule.columns;
    const auto id = rule.id.value_or(fmt::format("{}({})", rule.rule, fmt::join(columns, ",")));
    if (kind.of_table) return make_table(rule, id);
    Judge judge{.spec = &rule, .kind = &kind, .id = id, .column = fmt::format("{}", fmt::join(columns, ",")), .message = rule.message.value_or("")};
    if (kind.late) {
        make_late(judge, names);
        judges.push_back(std::move(judge));
        return;
    }
    const auto& name = rule.column.value_or("");
    const auto is_value = rule.column ? std::optional{program.add(as_text(name))} : std::nullopt;
    judge.value = is_value;
    std::optional<Expr> holds;
    if (kind.name == "required") {
        holds = call("not", {call("is_blank", {column(name)})});
    } else if (kind.name == "required_if") {
        const auto when = parse_expression(*rule.when);
        if (!when) throw ExpressionFault{0, 0, explain(*rule.when, when.error())};
        holds = call("or", {call("not", {call("coalesce", {*when, literal(false)})}), call("not", {call("is_blank", {column(name)})})});
    } else if (kind.name == "type") {
        if (program.type(*is_value) == program.type(program.add(column(name)))) {
            judge.made = program.add(parsed(column(name), rule));
            if (const auto decimal = parse_decimal_type(*rule.type)) judge.made = program.limit_digits(*judge.made, decimal->precision);
        }
        judge.fix = Fixer::of_type(*rule.type);
    } else if (kind.name == "format") {
        holds = call("is_format", {as_text(name), text_literal(*rule.format)});
        judge.fix = Fixer::of_format(*rule.format);
    } else if (kind.name == "range") {
        const auto value = typed(name, rule);
        const auto type = program.type(program.add(value));
        if (rule.max.is_null() && rule.min.is_null()) throw ExpressionFault{0, 0, "a range has a min or a max"};
        if (rule.max.is_null()) holds = call("greater_equal", {value, bound(rule.min, type)});
        else if (rule.min.is_null()) holds = call("less_equal", {value, bound(rule.max, type)});
        else holds = call("between", {value, bound(rule.min, type), bound(rule.max, type)});
    } else if (kind.name == "length") {
        const auto length = call("length", {as_text(name)});
        holds = call("between", {length, literal(static_cast<std::int64_t>(rule.min_length.value_or(0))), literal(static_cast<std::int64_t>(std::min<std::uint64_t>(rule.max_length.value_or(INT64_MAX), INT64_MAX)))});
    } else if (kind.name == "pattern") {
        holds = call("matches", {as_text(name), text_literal(*rule.pattern)});
        judge.fix = Fixer::of_pattern(*rule.pattern);
    } else if (kind.name == "enum") {
        json::array values;
        for (const auto& value : rule.values) values.emplace_back(value);
        if (rule.ignore_case.value_or(false)) judge.made = program.add(call("enum_match", {as_text(name), literal(values), text_literal("ci")}));
        else holds = call("in_list", {as_text(name), literal(values)});
        judge.fix = Fixer::of_values(rule.values);
    } else if (kind.name == "reference") {
        std::vector<Expr> args{text_literal(*rule.lookup)};
        for (const auto& key : columns) args.push_back(as_text(key));
        holds = call("in_lookup", std::move(args));
        judge.value = program.add(as_text(columns.front()));
    } else if (kind.name == "text") {
        judge.garbled = true;
    } else {
        const auto expr = parse_expression(*rule.expr);
        if (!expr) throw ExpressionFault{0, 0, explain(*rule.expr, expr.error())};
        try {
            judge.holds = program.add(*expr);
        } catch (const ExpressionFault& fault) {
            throw ExpressionFault{0, 0, explain(*rule.expr, fault)};
        }
        if (program.type(*judge.holds).kind != Kind::boolean) throw ExpressionFault{0, 0, "a row rule is true or false; this is " + to_string(program.type(*judge.holds))};
        judge.errors_count = true;
    }
    if (holds) judge.holds = program.add(*holds);
    judges.push_back(std::move(judge));
}

void Rules::State::make_late(Judge& judge, const std::vector<std::string>& names) {
    auto columns = judge.spec->column ? std::vector{*judge.spec->column} : judge.spec->columns;
    if (columns.empty()) columns = names;
    for (const auto& name : columns) {
        auto text = as_text(name);
        judge.keys.push_back(program.add(text));
    }
    if (columns.size() == 1) judge.value = judge.keys.front();
    judge.found = std::make_unique<Duplicates>(memory_bytes);
}

void Rules::State::make_table(const RuleSpec& rule, const std::string& id) {
    TableJudge judge{.spec = &rule, .id = id};
    if (rule.rule == "nulls") judge.value = program.add(column(*rule.column));
    if (rule.rule == "sum" || rule.rule == "fresh") {
        judge.value = program.add(typed(*rule.column, rule));
        const auto type = program.type(*judge.value);
        if (rule.rule == "fresh" && type.kind != Kind::date && type.kind != Kind::timestamp) throw ExpressionFault{0, 0, "only dates are fresh; this is " + to_string(type)};
        if (rule.rule == "sum" && type.kind != Kind::int64 && type.kind != Kind::decimal) throw ExpressionFault{0, 0, "only exact numbers are added; this is " + to_string(type)};
        judge.scale = type.scale;
        const auto exact = [&](const json::value& value) -> std::optional<Int128> {
            if (value.is_null()) return std::nullopt;
            const auto text = value.is_string() ? std::string{std::string_view{value.get_string()}} : json::serialize(value);
            Int128 number = 0;
            if (parse_decimal(text, {}, 18, number) != NumberFault::none) throw ExpressionFault{0, 0, "\"" + text + "\" is not a number"};
            return number;
        };
        if (rule.rule == "sum") judge.min = exact(rule.min), judge.max = exact(rule.max);
    }
    tables.push_back(std::move(judge));
}

Rules::Rules(const RulesSpec& spec, Program& program, const std::vector<SourceColumn>& source, const std::vector<std::string>& names,
             std::uint64_t memory_bytes, std::int64_t now, std::vector<Issue>& issues)
    : state_{new State{.spec = spec, .program = program, .source = source, .memory_bytes = memory_bytes, .now = now}} {
    for (const auto& rule : state_->spec.rules) {
        if (rule.rule == "type") state_->types[*rule.column] = &rule;
    }
    for (std::size_t i = 0; i < state_->spec.rules.size(); ++i) {
        const auto& rule = state_->spec.rules[i];
        try {
            state_->make(rule, kind_of(rule), names);
        } catch (const ExpressionFault& fault) {
            const auto member = rule.expr ? "/expr" : rule.when ? "/when" : "";
            issues.push_back({fmt::format("/rules/{}{}", i, member), "expression", fault.why});
        }
    }
}

Rules::~Rules() = default;

bool Rules::has_late() const { return std::ranges::any_of(state_->judges, [](const auto& judge) { return judge.kind->late; }); }

namespace {

/// The key of some values; nothing when all of them are null.
bool key_of(const Program& program, const std::vector<Program::Node>& nodes, std::size_t row, bool fold, bool nulls_count, std::string& key) {
    key.clear();
    bool any = false;
    for (const auto node : nodes) {
        const auto& value = program.value(node);
        if (!value.has(row)) {
            if (!nulls_count) return false;
            key += '\0';
            continue;
        }
        any = true;
        key += '\1';
        if (fold) put_text(key, folded(value.texts[row]));
        else put_text(key, value.texts[row]);
    }
    return any || nulls_count;
}

}  // namespace

void Rules::gather(std::uint64_t ordinal, std::size_t rows) {
    std::string key;
    for (auto& judge : state_->judges) {
        if (!judge.kind->late) continue;
        const bool whole = judge.kind->name == "duplicate_rows";
        for (std::size_t row = 0; row < rows; ++row) {
            if (key_of(state_->program, judge.keys, row, judge.spec->ignore_case.value_or(false), whole, key)) judge.found->add(key, ordinal + row);
        }
    }
}

void Rules::finish_gathering() {
    for (auto& judge : state_->judges) {
        if (!judge.kind->late) continue;
        judge.found->finish([&](std::uint64_t row, std::uint64_t first, std::uint64_t) {
            if (row != first) judge.later.set(row);
        });
    }
}

void Rules::State::take_table(std::size_t rows, std::span<const std::uint8_t> kept) {
    for (auto& table : tables) {
        if (!table.value) continue;
        const auto& value = program.value(*table.value);
        for (std::size_t row = 0; row < rows; ++row) {
            if (table.spec->rule == "nulls") {
                table.nulls += value.has(row) || value.state(row) == transform::State::error ? 0 : 1;
            } else if (!kept[row] || !value.has(row)) {
                continue;
            } else if (table.spec->rule == "sum") {
                const auto sum = transform::add(table.sum, value.type.kind == Kind::decimal ? value.decimals[row] : static_cast<Int128>(value.ints[row]));
                table.overflow |= !sum;
                table.sum = sum.value_or(0);
            } else {
                const auto days = value.type.kind == Kind::date ? value.ints[row] : value.ints[row] / micros_per_day;
                table.newest = std::max(table.newest.value_or(days), days);
            }
        }
    }
}

void Rules::judge(const Frame& frame, std::uint64_t ordinal, std::span<std::uint8_t> kept,
                  const std::function<void(const Problem&, std::size_t)>& tell) {
    const auto rows = kept.size();
    auto& program = state_->program;
    for (auto& judge : state_->judges) {
        const Vector* const holds = judge.holds ? &program.value(*judge.holds) : nullptr;
        const Vector* const made = judge.made ? &program.value(*judge.made) : nullptr;
        const Vector* const value = judge.value ? &program.value(*judge.value) : nullptr;
        const auto problem = [&](std::size_t row, std::string_view code, std::string_view message) {
            Problem found{.row = frame.row_numbers[row], .column = judge.column, .rule = judge.id, .code = std::string{code}, .severity = judge.spec->severity};
            const bool has = value && value->has(row);
            if (has) found.value = shown(value->texts[row]);
            found.message = judge.message.empty() ? std::string{message} : judge.message;
            if (has) found.fix = judge.fix.propose(value->texts[row]);
            if (judge.spec->severity == Severity::error) kept[row] = 0;
            tell(found, row);
        };
        if (made && !made->plain) {
            for (std::size_t row = 0; row < rows; ++row) {
                if (made->states[row] != transform::State::error) continue;
                const auto& fault = frame.faults[made->faults[row]];
                problem(row, fault.code, fault_text(fault.code));
            }
        }
        if (holds) {
            for (std::size_t row = 0; row < rows; ++row) {
                if (holds->has(row) && holds->ints[row] != 0) continue;
                if (holds->has(row)) problem(row, judge.kind->code, message_of(judge.kind->name));
                else if (judge.errors_count && holds->state(row) == transform::State::error) problem(row, frame.faults[holds->faults[row]].code, fault_text(frame.faults[holds->faults[row]].code));
            }
        }
        if (judge.garbled) {
            for (std::size_t row = 0; row < rows; ++row) {
                if (value->has(row) && is_garbled(value->texts[row])) problem(row, judge.kind->code, message_of(judge.kind->name));
            }
        }
        if (judge.kind->late) {
            for (std::size_t row = 0; row < rows; ++row) {
                if (judge.later.test(ordinal + row)) problem(row, judge.kind->code, message_of(judge.kind->name));
            }
        }
    }
    state_->take_table(rows, kept);
}

void Rules::judge_table(std::uint64_t rows, const OnProblem& tell) const {
    for (const auto& table : state_->tables) {
        const auto& rule = *table.spec;
        const auto problem = [&](std::string_view code, std::string value, std::string message, Severity severity, std::string column, std::optional<Fix> fix = {}) {
            if (tell) tell({.row = 0, .column = std::move(column), .rule = table.id, .code = std::string{code}, .severity = severity, .value = std::move(value),
                            .message = rule.message.value_or(std::move(message)), .fix = std::move(fix)});
        };
        const auto column = rule.column.value_or("");
        if (rule.rule == "rows") {
            if (rows < rule.min_rows.value_or(0) || rows > rule.max_rows.value_or(UINT64_MAX)) problem("row_count", std::to_string(rows), "the table has another number of rows than expected", rule.severity, "");
        } else if (rule.rule == "nulls") {
            const double ratio = rows == 0 ? 0 : static_cast<double>(table.nulls) / static_cast<double>(rows);
            if (ratio > *rule.max_ratio) problem("too_many_nulls", fmt::format("{:.4f}", ratio), "too many values are missing", rule.severity, column);
        } else if (rule.rule == "sum") {
            std::string text;
            append_decimal(text, table.sum, table.scale, true);
            const auto scaled = scale_up(table.sum, 18 - table.scale);
            const bool out = table.overflow || !scaled || (table.min && *scaled < *table.min) || (table.max && *scaled > *table.max);
            if (out) problem("sum_out_of_range", table.overflow ? "" : text, "the sum is not in its range", rule.severity, column);
        } else if (rule.rule == "fresh") {
            const auto today = state_->now / micros_per_day;
            if (!table.newest || today - *table.newest > *rule.max_age_days) {
                std::string newest;
                if (table.newest) {
                    const auto date = date_of(*table.newest);
                    newest = fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
                }
                problem("stale", newest, "the newest date is too old", rule.severity, column);
            }
        } else {
            std::vector<std::string> have;
            for (const auto& source : state_->source) {
                if (!source.name.starts_with("millrace_")) have.push_back(source.name);
            }
            std::vector<std::string> extra;
            for (const auto& name : have) {
                if (std::ranges::find(rule.values, name) == rule.values.end()) extra.push_back(name);
            }
            bool all = true;
            for (const auto& name : rule.values) {
                if (std::ranges::find(have, name) != have.end()) continue;
                all = false;
                const auto near = closest(name, extra);
                problem("missing_column", "", near ? "the column is missing; \"" + *near + "\" may be it" : "the column is missing", rule.severity, name, near ? std::optional{Fix{"rename", *near}} : std::nullopt);
            }
            for (const auto& name : extra) problem("extra_column", "", "the column is not expected", std::max(rule.severity, Severity::warning), name);
            if (rule.ordered.value_or(false) && all && extra.empty() && have != rule.values) problem("other_order", "", "the columns stand in another order", std::max(rule.severity, Severity::warning), "");
        }
    }
}

void Rules::restart() {
    for (auto& table : state_->tables) {
        table.nulls = 0;
        table.sum = 0;
        table.overflow = false;
        table.newest.reset();
    }
}

}  // namespace millrace::transform
