// Every operator there is: a group is a file in operators/ and a line here, an operator a line in its group.
#include "transform/operators/groups.hpp"

#include <boost/json/array.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/suggest.hpp"
#include "transform/operator.hpp"

namespace millrace::transform {
namespace {

struct Known {
    std::unordered_map<std::string_view, const Operator*> by_name;
    std::unordered_map<const Operator*, Signature> signatures;
    std::vector<std::string> names;

    Known() {
        for (const auto& group : operator_groups()) {
            for (const auto& op : group.operators) {
                const auto& signature = signatures.emplace(&op, parse_signature(op.signature)).first->second;
                by_name.emplace(signature.name, &op);
                names.push_back(signature.name);
            }
        }
    }
};

const Known& known() {
    static const Known all;
    return all;
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

Parameter parse_parameter(std::string_view text) {
    Parameter parameter;
    const auto colon = text.find(':');
    parameter.name = trimmed(text.substr(0, colon));
    auto kind = trimmed(text.substr(colon + 1));
    if (const auto equals = kind.find(" = "); equals != kind.npos) {
        parameter.preset = kind.substr(equals + 3);
        kind = kind.substr(0, equals);
    }
    parameter.variadic = kind.ends_with("...");
    if (parameter.variadic) kind.remove_suffix(3);
    parameter.constant = kind.starts_with("const ");
    if (parameter.constant) kind.remove_prefix(6);
    parameter.kind = kind;
    return parameter;
}

}  // namespace

std::span<const OperatorGroup> operator_groups() {
    static const OperatorGroup groups[] = {
        {"Text", text_operators()},       {"Numbers", number_operators()},     {"Dates and times", date_operators()},
        {"Conditions", logic_operators()}, {"Choices and lookups", choice_operators()}, {"Lists and JSON", list_operators()},
        {"Codes and names", code_operators()},
    };
    return groups;
}

Signature parse_signature(std::string_view text) {
    Signature signature;
    const auto open = text.find('('), close = text.rfind(") -> ");
    signature.name = text.substr(0, open);
    signature.result = text.substr(close + 5);
    auto rest = text.substr(open + 1, close - open - 1);
    while (!rest.empty()) {
        // A comma inside of quotes or brackets belongs to a default.
        std::size_t end = 0;
        int depth = 0;
        bool quoted = false;
        for (; end < rest.size(); ++end) {
            if (rest[end] == '\'') quoted = !quoted;
            if (quoted) continue;
            if (rest[end] == '[' || rest[end] == '{') ++depth;
            if (rest[end] == ']' || rest[end] == '}') --depth;
            if (rest[end] == ',' && depth == 0) break;
        }
        signature.parameters.push_back(parse_parameter(rest.substr(0, end)));
        rest = end < rest.size() ? rest.substr(end + 1) : std::string_view{};
    }
    return signature;
}

const Operator* find_operator(std::string_view name) {
    const auto at = known().by_name.find(name);
    return at == known().by_name.end() ? nullptr : at->second;
}

const Signature& signature_of(const Operator& op) { return known().signatures.at(&op); }

std::string suggest_operator(std::string_view name) { return did_you_mean(name, known().names); }

std::string operator_reference() {
    std::string out = "# Operators\n\nMade by `millrace transform --operators`; each example is an equation that a test checks. What an expression looks like\n"
                      "is told in transforming.md.\n";
    for (const auto& group : operator_groups()) {
        out += fmt::format("\n## {}\n\n", group.title);
        for (const auto& op : group.operators) out += fmt::format("- `{}`  \n  {} Example: `{}`\n", op.signature, op.doc, op.example);
    }
    return out;
}

void Call::fail(std::size_t row, std::string_view code, std::string_view text) {
    constexpr std::size_t shown = 200;
    auto cut = std::min(text.size(), shown);
    while (cut > 0 && cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
    out.set_state(row, State::error);
    if (out.faults.size() < out.rows) out.faults.resize(out.rows);
    out.faults[row] = static_cast<std::uint32_t>(frame.faults.size());
    frame.faults.push_back({code, std::string{text.substr(0, cut)}, op, begin});
}

void Call::pass_on(std::size_t row, const Vector& from) {
    const auto state = from.state(row);
    out.set_state(row, state);
    if (state != State::error) return;
    if (out.faults.size() < out.rows) out.faults.resize(out.rows);
    out.faults[row] = from.faults[row];
}

std::string Site::text(std::string_view name) const {
    const auto* found = constants.if_contains(name);
    return found && found->is_string() ? std::string{std::string_view{found->get_string()}} : std::string{};
}

std::int64_t Site::number(std::string_view name) const {
    const auto* found = constants.if_contains(name);
    return found && found->is_int64() ? found->get_int64() : 0;
}

bool Site::flag(std::string_view name) const {
    const auto* found = constants.if_contains(name);
    return found && found->is_bool() && found->get_bool();
}

std::vector<std::string> Site::texts(std::string_view name) const {
    std::vector<std::string> all;
    const auto* found = constants.if_contains(name);
    if (!found) return all;
    const auto add = [&](const json::value& value) {
        if (value.is_string()) all.emplace_back(std::string_view{value.get_string()});
        else if (!value.is_null()) all.push_back(json::serialize(value));
    };
    if (const auto* list = found->if_array()) {
        for (const auto& item : *list) add(item);
    } else {
        add(*found);
    }
    return all;
}

void Site::refuse(std::string why, std::optional<std::size_t> argument) { throw Refusal{argument, std::move(why)}; }

}  // namespace millrace::transform
