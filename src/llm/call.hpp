#pragma once

#include <string>

#include "base/describe.hpp"
#include "base/uuid.hpp"
#include "llm/settings.hpp"
#include "llm/usage.hpp"

namespace millrace::llm {

/// For whom something is asked. All zero: for a person at the command line.
struct Asker {
    Uuid job;
    Uuid user;
    Uuid org;
};

/// One request to a model, also one that failed: the record of what was sent and what it has cost.
struct Call {
    Uuid id;
    Asker asker;
    Instant at{};
    std::string purpose;   ///< "mapping"
    std::string provider;
    std::string model;
    std::string shape;
    int attempt = 1;
    std::string outcome;   ///< "answered", "unusable", or the word of a Fault
    int status = 0;        ///< of HTTP; 0: no answer
    Usage usage;
    bool estimated = false;  ///< the tokens: the server has not said
    std::int64_t cost_micros = 0;  ///< millionths of the operator's currency, by the prices of then
    Duration took{};
    json::value sent;      ///< the body, exactly
};

/// Tokens and money of one period.
struct Sum {
    std::int64_t tokens = 0;
    std::int64_t cost_micros = 0;
};

/// What budgets are held against.
struct Spent {
    Sum job;
    Sum day;    ///< of the user
    Sum month;  ///< of all users
};

/// Why a request that may take `tokens` is not sent: the setting that stands against it. Empty when it may be.
std::string over_budget(const Settings& settings, const Spent& spent, std::int64_t tokens);

std::int64_t cost_micros(const Settings& settings, const Usage& usage);

/// The periods of budgets, in UTC: "2026-11-28", "2026-11".
std::string day_of(Instant at);
std::string month_of(Instant at);

}  // namespace millrace::llm
