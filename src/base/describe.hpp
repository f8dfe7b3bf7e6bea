#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/mp11/algorithm.hpp>

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/uuid.hpp"

/// One description of a struct (BOOST_DESCRIBE_STRUCT) serves three purposes, so they cannot diverge:
/// writing it as JSON, reading it with every problem reported at its JSON Pointer, and its JSON Schema in OpenAPI.
namespace millrace {

template <class E>
    requires boost::describe::has_describe_enumerators<E>::value
std::string_view word(E value) {
    return boost::describe::enum_to_string(value, "");
}

template <class E>
    requires boost::describe::has_describe_enumerators<E>::value
std::optional<E> from_word(std::string_view text) {
    std::optional<E> found;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto e) {
        if (text == e.name) found = e.value;
    });
    return found;
}

namespace detail {

template <class T>
concept DescribedEnum = boost::describe::has_describe_enumerators<T>::value;
template <class T>
concept DescribedStruct = boost::describe::has_describe_members<T>::value;
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_map : std::false_type {};
template <class T>
struct is_map<std::map<std::string, T>> : std::true_type {};

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

}  // namespace detail

/// Appends `value` as JSON. An absent optional is `null`.
template <class T>
void append_json(std::string& out, const T& value) {
    using namespace detail;
    if constexpr (std::same_as<T, bool>) {
        out += value ? "true" : "false";
    } else if constexpr (Integer<T>) {
        if constexpr (std::is_signed_v<T>) json::append_number(out, std::int64_t{value});
        else json::append_number(out, std::uint64_t{value});
    } else if constexpr (std::floating_point<T>) {
        json::append_number(out, static_cast<double>(value));
    } else if constexpr (std::same_as<T, Uuid>) {
        out += '"';
        out += value.str();
        out += '"';
    } else if constexpr (std::same_as<T, Instant>) {
        out += '"';
        out += to_rfc3339(value);
        out += '"';
    } else if constexpr (std::same_as<T, json::value> || std::same_as<T, json::object> || std::same_as<T, json::array>) {
        out += json::serialize(value);
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        json::append_string(out, value);
    } else if constexpr (DescribedEnum<T>) {
        json::append_string(out, word(value));
    } else if constexpr (is_optional<T>::value) {
        if (value) append_json(out, *value);
        else out += "null";
    } else if constexpr (is_vector<T>::value) {
        out += '[';
        bool first = true;
        for (const auto& item : value) {
            if (!std::exchange(first, false)) out += ',';
            append_json(out, item);
        }
        out += ']';
    } else if constexpr (is_map<T>::value) {
        out += '{';
        bool first = true;
        for (const auto& [key, item] : value) {
            if (!std::exchange(first, false)) out += ',';
            json::append_string(out, key);
            out += ':';
            append_json(out, item);
        }
        out += '}';
    } else {
        static_assert(DescribedStruct<T>, "describe the type with BOOST_DESCRIBE_STRUCT");
        out += '{';
        bool first = true;
        boost::mp11::mp_for_each<Members<T>>([&](auto member) {
            if (!std::exchange(first, false)) out += ',';
            out += '"';
            out += member.name;
            out += "\":";
            append_json(out, value.*member.pointer);
        });
        out += '}';
    }
}

template <class T>
std::string to_json(const T& value) {
    std::string out;
    append_json(out, value);
    return out;
}

