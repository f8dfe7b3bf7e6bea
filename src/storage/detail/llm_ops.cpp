#include "storage/detail/llm_ops.hpp"

#include "storage/detail/rows.hpp"

namespace millrace::storage::detail {

void record_call(Tx& tx, const llm::RecordCall& op) {
    const auto& c = op.call;
    const auto sent = tx.shared.payload.sealed(c.asker.job, "llm_sent", c.sent);
    const auto added = tx.db.run(Statement::llm_put_call,
                                 args(c.id, c.asker.job, c.asker.user, c.asker.org, c.at, c.purpose, c.provider, c.model, c.shape, c.attempt, c.outcome, c.status,
                                      c.usage.input, c.usage.output, c.usage.cached, c.estimated, c.cost_micros, c.took.count(), sent));
    if (added == 0 || c.usage.total() == 0) return;
    const auto spend = [&](const std::string& spender, const std::string& period) {
        tx.db.later(Statement::llm_spend, args(spender, period, c.usage.total(), c.cost_micros, c.at));
    };
    spend("job:" + c.asker.job.str(), "");
    spend("user:" + c.asker.user.str(), llm::day_of(c.at));
    spend("all", llm::month_of(c.at));
}

void keep_answer(Tx& tx, const llm::KeepAnswer& op) { tx.db.later(Statement::llm_keep_answer, args(op.key, op.answer, op.at)); }

void forget_llm(Tx& tx, const llm::Forget& op) {
    tx.db.later(Statement::llm_forget_calls, args(op.before));
    // Sums count for a month, however short the history is.
    tx.db.later(Statement::llm_forget_spent, args(op.before - std::chrono::days{31}));
    tx.db.later(Statement::llm_forget_answers, args(op.before));
}

}  // namespace millrace::storage::detail
