#include "storage/detail/rows.hpp"
#include "storage/detail/stores.hpp"

namespace millrace::storage::detail {
namespace {

llm::Call read_call(const Row& row, const PayloadKeys& keys) {
    Reader r{row};
    llm::Call c;
    c.id = r.uuid();
    c.asker.job = r.uuid();
    c.asker.user = r.uuid();
    c.asker.org = r.uuid();
    c.at = r.instant();
    c.purpose = r.text();
    c.provider = r.text();
    c.model = r.text();
    c.shape = r.text();
    c.attempt = r.integer();
    c.outcome = r.text();
    c.status = r.integer();
    c.usage.input = r.integer<std::int64_t>();
    c.usage.output = r.integer<std::int64_t>();
    c.usage.cached = r.integer<std::int64_t>();
    c.estimated = r.boolean();
    c.cost_micros = r.integer<std::int64_t>();
    c.took = Duration{r.integer<std::int64_t>()};
    c.sent = keys.opened(c.asker.job, "llm_sent", r.json());
    return c;
}

llm::Sum read_sum(Session& s, const std::string& spender, const std::string& period) {
    const auto read = [](const Row& row) { return llm::Sum{row.integer(0), row.integer(1)}; };
    return one(s, Statement::llm_spent, args(spender, period), read).value_or(llm::Sum{});
}

}  // namespace

std::optional<json::object> LlmStore::answer(const std::string& key) {
    return reading(db_, [&](Session& s) { return one(s, Statement::llm_answer, args(key), [](const Row& row) { return Reader{row}.object(); }); });
}

llm::Spent LlmStore::spent(const llm::Asker& asker, Instant now) {
    return reading(db_, [&](Session& s) {
        return llm::Spent{.job = read_sum(s, "job:" + asker.job.str(), ""),
                          .day = read_sum(s, "user:" + asker.user.str(), llm::day_of(now)),
                          .month = read_sum(s, "all", llm::month_of(now))};
    });
}

std::vector<llm::Call> LlmStore::calls(const Uuid& job) {
    return reading(db_, [&](Session& s) { return all(s, Statement::llm_calls_of_job, args(job), [&](const Row& row) { return read_call(row, db_.shared.payload); }); });
}

}  // namespace millrace::storage::detail
