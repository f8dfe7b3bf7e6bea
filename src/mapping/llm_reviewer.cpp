#include "mapping/llm_reviewer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "mapping/detectors.hpp"
#include "mapping/privacy.hpp"

namespace millrace::mapping {
namespace {

constexpr std::size_t fields_per_question = 25;
constexpr std::size_t name_characters_max = 80, text_characters_max = 120, words_max = 10;
constexpr float kind_share_min = 0.5F;
constexpr std::string_view none = "none";

constexpr int version = 1;  ///< of the text below
constexpr std::string_view system_text =
    "You match the columns of a table to the fields of another one. For each of `fields` choose the one of its `candidates` (ids of `targets`) that "
    "means the same, or \"none\" when none does. Choose no target twice. `confidence` is the chance that you are right, from 0 to 1; `reason` says why "
    "in at most 12 words.";

std::string source_id(std::size_t source) { return fmt::format("s{}", source + 1); }
std::string target_id(std::size_t target) { return fmt::format("t{}", target + 1); }

void add_text(json::object& object, std::string_view name, const std::string& text, std::size_t characters_max) {
    if (auto clean = plain(text, characters_max); !clean.empty()) object.emplace(name, std::move(clean));
}

json::array texts(const std::vector<std::string>& all) {
    json::array out;
    for (const auto& text : all) out.emplace_back(text);
    return out;
}

void add_values(json::object& object, const Summary& values, llm::Privacy privacy) {
    const auto kinds = detect(values);
    const auto likeliest = std::ranges::max_element(kinds);
    if (*likeliest >= kind_share_min) object.emplace("kind", word(static_cast<Kind>(likeliest - kinds.begin())));
    const auto all = static_cast<double>(values.count + values.nulls);
    if (all > 0) object.emplace("empty_percent", std::lround(100 * static_cast<double>(values.nulls) / all));
    object.emplace("distinct", std::llround(values.distinct));
    object.emplace("shapes", texts(masks_of(values)));
    if (privacy == llm::Privacy::samples) object.emplace("samples", texts(samples_of(values)));
}

json::object described(const Field& field, std::string id, llm::Privacy privacy) {
    json::object object{{"id", std::move(id)}};
    add_text(object, "name", field.name, name_characters_max);
    add_text(object, "title", field.title, name_characters_max);
    add_text(object, "description", field.description, text_characters_max);
    if (privacy == llm::Privacy::names) return object;
    add_text(object, "type", field.type, name_characters_max);
    add_text(object, "format", field.format, name_characters_max);
    json::array words;
    for (std::size_t i = 0; i < std::min(field.enumeration.size(), words_max); ++i) words.emplace_back(plain(field.enumeration[i], name_characters_max));
    if (!words.empty()) object.emplace("allowed", std::move(words));
    if (field.values && field.values->count > 0) add_values(object, *field.values, privacy);
    return object;
}

json::object choice_schema(const Doubt& doubt) {
    json::array ids;
    for (const auto& candidate : doubt.candidates) ids.emplace_back(target_id(candidate.target));
    ids.emplace_back(none);
    return {{"type", "object"},
            {"properties", json::object{{"target", json::object{{"type", "string"}, {"enum", std::move(ids)}}},
                                        {"confidence", json::object{{"type", "number"}}},
                                        {"reason", json::object{{"type", "string"}}}}},
            {"required", json::array{"target", "confidence", "reason"}},
            {"additionalProperties", false}};
}

/// The candidate that an answer names; nothing for "none".
struct Choice {
    bool valid = false;
    std::optional<std::size_t> target;
};

Choice chosen(const json::value& target, const Doubt& doubt) {
    if (!target.is_string()) return {};
    const std::string_view id = target.get_string();
    if (id == none) return {true, std::nullopt};
    for (const auto& candidate : doubt.candidates) {
        if (id == target_id(candidate.target)) return {true, candidate.target};
    }
    return {};
}

/// Without the targets that the questions before have given away.
std::vector<Doubt> still_open(std::span<const Doubt> doubts, const std::set<std::size_t>& taken) {
    std::vector<Doubt> open;
    for (auto doubt : doubts) {
        std::erase_if(doubt.candidates, [&](const Doubt::Candidate& candidate) { return taken.contains(candidate.target); });
        if (!doubt.candidates.empty()) open.push_back(std::move(doubt));
    }
    return open;
}

}  // namespace

llm::Question question_of(const Table& source, const Table& target, std::span<const Doubt> doubts, llm::Privacy privacy) {
    json::array fields, targets;
    json::object properties;
    json::array required;
    std::set<std::size_t> wanted;
    for (const auto& doubt : doubts) {
        auto id = source_id(doubt.source);
        auto field = described(source.fields[doubt.source], id, privacy);
        json::array candidates;
        for (const auto& candidate : doubt.candidates) {
            candidates.emplace_back(target_id(candidate.target));
            wanted.insert(candidate.target);
        }
        field.emplace("candidates", std::move(candidates));
        fields.push_back(std::move(field));
        properties.emplace(id, choice_schema(doubt));
        required.emplace_back(std::move(id));
    }
    for (const auto t : wanted) targets.push_back(described(target.fields[t], target_id(t), privacy));
    llm::Question question;
    question.purpose = "mapping";
    question.version = version;
    question.system = system_text;
    question.data = {{"fields", std::move(fields)}, {"targets", std::move(targets)}};
    question.schema = {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}, {"additionalProperties", false}};
    question.output_tokens_max = 200 + 80 * doubts.size();
    return question;
}

