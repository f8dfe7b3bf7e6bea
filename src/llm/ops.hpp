#pragma once

#include "ledger/ledger.hpp"
#include "llm/call.hpp"

namespace millrace::llm {

/// Keeps the call and adds it to what its job, its user and all have spent; the same call counts once.
struct RecordCall : ledger::Op {
    Call call;
    explicit RecordCall(Call c) : call{std::move(c)} {}
};

/// Keeps the answer to a question, so that it is asked and paid once.
struct KeepAnswer : ledger::Op {
    std::string key;  ///< SHA-256 of all that the answer depends on, hex
    json::object answer;
    Instant at{};
};

/// Removes calls, sums and answers from before this time, at most 1,000 of each.
struct Forget : ledger::Op {
    Instant before{};
    explicit Forget(Instant b) : before{b} {}
};

}  // namespace millrace::llm
