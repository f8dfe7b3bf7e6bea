#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/describe.hpp"
#include "base/json.hpp"
#include "base/utf8.hpp"
#include "base/uuid.hpp"

/// Parameters of SQL statements. A Value may borrow its text: it lives no longer than the call it is made for.
namespace millrace::storage::detail {

/// Bytes that are no text (hashes, tokens).
struct Bytes {
    std::string_view bytes;
};

using Value = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string_view, std::string, Bytes, Uuid, Instant>;

/// Text as both databases can keep it: PostgreSQL knows neither U+0000 nor bytes that are not UTF-8, so these become
/// U+FFFD in SQLite too, and a row reads the same from both.
inline Value text_value(std::string_view text) {
    const auto clean = [](std::string_view part) {
        const auto bad = std::min(first_invalid_utf8(part), part.find('\0'));
        return bad == part.npos ? part.size() : bad;
    };
    auto length = clean(text);
    if (length == text.size()) return text;
    std::string out;
    while (true) {
        out += text.substr(0, length);
        if (length == text.size()) return out;
        out += "\xEF\xBF\xBD";
        text.remove_prefix(length + 1);
        length = clean(text);
    }
}

inline Value to_value(std::nullptr_t) { return nullptr; }
inline Value to_value(bool value) { return value; }
inline Value to_value(const Uuid& value) { return value; }
inline Value to_value(const Instant& value) { return value; }
inline Value to_value(const Bytes& value) { return value; }
inline Value to_value(double value) { return value; }
inline Value to_value(const std::string& value) { return text_value(value); }
inline Value to_value(std::string_view value) { return text_value(value); }
inline Value to_value(const char* value) { return std::string_view{value}; }
inline Value to_value(const json::object& value) { return json::serialize(value); }
inline Value to_value(const json::array& value) { return json::serialize(value); }
/// JSON null is SQL NULL.
inline Value to_value(const json::value& value) {
    if (value.is_null()) return nullptr;
    return json::serialize(value);
}
inline Value to_value(const Value& value) { return value; }

template <class T>
    requires std::integral<T> && (!std::same_as<T, bool>)
Value to_value(T value) {
    return static_cast<std::int64_t>(value);
}

template <class T>
    requires std::is_enum_v<T>
Value to_value(T value) {
    return word(value);
}

template <class T>
Value to_value(const std::optional<T>& value) {
    if (!value) return nullptr;
    return to_value(*value);
}

/// The parameters of one call: `session.run(Statement::jobs_get, args(id, scope.user))`.
template <class... T>
std::array<Value, sizeof...(T)> args(const T&... values) {
    return {to_value(values)...};
}

}  // namespace millrace::storage::detail
