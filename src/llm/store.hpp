#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "llm/call.hpp"

namespace millrace::llm {

struct LlmStore {
    virtual ~LlmStore() = default;
    virtual std::optional<json::object> answer(const std::string& key) = 0;
    virtual Spent spent(const Asker& asker, Instant now) = 0;
    /// What was asked for a job, in order; at most 1,000.
    virtual std::vector<Call> calls(const Uuid& job) = 0;
};

}  // namespace millrace::llm
