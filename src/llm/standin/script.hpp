#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.hpp"

namespace millrace::llm {

/// Which requests a rule is for; what is absent is not looked at.
struct Match {
    std::optional<std::string> path;   ///< end of it
    std::optional<std::string> model;
    std::optional<std::string> text;   ///< a regular expression (RE2) that is found in the messages
    std::optional<bool> has_image;
    std::optional<int> nth;            ///< only the nth of the requests that the rest of the rule is for
};
BOOST_DESCRIBE_STRUCT(Match, (), (path, model, text, has_image, nth))

/// What to answer in place of the first words that fit the schema.
struct Said {
    std::optional<json::object> json;
    std::optional<std::string> text;
    std::map<std::string, std::string> choose;  ///< name of a field to the name of its candidate
    double confidence = 0.95;                   ///< of `choose`
};
BOOST_DESCRIBE_STRUCT(Said, (), (json, text, choose, confidence))

struct Rule {
    Match match;
    std::string fault;          ///< one of `faults()`; empty: a good answer
    Said reply;
    int times = 0;              ///< how often the rule is used; 0: always
    double retry_after = 1;     ///< 429, 503: seconds
    std::int64_t ms = 600'000;  ///< hang
    std::int64_t bytes = 40;    ///< truncate: of the body there are; reset: of the body are sent
    std::int64_t bytes_per_second = 20;  ///< slow
};
BOOST_DESCRIBE_STRUCT(Rule, (), (match, fault, reply, times, retry_after, ms, bytes, bytes_per_second))

/// The first rule that is for a request is used; without one the answer is a good one.
struct Script {
    std::vector<Rule> rules;
};
BOOST_DESCRIBE_STRUCT(Script, (), (rules))

std::span<const std::string_view> faults();

/// Throws Error{invalid_json | invalid_fields}.
Script read_script(std::string_view text);

}  // namespace millrace::llm
