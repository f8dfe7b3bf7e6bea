#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/describe.hpp"

/// Reading what others have written: nothing here throws for what is missing or of another type.
namespace millrace::llm {

inline const json::object* object_at(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value ? value->if_object() : nullptr;
}

inline const json::array* array_at(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value ? value->if_array() : nullptr;
}

inline std::string text_at(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value && value->is_string() ? std::string{std::string_view{value->get_string()}} : std::string{};
}

/// 0 for what is no count.
inline std::int64_t count_at(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (!value || !value->is_int64() || value->get_int64() < 0 || value->get_int64() > 1'000'000'000) return 0;
    return value->get_int64();
}

inline json::object message(std::string_view role, const std::string& content) { return {{"role", role}, {"content", content}}; }

}  // namespace millrace::llm
