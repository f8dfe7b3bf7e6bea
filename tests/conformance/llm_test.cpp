#include "bench.hpp"
#include "llm/ops.hpp"

/// What was asked of language models, what that has cost, and what they have answered.
namespace millrace::test {
namespace {

llm::Call call_of(const Bench& bench, const llm::Asker& asker, std::int64_t tokens) {
    llm::Call call;
    call.id = Uuid::generate();
    call.asker = asker;
    call.at = bench.now;
    call.purpose = "mapping";
    call.provider = "openai";
    call.model = "small";
    call.shape = "json_schema";
    call.attempt = 2;
    call.outcome = "answered";
    call.status = 200;
    call.usage = {.input = tokens - 10, .output = 10, .cached = 3};
    call.estimated = true;
    call.cost_micros = tokens * 2;
    call.took = 1500ms;
    call.sent = json::object{{"model", "small"}, {"messages", json::array{"match"}}};
    return call;
}

void record(Bench& bench, const llm::Call& call) { bench.commit(std::move(Commit{}.add(llm::RecordCall{call}))); }

}  // namespace

ON_BOTH("a call is kept as it was, and goes with its job") {
    const auto job = bench.create("other", State::blocked);
    const auto call = call_of(bench, {job.id, bench.scope.user, bench.scope.org}, 100);
    record(bench, call);

    auto& store = bench.storage().llm();
    const auto kept = store.calls(job.id);
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].id == call.id);
    CHECK(kept[0].at == call.at);
    CHECK(kept[0].outcome == "answered");
    CHECK(kept[0].attempt == 2);
    CHECK(kept[0].status == 200);
    CHECK(kept[0].usage.cached == 3);
    CHECK(kept[0].estimated);
    CHECK(kept[0].cost_micros == 200);
    CHECK(kept[0].took == 1500ms);
    CHECK(kept[0].sent == call.sent);

    jobs::Settle cancel;
    cancel.job = job.id;
    cancel.state = State::cancelled;
    cancel.at = bench.now;
    bench.commit(std::move(Commit{}.add(cancel).add(jobs::Remove{job.id, bench.now})));
    CHECK(store.calls(job.id).empty());
}

ON_BOTH("what was spent adds up by job, by user and day, and for all in a month") {
    const llm::Asker first{Uuid::generate(), bench.scope.user, bench.scope.org};
    const llm::Asker second{Uuid::generate(), bench.scope.user, bench.scope.org};
    const llm::Asker stranger{Uuid::generate(), Uuid::generate(), Uuid::generate()};
    bench.now = Instant{std::chrono::sys_days{std::chrono::year{2026} / 5 / 31}};
    record(bench, call_of(bench, first, 100));
    record(bench, call_of(bench, second, 20));
    record(bench, call_of(bench, stranger, 30));
    auto& store = bench.storage().llm();

    const auto spent = store.spent(first, bench.now);
    CHECK(spent.job.tokens == 100);
    CHECK(spent.day.tokens == 120);
    CHECK(spent.month.tokens == 150);
    CHECK(spent.month.cost_micros == 300);

    const auto tomorrow = store.spent(first, bench.later(24h));  // June
    CHECK(tomorrow.job.tokens == 100);
    CHECK(tomorrow.day.tokens == 0);
    CHECK(tomorrow.month.tokens == 0);
}

ON_BOTH("an answer is kept by its key until it is forgotten") {
    llm::KeepAnswer keep;
    keep.key = "k";
    keep.answer = {{"s1", "t1"}};
    keep.at = bench.now;
    bench.commit(std::move(Commit{}.add(keep)));
    auto& store = bench.storage().llm();
    CHECK(*store.answer("k") == keep.answer);
    CHECK_FALSE(store.answer("other"));

    bench.commit(std::move(Commit{}.add(llm::Forget{bench.now})));
    CHECK(store.answer("k"));
    bench.commit(std::move(Commit{}.add(llm::Forget{bench.later(1s)})));
    CHECK_FALSE(store.answer("k"));
}

ON_BOTH("sums outlive the record of calls until their month is over") {
    const llm::Asker asker{Uuid::generate(), bench.scope.user, bench.scope.org};
    record(bench, call_of(bench, asker, 100));
    auto& store = bench.storage().llm();
    bench.commit(std::move(Commit{}.add(llm::Forget{bench.now + 1s})));
    CHECK(store.calls(asker.job).empty());
    CHECK(store.spent(asker, bench.now).month.tokens == 100);
    bench.commit(std::move(Commit{}.add(llm::Forget{bench.now + std::chrono::days{32}})));
    CHECK(store.spent(asker, bench.now).month.tokens == 0);
}

}  // namespace millrace::test
