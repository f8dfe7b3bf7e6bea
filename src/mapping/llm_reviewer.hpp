#pragma once

#include <span>
#include <stop_token>

#include "llm/client.hpp"
#include "mapping/review.hpp"

namespace millrace::mapping {

/// Asks a language model about doubts: at most 25 fields in a question, each with its own candidates by id. An answer
/// counts when it names one of the candidates of every field and no target twice; else none of them does.
class LlmReviewer final : public Reviewer {
public:
    LlmReviewer(llm::Client& client, const llm::Asker& asker, std::stop_token stop) : client_{client}, asker_{asker}, stop_{stop} {}

    std::vector<Verdict> review(const Table& source, const Table& target, const std::vector<Doubt>& doubts) override;

    /// Were there doubts, and did they get verdicts?
    bool asked() const { return asked_; }
    bool answered() const { return asked_ && why_.empty(); }
    const std::string& why() const { return why_; }  ///< not answered: for people

private:
    llm::Client& client_;
    const llm::Asker asker_;
    const std::stop_token stop_;
    bool asked_ = false;
    std::string why_;
};

/// What is asked about these doubts, within what privacy allows.
llm::Question question_of(const Table& source, const Table& target, std::span<const Doubt> doubts, llm::Privacy privacy);

/// What is wrong with an answer to that; it speaks of ids only.
std::vector<std::string> problems_of(const json::object& answer, std::span<const Doubt> doubts);

/// Of an answer without problems.
std::vector<Verdict> verdicts_of(const json::object& answer, std::span<const Doubt> doubts);

}  // namespace millrace::mapping
