#include "transform/program.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/suggest.hpp"
#include "transform/decimal.hpp"
#include "transform/detail/render.hpp"

namespace millrace::transform {
namespace {

[[noreturn]] void refuse(const Expr& at, std::string why) { throw ExpressionFault{at.begin, at.end, std::move(why)}; }

/// What to say instead, where a value of another type stands.
std::string_view how_to_get(std::string_view kind, const Type& from) {
    if (from.is_text()) {
        if (kind == "number") return "; read it with parse_decimal(), parse_int() or parse_float()";
        if (kind == "int") return "; read it with parse_int()";
        if (kind == "date") return "; read it with parse_date()";
        if (kind == "timestamp") return "; read it with parse_timestamp()";
        if (kind == "moment") return "; read it with parse_date(), parse_time() or parse_timestamp()";
        if (kind == "bool") return "; read it with parse_bool(), or compare it";
        if (kind == "list") return "; read it with split() or parse_list()";
    }
    if (kind == "text") return from.kind == Kind::date || from.kind == Kind::timestamp ? "; write it with format_date() or to_text()" : "; write it with to_text()";
    if (kind == "date" && from.kind == Kind::timestamp) return "; take its to_date()";
    if (kind == "int" && from.is_number()) return "; make it one with to_int() or round()";
    return "";
}

bool is_of(const Type& type, std::string_view kind) {
    switch (type.kind) {
        case Kind::text: return kind == "text" || kind == "any" || kind == "any_text";
        case Kind::int64: return kind == "int" || kind == "number" || kind == "any";
        case Kind::decimal: return kind == "number" || kind == "any";
        case Kind::float64: return kind == "number" || kind == "any";
        case Kind::boolean: return kind == "bool" || kind == "any";
        case Kind::date: return kind == "date" || kind == "moment" || kind == "any";
        case Kind::time: return kind == "time" || kind == "moment" || kind == "any";
        case Kind::timestamp: return kind == "timestamp" || kind == "moment" || kind == "any";
        case Kind::duration: return kind == "duration" || kind == "any";
        case Kind::json: return kind == "json" || kind == "any_text" || kind == "any";
        case Kind::list: return kind == "list" || kind == "any_text" || kind == "any";
        case Kind::nothing: return false;
    }
    return false;
}

/// The type of a null where a kind is expected.
Type type_of_null(std::string_view kind) {
    constexpr std::pair<std::string_view, Kind> kinds[] = {{"int", Kind::int64}, {"number", Kind::int64}, {"bool", Kind::boolean}, {"date", Kind::date},
                                                           {"moment", Kind::date}, {"time", Kind::time}, {"timestamp", Kind::timestamp},
                                                           {"duration", Kind::duration}, {"json", Kind::json}, {"list", Kind::list}};
    for (const auto& [name, made] : kinds) {
        if (name == kind) return {made};
    }
    return {};
}

bool is_constant_of(const json::value& value, std::string_view kind) {
    if (kind == "text") return value.is_string();
    if (kind == "int") return value.is_int64();
    if (kind == "bool") return value.is_bool();
    if (kind == "list") return value.is_array();
    if (kind == "map") return value.is_object();
    return true;
}

std::string_view article(std::string_view kind) { return kind == "int" ? "an " : "a "; }
std::string_view in_words(std::string_view kind) { return kind == "int" ? "int" : kind == "moment" ? "date or time" : kind == "any_text" ? "text or json" : kind; }

/// The type that holds both, if there is one.
std::optional<Type> common(const Type& a, const Type& b) {
    if (a.kind == Kind::nothing) return b;
    if (b.kind == Kind::nothing || a == b) return a;
    if (!a.is_number() || !b.is_number()) return std::nullopt;
    if (a.kind == Kind::float64 || b.kind == Kind::float64) {
        if (a.kind == Kind::decimal || b.kind == Kind::decimal) return std::nullopt;
        return Type{Kind::float64};
    }
    return Type{Kind::decimal, std::max(a.scale, b.scale)};
}

}  // namespace

json::value constant_of(const Expr& expr) {
    switch (expr.form) {
        case Expr::Form::null: return nullptr;
        case Expr::Form::boolean: return expr.text == "true";
        case Expr::Form::text: return json::value(boost::json::string{expr.text});
        case Expr::Form::number: {
            std::int64_t whole = 0;
            const auto read = std::from_chars(expr.text.data(), expr.text.data() + expr.text.size(), whole);
            if (read.ec == std::errc{} && read.ptr == expr.text.data() + expr.text.size()) return whole;
            return json::value(boost::json::string{expr.text});  // with all its digits
        }
        case Expr::Form::list: {
            json::array list;
            for (const auto& item : expr.args) list.push_back(constant_of(item));
            return list;
        }
        case Expr::Form::map: {
            json::object map;
            for (std::size_t i = 0; i < expr.args.size(); ++i) map[expr.names[i]] = constant_of(expr.args[i]);
            return map;
        }
        case Expr::Form::call:
            if (expr.text == "negate" && expr.args.size() == 1 && expr.args[0].form == Expr::Form::number) {
                const auto value = constant_of(expr.args[0]);
                if (value.is_int64()) return -value.get_int64();
                return json::value(boost::json::string{"-" + expr.args[0].text});
            }
            break;
        case Expr::Form::column: break;
    }
    refuse(expr, "this must be a constant: it is known before the first row");
}

/// The arguments of a call as its parameters take them.
struct Program::Given {
    std::vector<const Expr*> values;
    std::vector<const Parameter*> of;  // the parameter of each value
    json::object constants;
    std::vector<const Parameter*> absent;  // values that may be left out