/// Reads a JSON value into `out`; every problem is added to `issues` with its JSON Pointer. Unknown fields are
/// problems unless `lenient`. A member that is an optional or has been given a value by its type's default is not
/// required; a plain member listed in `T::required()` (a function returning an array of names) is.
template <class T>
void read_json(const json::value& value, T& out, std::vector<Issue>& issues, const std::string& pointer = "",
               bool lenient = false) {
    using namespace detail;
    const auto wrong = [&](std::string_view want) {
        issues.push_back({pointer, "wrong_type", std::string{"expected "}.append(want)});
    };
    if constexpr (std::same_as<T, json::value>) {
        out = value;
    } else if constexpr (std::same_as<T, json::object>) {
        if (value.is_object()) out = value.get_object();
        else wrong("an object");
    } else if constexpr (std::same_as<T, bool>) {
        if (value.is_bool()) out = value.get_bool();
        else wrong("true or false");
    } else if constexpr (Integer<T>) {
        const auto fits = [&](auto number) {
            if (!std::in_range<T>(number)) return issues.push_back({pointer, "out_of_range", "the number does not fit"});
            out = static_cast<T>(number);
        };
        if (value.is_int64()) fits(value.get_int64());
        else if (value.is_uint64()) fits(value.get_uint64());
        else wrong("a whole number");
    } else if constexpr (std::floating_point<T>) {
        if (value.is_number()) out = value.to_number<T>();
        else wrong("a number");
    } else if constexpr (std::same_as<T, std::string>) {
        if (value.is_string()) out = std::string_view{value.get_string()};
        else wrong("a string");
    } else if constexpr (std::same_as<T, Uuid>) {
        const auto id = value.is_string() ? Uuid::parse(value.get_string()) : std::nullopt;
        if (id) out = *id;
        else wrong("a UUID");
    } else if constexpr (std::same_as<T, Instant>) {
        const auto at = value.is_string() ? from_rfc3339(value.get_string()) : std::nullopt;
        if (at) out = *at;
        else wrong("an RFC 3339 time");
    } else if constexpr (DescribedEnum<T>) {
        const auto known = value.is_string() ? from_word<T>(value.get_string()) : std::nullopt;
        if (known) {
            out = *known;
            return;
        }
        std::string words;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
            [&](auto e) { words += (words.empty() ? "" : ", ") + std::string{e.name}; });
        issues.push_back({pointer, "unknown_value", "expected one of " + words});
    } else if constexpr (is_optional<T>::value) {
        if (value.is_null()) {
            out.reset();
        } else {
            read_json(value, out.emplace(), issues, pointer, lenient);
        }
    } else if constexpr (is_vector<T>::value) {
        if (!value.is_array()) return wrong("an array");
        out.clear();
        for (const auto& item : value.get_array()) {
            const auto index = out.size();
            read_json(item, out.emplace_back(), issues, pointer + '/' + std::to_string(index), lenient);
        }
    } else if constexpr (is_map<T>::value) {
        if (!value.is_object()) return wrong("an object");
        for (const auto& field : value.get_object()) {
            read_json(field.value(), out[std::string{field.key()}], issues, pointer + '/' + std::string{field.key()},
                      lenient);
        }
    } else {
        static_assert(DescribedStruct<T>, "describe the type with BOOST_DESCRIBE_STRUCT");
        if (!value.is_object()) return wrong("an object");
        std::size_t seen = 0;
        const auto& fields = value.get_object();
        boost::mp11::mp_for_each<Members<T>>([&](auto member) {
            const auto* field = fields.if_contains(member.name);
            if (field) {
                ++seen;
                read_json(*field, out.*member.pointer, issues, pointer + '/' + member.name, lenient);
                return;
            }
            if constexpr (requires { T::required(); }) {
                for (const std::string_view name : T::required()) {
                    if (name == member.name) issues.push_back({pointer + '/' + member.name, "required", "is missing"});
                }
            }
        });
        if (seen == fields.size() || lenient) return;
        for (const auto& field : fields) {
            bool known = false;
            boost::mp11::mp_for_each<Members<T>>([&](auto member) { known = known || field.key() == member.name; });
            if (!known) issues.push_back({pointer + '/' + std::string{field.key()}, "unknown_field", "is not known here"});
        }
    }
}

/// Reads a whole body; throws Error{invalid_json} or Error{invalid_fields} with all issues.
template <class T>
T parse_body(std::string_view text, bool lenient = false) {
    T out{};
    Error error{Code::invalid_fields};
    read_json(json::parse(text), out, error.issues, "", lenient);
    if (!error.issues.empty()) throw error;
    return out;
}

/// JSON Schema (2020-12) of a type, inline.
template <class T>
json::value json_schema() {
    using namespace detail;
    if constexpr (std::same_as<T, bool>) return json::object{{"type", "boolean"}};
    else if constexpr (Integer<T>) return json::object{{"type", "integer"}};
    else if constexpr (std::floating_point<T>) return json::object{{"type", "number"}};
    else if constexpr (std::same_as<T, Uuid>) return json::object{{"type", "string"}, {"format", "uuid"}};
    else if constexpr (std::same_as<T, Instant>) return json::object{{"type", "string"}, {"format", "date-time"}};
    else if constexpr (std::same_as<T, json::value>) return json::object{};
    else if constexpr (std::same_as<T, json::object>) return json::object{{"type", "object"}};
    else if constexpr (std::same_as<T, json::array>) return json::object{{"type", "array"}};
    else if constexpr (std::convertible_to<const T&, std::string_view>) return json::object{{"type", "string"}};
    else if constexpr (DescribedEnum<T>) {
        json::array words;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
            [&](auto e) { words.emplace_back(std::string_view{e.name}); });
        return json::object{{"type", "string"}, {"enum", std::move(words)}};
    } else if constexpr (is_optional<T>::value) {
        return json::object{{"anyOf", json::array{json_schema<typename T::value_type>(), json::object{{"type", "null"}}}}};
    } else if constexpr (is_vector<T>::value) {
        return json::object{{"type", "array"}, {"items", json_schema<typename T::value_type>()}};
    } else if constexpr (is_map<T>::value) {
        return json::object{{"type", "object"}, {"additionalProperties", json_schema<typename T::mapped_type>()}};
    } else {
        json::object properties;
        boost::mp11::mp_for_each<Members<T>>([&](auto member) {
            using Member = std::remove_cvref_t<decltype(std::declval<T>().*member.pointer)>;
            properties.emplace(member.name, json_schema<Member>());
        });
        json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
        if constexpr (requires { T::required(); }) {
            json::array names;
            for (const std::string_view name : T::required()) names.emplace_back(name);
            schema.emplace("required", std::move(names));
        }
        return schema;
    }
}

}  // namespace millrace
