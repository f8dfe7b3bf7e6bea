#include "llm/extract.hpp"

#include <string>

#include "base/error.hpp"

namespace millrace::llm {
namespace {

constexpr int starts_max = 16;  ///< brackets in prose before the object, at most

/// Where the object that begins at the start of `text` ends; npos when it does not.
std::size_t end_of_object(std::string_view text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\') ++i;
            else if (c == '"') quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return i + 1;
        }
    }
    return text.npos;
}

std::string without_last_commas(std::string_view text) {
    std::string out;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\' && i + 1 < text.size()) out += text[i++];
            else if (c == '"') quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == ',') {
            const auto next = text.find_first_not_of(" \t\r\n", i + 1);
            if (next != text.npos && (text[next] == '}' || text[next] == ']')) continue;
        }
        out += text[i];
    }
    return out;
}

}  // namespace

std::optional<json::object> whole_object(std::string_view text) {
    try {
        auto value = json::parse(text);
        if (value.is_object()) return std::move(value.get_object());
    } catch (const Error&) {
    }
    return std::nullopt;
}

std::optional<json::object> object_in(std::string_view text) {
    // What a model thinks before it answers may hold anything.
    if (const auto thought = text.rfind("</think>"); thought != text.npos) text.remove_prefix(thought + 8);
    auto at = text.find('{');
    for (int tried = 0; at != text.npos && tried < starts_max; ++tried) {
        const auto end = end_of_object(text.substr(at));
        if (end != text.npos) {
            if (auto object = whole_object(without_last_commas(text.substr(at, end)))) return object;
        }
        at = text.find('{', at + 1);
    }
    return std::nullopt;
}

}  // namespace millrace::llm