    Given(const Signature& signature, const Expr& expr) {
        const auto& parameters = signature.parameters;
        std::vector<const Expr*> found(parameters.size());
        std::vector<const Expr*> more;
        std::size_t position = 0;
        for (std::size_t i = 0; i < expr.args.size(); ++i) {
            const auto& arg = expr.args[i];
            if (expr.names[i].empty()) {
                if (position < parameters.size()) {
                    found[position] = &arg;
                    if (parameters[position].variadic) more.push_back(&arg);
                    else ++position;
                    continue;
                }
                refuse(arg, fmt::format("{}() takes {} argument{}, not {}", signature.name, parameters.size(), parameters.size() == 1 ? "" : "s", expr.args.size()));
            }
            const auto at = std::ranges::find(parameters, expr.names[i], &Parameter::name);
            if (at == parameters.end()) {
                std::vector<std::string> names;
                for (const auto& parameter : parameters) names.push_back(parameter.name);
                refuse(arg, fmt::format("{}() has no argument \"{}\"{}", signature.name, expr.names[i], did_you_mean(expr.names[i], names)));
            }
            auto& slot = found[static_cast<std::size_t>(at - parameters.begin())];
            if (slot) refuse(arg, fmt::format("the argument \"{}\" is given twice", expr.names[i]));
            slot = &arg;
            if (at->variadic) more.push_back(&arg);
        }
        for (std::size_t i = 0; i < parameters.size(); ++i) take(signature, parameters[i], found[i], more, expr);
    }

