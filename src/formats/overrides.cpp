#include "formats/overrides.hpp"

#include <algorithm>
#include <array>

namespace millrace::formats {
namespace {

enum class Kind { text, text_or_null, flag, count, list };

struct Key {
    std::string_view name;
    Kind kind;
};
constexpr std::array<Key, 10> keys = {{{"delimiter", Kind::text},
                                       {"quote", Kind::text_or_null},
                                       {"escape", Kind::text},
                                       {"encoding", Kind::text},
                                       {"header", Kind::flag},
                                       {"header_rows", Kind::count},
                                       {"skip_rows", Kind::count},
                                       {"flatten", Kind::flag},
                                       {"row", Kind::text},
                                       {"widths", Kind::list}}};

std::string known_keys() {
    std::string names;
    for (const auto& key : keys) names.append(names.empty() ? "" : ", ").append(key.name);
    return names;
}

/// What is expected instead; empty when the value is of that kind.
std::string_view problem(Kind kind, const json::value& value) {
    switch (kind) {
        case Kind::text: return value.is_string() ? "" : "expected a string";
        case Kind::text_or_null: return value.is_string() || value.is_null() ? "" : "expected a string or null";
        case Kind::flag: return value.is_bool() ? "" : "expected true or false";
        case Kind::count: return value.is_int64() || value.is_uint64() ? "" : "expected a whole number";
        case Kind::list: return value.is_array() ? "" : "expected an array";
    }
    return "";
}

}  // namespace

void check(const Overrides& overrides, std::vector<Issue>& issues, const std::string& pointer) {
    if (overrides.table && *overrides.table == 0) issues.push_back({pointer + "/table", "out_of_range", "tables are counted from 1"});
    if (!overrides.dialect) return;
    for (const auto& field : *overrides.dialect) {
        const auto at = pointer + "/dialect/" + std::string{std::string_view{field.key()}};
        const auto key = std::ranges::find(keys, std::string_view{field.key()}, &Key::name);
        if (key == keys.end()) {
            issues.push_back({at, "unknown_field", "is not known here; known: " + known_keys()});
        } else if (const auto wrong = problem(key->kind, field.value()); !wrong.empty()) {
            issues.push_back({at, "wrong_type", std::string{wrong}});
        }
    }
}

std::optional<Issue> issue_of(const Error& error, const Overrides& overrides, const std::string& pointer) {
    const auto* name = error.code() == Code::invalid_parameter ? error.arg("name") : nullptr;
    if (name == nullptr) return std::nullopt;
    const auto* why = error.arg("why");
    const auto detail = why ? *why : std::string{"is not valid"};
    if (overrides.table && *name == "table") return Issue{pointer + "/table", "unknown_value", detail};
    if (overrides.dialect && overrides.dialect->contains(*name)) return Issue{pointer + "/dialect/" + *name, "invalid_value", detail};
    return std::nullopt;
}

}  // namespace millrace::formats
