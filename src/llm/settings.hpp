#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace millrace::llm {

/// Whose API is spoken. Anything compatible is reached by its base URL.
BOOST_DEFINE_ENUM_CLASS(Api, none, openai, responses, anthropic, ollama)

/// What of a file may leave this machine: nothing; names; names and shapes of values ("AAAA 9999"); or samples in which
/// what identifies people is masked.
BOOST_DEFINE_ENUM_CLASS(Privacy, off, names, profile, samples)

/// Nothing is asked of anybody unless `provider` and `model` are set.
struct Settings {
    Api provider = Api::none;
    std::string url;    ///< base URL; empty: that of the provider
    std::string model;
    Secret key;
    Privacy privacy = Privacy::profile;

    Duration connect_timeout = 5s;
    Duration idle_timeout = 60s;       ///< without a byte, also before the first
    Duration timeout = 3min;           ///< of one try
    Duration patience = 4min;          ///< of all tries of one question, pauses included
    int attempts = 4;                  ///< tries of one request
    Duration retry_pause = 1s;         ///< before the second try, at most; doubles with each further one
    Duration retry_pause_max = 1min;
    int parallel = 4;                  ///< requests at the same time
    int breaker_failures = 5;          ///< after so many failed tries in a row nothing is asked for a while
    Duration breaker_pause = 30s;

    std::int64_t tokens_per_call = 32'000;   ///< estimated, answer included
    std::int64_t tokens_per_job = 100'000;
    std::int64_t tokens_per_day = 0;         ///< of one user; 0: any number
    std::int64_t tokens_per_month = 0;       ///< of all users; 0: any number
    double price_input = 0;                  ///< of a million tokens, in the currency of the operator
    double price_output = 0;
    double cost_per_month = 0;               ///< of all users; 0: any sum

    Duration history = std::chrono::days{30};  ///< how long answers and the record of what was sent are kept

    bool configured() const { return provider != Api::none && !model.empty() && privacy != Privacy::off; }

    static std::vector<std::pair<std::string_view, std::string_view>> help();
    void check(std::vector<Issue>& issues) const;
};
BOOST_DESCRIBE_STRUCT(Settings, (),
                      (provider, url, model, key, privacy, connect_timeout, idle_timeout, timeout, patience, attempts, retry_pause,
                       retry_pause_max, parallel, breaker_failures, breaker_pause, tokens_per_call, tokens_per_job, tokens_per_day,
                       tokens_per_month, price_input, price_output, cost_per_month, history))

}  // namespace millrace::llm