std::vector<std::string> problems_of(const json::object& answer, std::span<const Doubt> doubts) {
    std::vector<std::string> problems;
    std::set<std::size_t> given;
    for (const auto& doubt : doubts) {
        const auto id = source_id(doubt.source);
        const auto* item = answer.if_contains(id);
        const auto* object = item ? item->if_object() : nullptr;
        const auto* target = object ? object->if_contains("target") : nullptr;
        const auto* confidence = object ? object->if_contains("confidence") : nullptr;
        if (!target || !confidence) {
            problems.push_back(id + " has no answer");
            continue;
        }
        const auto choice = chosen(*target, doubt);
        if (!choice.valid) problems.push_back(id + " names no candidate of its own");
        else if (choice.target && !given.insert(*choice.target).second) problems.push_back(id + " names a target that another one has");
        const auto value = confidence->is_number() ? confidence->to_number<double>() : -1;
        if (!(value >= 0 && value <= 1)) problems.push_back(id + " has no confidence from 0 to 1");
    }
    if (answer.size() > doubts.size()) problems.push_back("it answers what was not asked");
    return problems;
}

std::vector<Verdict> verdicts_of(const json::object& answer, std::span<const Doubt> doubts) {
    std::vector<Verdict> verdicts;
    for (const auto& doubt : doubts) {
        const auto& item = answer.at(source_id(doubt.source)).as_object();
        const auto* reason = item.if_contains("reason");
        verdicts.push_back({.source = doubt.source,
                            .target = chosen(item.at("target"), doubt).target,
                            .confidence = item.at("confidence").to_number<double>(),
                            .reason = plain(reason && reason->is_string() ? std::string_view{reason->get_string()} : "no reason given", text_characters_max)});
    }
    return verdicts;
}

std::vector<Verdict> LlmReviewer::review(const Table& source, const Table& target, const std::vector<Doubt>& doubts) {
    asked_ = true;
    std::vector<Verdict> all;
    std::set<std::size_t> taken;
    for (std::size_t from = 0; from < doubts.size(); from += fields_per_question) {
        const auto part = still_open({doubts.data() + from, std::min(fields_per_question, doubts.size() - from)}, taken);
        if (part.empty()) continue;
        const auto question = question_of(source, target, part, client_.settings().privacy);
        const auto answer = client_.ask(question, asker_, [&](const json::object& value) { return problems_of(value, part); }, stop_);
        if (answer.outcome != llm::Outcome::answered) {
            why_ = answer.why;
            return {};
        }
        for (auto& verdict : verdicts_of(answer.value, part)) {
            if (verdict.target) taken.insert(*verdict.target);
            all.push_back(std::move(verdict));
        }
    }
    return all;
}

}  // namespace millrace::mapping
