#include "mapping/template.hpp"

#include <algorithm>

#include "base/hash.hpp"

namespace millrace::mapping {
namespace {

void append_canonical(std::string& out, const json::value& value) {
    if (const auto* object = value.if_object()) {
        std::vector<std::string_view> names;
        for (const auto& member : *object) names.emplace_back(member.key());
        std::ranges::sort(names);
        out += '{';
        for (const auto name : names) {
            out += json::serialize(json::value(name)) + ':';
            append_canonical(out, object->at(name));
            out += ',';
        }
        out += '}';
    } else if (const auto* array = value.if_array()) {
        out += '[';
        for (const auto& item : *array) {
            append_canonical(out, item);
            out += ',';
        }
        out += ']';
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

std::string spec_sha256(const json::object& spec) {
    std::string text;
    append_canonical(text, spec);
    return to_hex(sha256(text));
}

}  // namespace millrace::mapping
