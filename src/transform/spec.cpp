#include "transform/spec.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <set>

#include "base/hash.hpp"
#include "base/suggest.hpp"
#include "transform/problem.hpp"

namespace millrace::transform {
namespace {

constexpr std::size_t spec_bytes_max = 4u << 20;

void collect_names(const json::value& schema, std::set<std::string>& names) {
    if (const auto* array = schema.if_array()) {
        for (const auto& item : *array) collect_names(item, names);
    } else if (const auto* object = schema.if_object()) {
        for (const auto& entry : *object) {
            if (entry.key() == "properties" && entry.value().is_object()) {
                for (const auto& property : entry.value().get_object()) names.emplace(property.key());
            }
            collect_names(entry.value(), names);
        }
    }
}

/// With the keys of objects in order, so that one meaning has one text.
json::value sorted(const json::value& value) {
    if (const auto* array = value.if_array()) {
        json::array out;
        for (const auto& item : *array) out.push_back(sorted(item));
        return out;
    }
    if (const auto* object = value.if_object()) {
        std::map<std::string, json::value> all;
        for (const auto& entry : *object) all.emplace(entry.key(), sorted(entry.value()));
        json::object out;
        for (auto& [key, item] : all) out.emplace(key, std::move(item));
        return out;
    }
    return value;
}

bool is_usual(std::string_view key, const json::value& value) {
    if (value.is_null()) return true;
    if (const auto* object = value.if_object()) return object->empty();
    if (const auto* array = value.if_array()) return array->empty();
    if (key == "on_error") return value == "reject_row";
    if (key == "multiple" || key == "severity") return value == "error";
    if (key == "keep") return value == "first";
    return key == "ignore_case" && value == false;
}

void check(const Spec& spec, std::vector<Issue>& issues) {
    if (spec.spec != 1) issues.push_back({"/spec", "unknown_version", "version 1 is the only one known here"});
    if (spec.fields.empty()) issues.push_back({"/fields", "required", "the result needs at least one column"});
    std::set<std::string> targets;
    for (std::size_t i = 0; i < spec.fields.size(); ++i) {
        const auto& field = spec.fields[i];
        const auto at = "/fields/" + std::to_string(i);
        if (field.target.empty()) issues.push_back({at + "/target", "required", "a column has a name"});
        std::string folded = field.target;
        std::ranges::transform(folded, folded.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        if (!targets.insert(folded).second) issues.push_back({at + "/target", "duplicate", "the result has the column \"" + field.target + "\" already"});
        if (field.expr && (field.steps || !field.from.empty())) issues.push_back({at + "/expr", "conflict", "say expr, or from and steps, not both"});
        if (!field.expr && field.from.empty()) issues.push_back({at, "required", "say where the value comes from: expr, or from"});
        if (field.on_error != OnError::default_value && !field.default_value.is_null()) issues.push_back({at + "/default_value", "not_applicable", "only has a meaning with on_error: default_value"});
        if (field.confidence && (*field.confidence < 0 || *field.confidence > 1)) issues.push_back({at + "/confidence", "out_of_range", "from 0 to 1"});
    }
    for (const auto& [name, lookup] : spec.lookups) {
        const int sources = (lookup.file ? 1 : 0) + (lookup.dataset ? 1 : 0) + (lookup.rows ? 1 : 0);
        if (sources != 1) issues.push_back({"/lookups/" + name, "conflict", "say exactly one of file, dataset and rows"});
    }
    if (spec.limits.reject_rate_max && (*spec.limits.reject_rate_max < 0 || *spec.limits.reject_rate_max > 1)) issues.push_back({"/limits/reject_rate_max", "out_of_range", "from 0 to 1"});
    if (spec.group_by && spec.group_by->aggregates.empty() && spec.group_by->keys.empty()) issues.push_back({"/group_by/keys", "required", "a group needs a key or an aggregate"});
}

}  // namespace

std::string shown(std::string_view text) {
    constexpr std::size_t bytes = 200;
    auto cut = std::min(text.size(), bytes);
    while (cut > 0 && cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
    return std::string{text.substr(0, cut)};
}

void suggest_fields(std::vector<Issue>& issues, const json::value& schema) {
    std::set<std::string> names;
    collect_names(schema, names);
    const std::vector<std::string> known{names.begin(), names.end()};
    for (auto& issue : issues) {
        if (issue.code != "unknown_field") continue;
        issue.detail += did_you_mean(issue.pointer.substr(issue.pointer.rfind('/') + 1), known);
    }
}

Spec parse_spec(std::string_view text) {
    if (text.size() > spec_bytes_max) throw Error{Code::payload_too_large, {{"limit", std::to_string(spec_bytes_max)}}};
    Error error{Code::invalid_fields};
    Spec spec;
    read_json(json::parse(text), spec, error.issues);
    if (error.issues.empty()) check(spec, error.issues);
    suggest_fields(error.issues, spec_schema());
    if (!error.issues.empty()) throw error;
    return spec;
}

json::value compacted(const json::value& value) {
    if (const auto* array = value.if_array()) {
        json::array out;
        for (const auto& item : *array) out.push_back(compacted(item));
        return out;
    }
    const auto* object = value.if_object();
    if (!object) return value;
    json::object out;
    for (const auto& entry : *object) {
        // The arguments of a step are its own: a null there has a meaning.
        auto item = entry.key() == "steps" || entry.key() == "dialect" || entry.key() == "validation" ? entry.value() : compacted(entry.value());
        const bool rows = entry.key() == "rows" && item.is_array();
        if (!rows && is_usual(entry.key(), item)) continue;
        out.emplace(entry.key(), rows ? entry.value() : std::move(item));
    }
    return out;
}

std::string to_text(const Spec& spec) { return json::serialize(compacted(json::parse(to_json(spec)))); }

std::string content_hash(const Spec& spec) { return to_hex(sha256(json::serialize(sorted(compacted(json::parse(to_json(spec))))))); }

json::value spec_schema() {
    auto schema = json_schema<Spec>();
    auto& object = schema.as_object();
    object.insert_or_assign("$schema", "https://json-schema.org/draft/2020-12/schema");
    object.insert_or_assign("title", "millrace mapping spec");
    object.insert_or_assign("additionalProperties", false);
    object.at("properties").as_object().insert_or_assign("spec", json::object{{"const", 1}});
    return schema;
}

}  // namespace millrace::transform
