#include "llm/standin/script.hpp"

#include <re2/re2.h>

#include <algorithm>

namespace millrace::llm {

std::span<const std::string_view> faults() {
    static constexpr std::string_view all[] = {
        "429", "500", "503", "529", "reset", "hang", "slow", "truncate",                        // of the connection and the server
        "quota", "credentials", "context_length_exceeded", "schema_refused", "completion_tokens",  // of the request
        "bad_json", "fenced_json", "args_as_object", "length", "empty_choices", "refusal", "no_usage",  // of the form of an answer
        "wrong_tool", "unknown_tool", "endless_tools",
        "hallucinated_concept", "type_violation", "missing_fields", "injected",                 // of what it says
    };
    return all;
}

Script read_script(std::string_view text) {
    auto script = parse_body<Script>(text);
    Error error{Code::invalid_fields};
    for (std::size_t i = 0; i < script.rules.size(); ++i) {
        const auto& rule = script.rules[i];
        const auto at = "/rules/" + std::to_string(i);
        if (!rule.fault.empty() && std::ranges::find(faults(), rule.fault) == faults().end()) {
            error.issues.push_back({at + "/fault", "unknown_value", "there is no such fault"});
        }
        if (rule.match.text && !re2::RE2{*rule.match.text, re2::RE2::Quiet}.ok()) {
            error.issues.push_back({at + "/match/text", "invalid", "it is no regular expression"});
        }
        if (rule.bytes < 0) error.issues.push_back({at + "/bytes", "out_of_range", "it is at least 0"});
        if (rule.bytes_per_second < 1) error.issues.push_back({at + "/bytes_per_second", "out_of_range", "it is at least 1"});
    }
    if (!error.issues.empty()) throw error;
    return script;
}

}  // namespace millrace::llm
