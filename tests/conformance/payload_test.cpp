#include <algorithm>

#include "bench.hpp"
#include "jobs/remote.hpp"

/// Jobs whose input, result and checkpoint are encrypted in the database.
namespace millrace::test {
namespace {

const std::string key_a = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
const std::string key_b = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";

storage::PayloadSettings keys(const std::string& key, const std::string& previous = "") {
    return {.key = Secret{key}, .previous_keys = Secret{previous}};
}

Job secret_job(Bench& bench, State state = State::queued, std::string filename = "a.csv") {
    Job job = bench.new_job("other", state);
    job.filename = std::move(filename);
    job.input = {{"source_id", "hidden-input"}};
    return bench.create(job);
}

/// The input, or the code of the error.
std::string read(Bench& bench, const Job& job) {
    try {
        return json::serialize(bench.get(job.id).input);
    } catch (const Error& error) {
        return std::string{to_string(error.code())};
    }
}

}  // namespace

ON_BOTH("nothing of an encrypted payload stands in the database, and its readers see all of it") {
    bench.encrypt(keys(key_a));
    const Job job = secret_job(bench);
    const auto claimed = bench.claim_one();
    REQUIRE(claimed);
    CHECK(claimed->job.input == job.input);
    CHECK(bench.commit(std::move(Commit{}.guard(jobs::Fence{claimed->lease}).add(jobs::SaveCheckpoint{job.id, {{"at", "hidden-checkpoint"}}}))) ==
          Outcome::applied);
    CHECK(bench.get(job.id).checkpoint == json::value{{"at", "hidden-checkpoint"}});
    CHECK(bench.dump().find("hidden") == std::string::npos);
    CHECK(bench.dump().find("millrace:sealed") != std::string::npos);

    jobs::Settle settle;
    settle.job = job.id;
    settle.state = State::completed;
    settle.outcome = "completed";
    settle.result = json::value("hidden-result");
    settle.at = bench.now;
    CHECK(bench.commit(std::move(Commit{}.guard(jobs::Fence{claimed->lease}).add(std::move(settle)))) == Outcome::applied);
    CHECK(bench.dump().find("hidden") == std::string::npos);
    CHECK(bench.get(job.id).result == json::value("hidden-result"));
    CHECK(bench.get(job.id).input == job.input);
    CHECK(bench.rows("SELECT id FROM processing_jobs WHERE source_id IS NULL").size() == 1);
}

ON_BOTH("a remote worker gets the payload in the clear") {
    bench.encrypt(keys(key_a));
    const Job job = secret_job(bench);
    jobs::Worker worker{Uuid::generate(), "ocr", 0, std::string{jobs::remote_role}, bench.now, bench.now};
    worker.kinds = {"other"};
    bench.jobs().hello(worker);
    const auto claimed = bench.storage().remote().claim({.worker = worker.id, .kinds = worker.kinds, .limit = 1, .lease = 20s, .now = bench.now});
    REQUIRE(claimed.jobs.size() == 1);
    CHECK(claimed.jobs[0].job.input == job.input);
}

ON_BOTH("input that is added to an encrypted one is encrypted with it") {
    bench.encrypt(keys(key_a));
    const Job job = secret_job(bench, State::blocked);
    CHECK(bench.commit(std::move(Commit{}.add(jobs::Unblock{job.id, {{"more", "hidden-too"}}, std::nullopt, bench.now}))) == Outcome::applied);
    CHECK(bench.get(job.id).input == json::object{{"source_id", "hidden-input"}, {"more", "hidden-too"}});
    CHECK(bench.dump().find("hidden") == std::string::npos);
}

ON_BOTH("keys change: jobs of before and after are read, and an encrypted one is never read without its key") {
    const Job before = secret_job(bench);
    bench.encrypt(keys(key_a));
    const Job first = secret_job(bench);
    bench.encrypt(keys(key_b, key_a));
    const Job second = secret_job(bench);
    const auto input = json::serialize(first.input);
    for (const auto& job : {before, first, second}) CHECK(read(bench, job) == input);

    bench.encrypt(keys(key_b));
    CHECK(read(bench, first) == "payload_key_missing");
    CHECK(read(bench, second) == input);
    bench.encrypt({});
    CHECK(read(bench, before) == input);
    CHECK(read(bench, second) == "payload_key_missing");
    // Lists show what is not encrypted.
    const auto listed = bench.jobs().active(bench.scope, {.limit = 10});
    CHECK(listed.size() == 3);
    for (const auto& job : listed) CHECK(job.input.empty() == (job.id != before.id));
    // Nothing is claimed and lost.
    CHECK(bench.claim_one()->job.id == before.id);
    CHECK_THROWS_AS(bench.claim_one(), Error);
    bench.encrypt(keys(key_b, key_a));
    CHECK(bench.claim_one()->job.input == first.input);
}

ON_BOTH("payloads that change places are refused") {
    bench.encrypt(keys(key_a));
    const Job one = secret_job(bench), two = secret_job(bench, State::queued, "b.csv");
    bench.sql("UPDATE job SET input = (SELECT input FROM job WHERE filename = 'b.csv')");
    CHECK(read(bench, two) == json::serialize(two.input));
    CHECK(read(bench, one) == "payload_unreadable");
    // It fails by itself and does not keep those behind it.
    std::vector<Uuid> claimed;
    for (int i = 0; i < 2; ++i) {
        if (const auto next = bench.claim_one()) claimed.push_back(next->job.id);
    }
    CHECK(claimed == std::vector{two.id});
    const auto listed = bench.jobs().active(bench.scope, {.limit = 10});
    const auto failed = std::ranges::find(listed, one.id, &Job::id);
    REQUIRE(failed != listed.end());
    CHECK(failed->state == State::failed);
    CHECK(failed->error_code == "payload_unreadable");
}

}  // namespace millrace::test