    void take(const Signature& signature, const Parameter& parameter, const Expr* arg, const std::vector<const Expr*>& more, const Expr& expr) {
        if (!arg && !parameter.preset) refuse(expr, fmt::format("{}() needs its argument \"{}\": {}", signature.name, parameter.name, parameter.kind));
        if (parameter.constant) {
            if (!arg) {
                if (*parameter.preset != "null") constants[parameter.name] = constant_of(*parse_expression(*parameter.preset));
                return;
            }
            auto value = constant_of(*arg);
            if (value.is_null() && parameter.preset) return;
            if (!is_constant_of(value, parameter.kind)) refuse(*arg, fmt::format("\"{}\" must be {}{}", parameter.name, article(parameter.kind), parameter.kind));
            constants[parameter.name] = std::move(value);
            return;
        }
        const auto push = [&](const Expr* value) {
            values.push_back(value);
            of.push_back(&parameter);
        };
        if (parameter.variadic) std::ranges::for_each(more, push);
        else push(arg);
    }
};

Program::Program(const std::vector<SourceColumn>& columns, const Lookups& lookups, std::int64_t now) : columns_{columns}, lookups_{lookups}, now_{now} {}

bool Program::knows(std::string_view name) const {
    return names_.contains(name) || defined_.contains(name) || std::ranges::find(columns_, name, &SourceColumn::name) != columns_.end();
}

Program::Node Program::add(const Expr& expr) {
    struct Depth {
        int& depth;
        ~Depth() { --depth; }
    } const guard{depth_};
    if (++depth_ > 1000) refuse(expr, "it is nested too deeply");
    switch (expr.form) {
        case Expr::Form::column: return add_column(expr);
        case Expr::Form::call: return expr.text == "case" ? add_case(expr) : add_call(expr);
        case Expr::Form::map: refuse(expr, "a map can only be an argument that is known before the first row");
        default: return add_literal(expr);
    }
}

Program::Node Program::add_step(std::string key, Step step) {
    if (nodes_.size() >= nodes_max) throw ExpressionFault{step.begin, step.begin, fmt::format("all expressions together need more than {} steps", nodes_max)};
    const auto node = static_cast<Node>(nodes_.size());
    nodes_.push_back(std::move(step));
    if (!key.empty()) known_.emplace(std::move(key), node);
    return node;
}

Program::Node Program::add_column(const Expr& expr) {
    if (const auto named = names_.find(expr.text); named != names_.end()) return named->second;
    if (const auto defined = defined_.find(expr.text); defined != defined_.end()) {
        if (std::ranges::find(defining_, expr.text) != defining_.end()) refuse(expr, fmt::format("\"{}\" is made of itself", expr.text));
        defining_.push_back(expr.text);
        Node node;
        try {
            node = add(defined->second);
        } catch (ExpressionFault& fault) {
            defining_.pop_back();
            refuse(expr, fault.why.starts_with("in \"") || defining_.empty() ? fmt::format("in \"{}\": {}", expr.text, fault.why) : fault.why);
        }
        defining_.pop_back();
        return names_[expr.text] = node;
    }
    const auto at = std::ranges::find(columns_, expr.text, &SourceColumn::name);
    if (at == columns_.end()) {
        std::vector<std::string> names;
        for (const auto& [name, value] : defined_) names.push_back(name);
        for (const auto& column : columns_) names.push_back(column.name);
        for (const auto& [name, node] : names_) names.push_back(name);
        auto why = fmt::format("there is no column \"{}\"{}", expr.text, did_you_mean(expr.text, names));
        if (find_operator(expr.text)) why += fmt::format("; the operator is written {}(...)", expr.text);
        refuse(expr, std::move(why));
    }
    const auto number = static_cast<std::size_t>(at - columns_.begin());
    auto key = fmt::format("column {}", number);
    if (const auto found = known_.find(key); found != known_.end()) return found->second;
    Step step{.value = {}, .op = "column", .run = {}, .args = {}, .column = number, .begin = expr.begin};
    step.value.type = at->type;
    return add_step(std::move(key), std::move(step));
}

Program::Node Program::number_literal(const Expr& expr) {
    Step step{.value = {}, .op = "constant", .run = {}, .args = {}, .column = {}, .constant = true, .begin = expr.begin};
    const auto& text = expr.text;
    if (text.find_first_of("eE") != text.npos) {
        double value = 0;
        fast_float::from_chars(text.data(), text.data() + text.size(), value);
        step.value.reset({Kind::float64}, batch_rows_max);
        std::ranges::fill(step.value.floats, value);
    } else if (const auto point = text.find('.'); point != text.npos) {
        const auto scale = text.size() - point - 1;
        Int128 value = 0;
        if (scale > 30 || parse_decimal(text, {}, static_cast<int>(scale), value) != NumberFault::none) refuse(expr, "the number has too many digits");
        step.value.reset({Kind::decimal, static_cast<std::uint8_t>(scale)}, batch_rows_max);
        std::ranges::fill(step.value.decimals, value);
    } else {
        std::int64_t value = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
        if (read.ec != std::errc{}) refuse(expr, "a whole number has at most 18 digits; write a point and a zero for a decimal");
        step.value.reset({Kind::int64}, batch_rows_max);
        std::ranges::fill(step.value.ints, value);
    }
    return add_step("number " + text, std::move(step));
}

Program::Node Program::add_literal(const Expr& expr, std::optional<Type> as_null) {
    auto key = as_null ? fmt::format("null {}", to_string(*as_null)) : (expr.form == Expr::Form::number ? "number " + expr.text : "constant " + to_string(expr));
    if (const auto found = known_.find(key); found != known_.end()) return found->second;
    if (expr.form == Expr::Form::number && !as_null) return number_literal(expr);
    Step step{.value = {}, .op = "constant", .run = {}, .args = {}, .column = {}, .constant = true, .begin = expr.begin};
    auto& value = step.value;
    if (as_null || expr.form == Expr::Form::null) {
        value.reset(as_null.value_or(Type{Kind::nothing}), batch_rows_max);
        value.plain = false;
        std::ranges::fill(value.states, State::null);
    } else if (expr.form == Expr::Form::boolean) {
        value.reset({Kind::boolean}, batch_rows_max);
        std::ranges::fill(value.ints, expr.text == "true" ? 1 : 0);
    } else {
        // The text lives as long as the program, in the key by which it is known.
        const bool list = expr.form == Expr::Form::list;
        key = (list ? "list " : "text ") + (list ? json::serialize(constant_of(expr)) : expr.text);
        if (const auto found = known_.find(key); found != known_.end()) return found->second;
        value.reset({list ? Kind::list : Kind::text}, batch_rows_max);
        const auto node = add_step(key, std::move(step));
        std::ranges::fill(nodes_[node].value.texts, std::string_view{known_.find(key)->first}.substr(5));
        return node;
    }
    return add_step(std::move(key), std::move(step));
}

/// case(c1, v1, c2, v2, else) is if(c1, v1, if(c2, v2, else)).
Program::Node Program::add_case(const Expr& expr) {
    if (expr.args.size() < 2) refuse(expr, "case() needs a condition and a value");
    if (std::ranges::any_of(expr.names, [](const std::string& name) { return !name.empty(); })) refuse(expr, "the arguments of case() have no names");
    auto rest = expr.args.size() % 2 == 1 ? expr.args.back() : Expr{.form = Expr::Form::null, .begin = expr.end, .end = expr.end, .text = {}, .args = {}, .names = {}};
    for (auto at = expr.args.size() / 2 * 2; at > 0; at -= 2) {
        auto made = call("if", {expr.args[at - 2], expr.args[at - 1], std::move(rest)});
        made.begin = expr.args[at - 2].begin;
        made.end = expr.end;
        rest = std::move(made);
    }
    return add(rest);
}

Program::Node Program::add_call(const Expr& expr) {
    const auto* op = find_operator(expr.text);
    if (!op) refuse(expr.args.empty() ? expr : Expr{.form = expr.form, .begin = expr.begin, .end = expr.begin + static_cast<std::uint32_t>(expr.text.size()), .text = {}, .args = {}, .names = {}},
                    fmt::format("there is no operator \"{}\"{}", expr.text, suggest_operator(expr.text)));
    const auto& signature = signature_of(*op);
    Given given{signature, expr};
    const bool guards = signature.name == "if_error" || signature.name == "is_error";
    guarded_ += guards ? 1 : 0;
    std::vector<Node> args;
    std::vector<std::size_t> same;
    static const Expr nothing;
    for (std::size_t i = 0; i < given.values.size(); ++i) {
        const auto* value = given.values[i];
        args.push_back(value ? add(*value) : add_literal(nothing));
        if (given.of[i]->kind == "same") same.push_back(i);
        else args.back() = as_kind(args.back(), given.of[i]->kind, value ? *value : expr);
    }
    guarded_ -= guards ? 1 : 0;
    for (auto& value : given.values) value = value ? value : &expr;
    unify(args, same, given.values);
    return bind(*op, expr, args, std::move(given.constants));
}

Program::Node Program::as_kind(Node node, std::string_view kind, const Expr& at) {
    if (type(node).kind == Kind::nothing) return add_literal(at, type_of_null(kind));
    if (!is_of(type(node), kind)) {
        refuse(at, fmt::format("this is {}, where {}{} is needed{}", to_string(type(node)), article(kind), in_words(kind), how_to_get(kind, type(node))));
    }
    return node;
}

void Program::unify(std::vector<Node>& nodes, const std::vector<std::size_t>& which, const std::vector<const Expr*>& at) {
    Type wanted{Kind::nothing};
    for (const auto i : which) {
        const auto both = common(wanted, type(nodes[i]));
        if (!both) {
            auto why = fmt::format("this is {}, the values before it are {}; they must have one type", to_string(type(nodes[i])), to_string(wanted));
            if (wanted.is_number() && type(nodes[i]).is_text()) why += how_to_get("number", type(nodes[i]));
            else if (wanted.is_text() && !type(nodes[i]).is_text()) why += how_to_get("text", type(nodes[i]));
            else if (wanted.kind == Kind::date && type(nodes[i]).is_text()) why += how_to_get("date", type(nodes[i]));
            else if (wanted.is_number() && type(nodes[i]).is_number()) why += "; say to_float() or to_decimal()";
            refuse(*at[i], std::move(why));
        }
        wanted = *both;
    }
    if (wanted.kind == Kind::nothing) wanted = {};
    for (const auto i : which) {
        if (type(nodes[i]).kind == Kind::nothing) nodes[i] = add_literal(*at[i], wanted);
        else nodes[i] = convert(nodes[i], wanted, *at[i]);
    }
}

Program::Node Program::convert(Node node, const Type& wanted, const Expr& at) {
    const auto from = type(node);
    if (from == wanted) return node;
    if (from.kind == Kind::nothing) return add_literal(at, wanted);
    if (wanted.kind == Kind::decimal && (from.kind == Kind::int64 || from.kind == Kind::decimal)) {
        return bind(*find_operator("to_decimal"), at, {node}, {{"scale", std::int64_t{wanted.scale}}});
    }
    if (wanted.kind == Kind::float64 && from.kind == Kind::int64) return bind(*find_operator("to_float"), at, {node}, {});
    if (wanted.kind == Kind::int64 && from.kind == Kind::decimal) return bind(*find_operator("to_int"), at, {node}, {});
    constexpr auto name_of_kind = [](Kind kind) -> std::string_view {
        switch (kind) {
            case Kind::int64: return "int";
            case Kind::decimal:
            case Kind::float64: return "number";
            case Kind::date: return "date";
            case Kind::timestamp: return "timestamp";
            case Kind::boolean: return "bool";
            case Kind::text: return "text";
            default: return "";
        }
    };
    refuse(at, fmt::format("this is {}, where {} is needed{}", to_string(from), to_string(wanted), how_to_get(name_of_kind(wanted.kind), from)));
}

Program::Node Program::bind(const Operator& op, const Expr& expr, const std::vector<Node>& args, json::object constants) {
    const auto& signature = signature_of(op);
    auto key = fmt::format("{}({}) {}", signature.name, fmt::join(args, ","), json::serialize(constants));
    if (const auto found = known_.find(key); found != known_.end()) return found->second;
    std::vector<Type> types;
    std::vector<const Vector*> constant_args;
    for (const auto arg : args) {
        types.push_back(type(arg));
        constant_args.push_back(nodes_[arg].constant ? &nodes_[arg].value : nullptr);
    }
    Bound bound;
    try {
        bound = op.bind({.types = types, .known = constant_args, .constants = std::move(constants), .lookups = &lookups_, .now = now_});
    } catch (const Refusal& refusal) {
        const bool known = refusal.argument && *refusal.argument < expr.args.size() && expr.names[*refusal.argument].empty() && expr.text == signature.name;
        refuse(known ? expr.args[*refusal.argument] : expr, refusal.why);
    }
    Step step{.value = {}, .op = signature.name, .run = std::move(bound.run), .args = {}, .column = {}, .strict = bound.strict, .begin = expr.begin};
    step.value.type = bound.type;
    for (const auto arg : args) step.args.push_back(&nodes_[arg].value);
    const bool constant = bound.pure && std::ranges::all_of(args, [&](Node arg) { return nodes_[arg].constant; });
    const auto node = add_step(std::move(key), std::move(step));
    if (constant) fold(node, expr);
    return node;
}

Program::Node Program::limit_digits(Node node, int precision) {
    const auto from = type(node);
    if (from.kind != Kind::decimal || precision >= digits_max) return node;
    auto key = fmt::format("limit_digits({}) {}", node, precision);
    if (const auto found = known_.find(key); found != known_.end()) return found->second;
    const auto limit = power_of_ten(precision);
    Step step{.value = {}, .op = "type", .run = [limit](Call& call) {
        const auto& in = call.arg(0);
        each(call, [&](std::size_t row) {
            const auto value = in.decimals[row];
            if (value >= limit || value <= -limit) return call.fail(row, "overflow", text_of(in, row));
            call.out.decimals[row] = value;
        });
    }, .args = {&nodes_[node].value}};
    step.value.type = from;
    return add_step(std::move(key), std::move(step));
}

namespace {

/// Makes `out` ready for a run: its states are the worst ones of the arguments when the operator wants only values.
void prepare(Vector& out, std::span<const Vector* const> args, std::size_t rows, bool strict) {
    out.reset(Type{out.type}, rows);
    if (!strict) return;
    for (const auto* arg : args) {
        if (arg->plain) continue;
        for (std::size_t row = 0; row < rows; ++row) {
            const auto state = arg->states[row];
            if (state == State::value || out.states[row] >= state) continue;
            out.set_state(row, state == State::missing ? State::null : state);
            if (state != State::error) continue;
            if (out.faults.size() < rows) out.faults.resize(rows);
            out.faults[row] = arg->faults[row];
        }
    }
}

}  // namespace

/// Works out a value that is the same in every row, once.
void Program::fold(Node node, const Expr& expr) {
    auto& step = nodes_[node];
    Frame frame;
    const std::uint64_t number = 1;
    frame.row_numbers = {&number, 1};
    prepare(step.value, step.args, 1, step.strict);
    Call call{frame, step.args, step.value, step.op, step.begin};
    step.run(call);
    const auto state = step.value.state(0);
    if (state == State::error) {
        if (guarded_ > 0) return;  // it is asked for
        refuse(expr, std::string{fault_text(frame.faults[step.value.faults[0]].code)});
    }
    const auto one = step.value;
    step.value.reset(one.type, batch_rows_max);
    if (state != State::value) {
        step.value.plain = false;
        std::ranges::fill(step.value.states, state);
    } else if (one.type.is_text()) {
        const auto kept = known_.emplace("kept " + std::string{one.texts[0]}, node).first;
        std::ranges::fill(step.value.texts, std::string_view{kept->first}.substr(5));
    } else if (one.type.kind == Kind::decimal) {
        std::ranges::fill(step.value.decimals, one.decimals[0]);
    } else if (one.type.kind == Kind::float64) {
        std::ranges::fill(step.value.floats, one.floats[0]);
    } else {
        std::ranges::fill(step.value.ints, one.ints[0]);
    }
    step.constant = true;
    step.run = {};
}

void Program::run(const RowBatch& batch, std::span<const std::uint32_t> rows, Frame& frame) {
    for (auto& step : nodes_) {
        if (step.constant) continue;
        const auto begin = timed ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point{};
        if (step.column) {
            batch.load(*step.column, rows, step.value);
        } else {
            prepare(step.value, step.args, rows.size(), step.strict);
            Call call{frame, step.args, step.value, step.op, step.begin};
            step.run(call);
        }
        if (timed) step.time += std::chrono::steady_clock::now() - begin;
    }
}

std::map<std::string, std::chrono::nanoseconds, std::less<>> Program::times() const {
    std::map<std::string, std::chrono::nanoseconds, std::less<>> all;
    for (const auto& step : nodes_) {
        if (!step.constant) all[step.op] += step.time;
    }
    return all;
}

}  // namespace millrace::transform
