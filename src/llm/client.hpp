#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "base/random.hpp"
#include "ledger/ledger.hpp"
#include "llm/settings.hpp"
#include "llm/store.hpp"
#include "observe/log.hpp"

namespace millrace::llm {

/// Something that a model is asked. What others have written stands in `data` only and is data to the model.
struct Question {
    std::string purpose;     ///< "mapping"
    int version = 1;         ///< of `system`: a new one does not get old answers
    std::string system;
    json::object data;
    json::object schema;     ///< of the answer: every property required, no others
    std::uint64_t output_tokens_max = 2000;
};

BOOST_DEFINE_ENUM_CLASS(Outcome, answered, off, over_budget, failed, unusable)

struct Answer {
    Outcome outcome = Outcome::off;
    json::object value;    ///< answered: it has passed the check
    bool cached = false;
    std::string why;       ///< not answered: for people, English
};

/// What is wrong with an answer; empty when it can be used. It is the only thing that makes an answer usable.
using Check = std::function<std::vector<std::string>(const json::object& answer)>;

/// Asks a language model, within budgets, and keeps record of it. Nobody depends on an answer: whatever the server does
/// comes back as an Outcome. For any number of threads.
class Client {
public:
    struct Tools {
        LlmStore* store = nullptr;        ///< with `ledger`: budgets, record and cache outlive the process
        ledger::Ledger* ledger = nullptr;
        const Clock& clock;
        observe::Log* log = nullptr;
    };

    Client(Settings settings, Tools tools);
    ~Client();

    const Settings& settings() const;
    /// Asks until there is an answer that passes the check, at most Settings::patience long: tries that failed for a while
    /// are repeated with pauses; an answer that is no JSON is asked again in the next shape, one that fails the check once
    /// more with what was wrong. Throws Error{interrupted} when stopped, and what the database throws.
    Answer ask(const Question& question, const Asker& asker, const Check& check, std::stop_token stop = {});

private:
    struct State;
    class Place;
    class Asking;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::llm
