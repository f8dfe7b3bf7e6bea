#include <atomic>
#include <mutex>
#include <set>

#include "bench.hpp"

namespace millrace::test {
namespace {

accounts::RememberRequest remember(const Bench& bench, Uuid job, std::string key = "key") {
    accounts::RememberRequest op;
    op.user = bench.scope.user;
    op.key = std::move(key);
    op.job = job;
    op.request_hash = "hash";
    op.at = bench.now;
    return op;
}

accounts::User user(const Bench& bench, std::string email) {
    return {.id = Uuid::generate(), .org = bench.scope.org, .role = Role::admin, .subject = "sub", .name = "Name",
            .email = std::move(email), .password_hash = "argon", .created_at = bench.now, .updated_at = bench.now};
}

}  // namespace

ON_BOTH("a request is remembered with its job, refused while young, replaced when old") {
    const Job job = bench.new_job();
    CHECK(bench.commit(std::move(Commit{}.guard(remember(bench, job.id)).add(jobs::Create{job}))) == Outcome::applied);
    auto& store = bench.storage().accounts();
    CHECK(store.remembered(bench.scope.user, "key", bench.now) == job.id);
    CHECK(store.request(bench.scope.user, "key", bench.now)->request_hash == "hash");
    CHECK_FALSE(store.remembered(Uuid::generate(), "key", bench.now).has_value());
    const Job other = bench.new_job();

    bench.later(23h);
    const auto refused = bench.ledger().commit(std::move(Commit{}.guard(remember(bench, other.id)).add(jobs::Create{other})));
    CHECK(refused.outcome == Outcome::refused);
    CHECK(refused.existing == job.id);
    CHECK_FALSE(bench.jobs().get(other.id).has_value());

    bench.later(2h);
    CHECK_FALSE(store.remembered(bench.scope.user, "key", bench.now).has_value());
    CHECK(bench.commit(std::move(Commit{}.guard(remember(bench, other.id)).add(jobs::Create{other}))) == Outcome::applied);
    CHECK(store.remembered(bench.scope.user, "key", bench.now) == other.id);
}

ON_BOTH("a request is not remembered when another guard of its commit fails") {
    const Job job = bench.create();
    Commit commit;
    commit.guard(remember(bench, job.id)).guard(jobs::InState{job.id, {State::failed}});

    CHECK(bench.commit(std::move(commit)) == Outcome::lost);

    CHECK_FALSE(bench.storage().accounts().remembered(bench.scope.user, "key", bench.now).has_value());
}

ON_BOTH("of several requests with one key at the same time one makes a job") {
    auto& second = bench.second();
    for (int round = 0; round < 10; ++round) {
        const auto key = "key" + std::to_string(round);
        std::mutex mutex;
        std::set<Uuid> made, told;
        const auto ask = [&](storage::Storage& storage) {
            const Job job = bench.new_job();
            const auto done = storage.ledger().commit(std::move(Commit{}.guard(remember(bench, job.id, key)).add(jobs::Create{job})));
            const std::lock_guard lock{mutex};
            (done ? made : told).insert(done ? job.id : done.existing);
        };

        together({[&] { ask(bench.storage()); }, [&] { ask(second); }, [&] { ask(bench.storage()); }, [&] { ask(second); }});

        CHECK(made.size() == 1);
        CHECK(made == told);
    }
}

ON_BOTH("users and organisations are made once, changed, and found by email") {
    auto& store = bench.storage().accounts();
    auto u = user(bench, "a@b.example");
    bench.commit(std::move(Commit{}.add(accounts::CreateUser{u, "Org"})));
    auto again = u;
    again.name = "other";
    bench.commit(std::move(Commit{}.add(accounts::CreateUser{again, "Other"})));

    const auto read = store.user(u.id).value();
    CHECK(to_json(read) == to_json(u));
    CHECK(store.organisation(u.org)->name == "Org");
    CHECK(store.user_by_email("a@b.example")->id == u.id);
    CHECK_FALSE(store.user_by_email("").has_value());
    CHECK_FALSE(store.user(Uuid::generate()).has_value());

    u.name = "New";
    u.disabled = true;
    u.created_at += 1h;
    bench.commit(std::move(Commit{}.add(accounts::PutUser{u}).add(accounts::PutOrganisation{{u.org, "Renamed", bench.now + 1h}})));
    CHECK(store.user(u.id)->name == "New");
    CHECK(store.user(u.id)->disabled);
    CHECK(store.user(u.id)->created_at == bench.now);
    CHECK(store.organisation(u.org)->name == "Renamed");
    CHECK(store.organisation(u.org)->created_at == bench.now);

    const auto refused = bench.ledger().commit(std::move(Commit{}.guard(accounts::EmailFree{"a@b.example"})));
    CHECK(refused.outcome == Outcome::refused);
    CHECK(refused.existing == u.id);
}

ON_BOTH("users are listed by id, page by page") {
    std::vector<Uuid> ids;
    for (int i = 0; i < 5; ++i) {
        auto u = user(bench, "");
        u.password_hash.clear();
        ids.push_back(u.id);
        bench.commit(std::move(Commit{}.add(accounts::PutUser{u})));
    }
    auto& store = bench.storage().accounts();

    const auto first = store.users(3, {});
    const auto rest = store.users(3, first.back().id);

    std::vector<Uuid> seen;
    for (const auto* page : {&first, &rest}) {
        for (const auto& u : *page) seen.push_back(u.id);
    }
    CHECK(seen == ids);
}

ON_BOTH("of two users with one email at the same time one is made") {
    auto& second = bench.second();
    std::atomic<int> made = 0;
    const auto sign_up = [&](storage::Storage& storage) {
        const auto u = user(bench, "same@b.example");
        made += storage.ledger().commit(std::move(Commit{}.guard(accounts::EmailFree{u.email}).add(accounts::PutUser{u}))).outcome == Outcome::applied;
    };

    together({[&] { sign_up(bench.storage()); }, [&] { sign_up(second); }, [&] { sign_up(second); }});

    CHECK(made == 1);
}

ON_BOTH("keys are listed newest first, revoked once and touched at most once a minute") {
    auto& store = bench.storage().accounts();
    CHECK_FALSE(store.has_credentials());
    accounts::ApiKey old{.id = Uuid::generate(), .user = bench.scope.user, .org = bench.scope.org, .role = Role::admin,
                         .name = "old", .hash = "h1", .created_at = bench.now, .expires_at = bench.now + 24h};
    accounts::ApiKey young{.id = Uuid::generate(), .user = bench.scope.user, .org = bench.scope.org, .name = "young",
                           .hash = "h2", .created_at = bench.later(1s)};
    bench.commit(std::move(Commit{}.add(accounts::PutApiKey{old}).add(accounts::PutApiKey{young})));
    CHECK(to_json(store.api_key(old.id).value()) == to_json(old));
    CHECK(store.has_credentials());
    const auto keys = store.api_keys(bench.scope.user);
    REQUIRE(keys.size() == 2);
    CHECK(keys[0].id == young.id);

    const Instant first = bench.now;
    bench.commit(std::move(Commit{}.add(accounts::TouchApiKey{young.id, first})));
    bench.commit(std::move(Commit{}.add(accounts::TouchApiKey{young.id, first + 59s})));
    CHECK(store.api_key(young.id)->last_used_at == first);
    bench.commit(std::move(Commit{}.add(accounts::TouchApiKey{young.id, first + 60s})));
    CHECK(store.api_key(young.id)->last_used_at == first + 60s);

    bench.commit(std::move(Commit{}.add(accounts::RevokeApiKey{young.id, first}).add(accounts::RevokeApiKey{old.id, first})));
    bench.commit(std::move(Commit{}.add(accounts::RevokeApiKey{young.id, first + 1h})));
    CHECK(store.api_key(young.id)->revoked_at == first);
    CHECK_FALSE(store.has_credentials());
    bench.commit(std::move(Commit{}.add(accounts::PutUser{user(bench, "a@b.example")})));
    CHECK(store.has_credentials());
}

ON_BOTH("sessions are found by hash, ended one by one or all of a user") {
    auto& store = bench.storage().accounts();
    const accounts::Session one{"h1", bench.scope.user, bench.scope.org, Role::admin, bench.now, bench.now + 1h};
    for (const char* hash : {"h1", "h2", "h3"}) {
        auto session = one;
        session.hash = hash;
        bench.commit(std::move(Commit{}.add(accounts::PutSession{session})));
    }
    CHECK(to_json(store.session("h1").value()) == to_json(one));

    bench.commit(std::move(Commit{}.add(accounts::EndSession{"h1"})));
    CHECK_FALSE(store.session("h1").has_value());
    CHECK(store.session("h2").has_value());
    bench.commit(std::move(Commit{}.add(accounts::EndSessions{bench.scope.user})));
    CHECK_FALSE(store.session("h2").has_value());
    CHECK_FALSE(store.session("h3").has_value());
}

ON_BOTH("a ticket is taken once, by one of many, and not after its time") {
    auto& second = bench.second();
    const auto put = [&](std::string hash, Duration good_for) {
        bench.commit(std::move(Commit{}.add(accounts::PutTicket{{std::move(hash), bench.scope.user, bench.scope.org, Role::user, bench.now + good_for}})));
    };
    put("h", 1min);
    put("old", -1s);
    std::atomic<int> taken = 0;
    const auto take = [&](storage::Storage& storage) {
        const auto ticket = storage.accounts().take_ticket("h", bench.now);
        if (!ticket) return;
        CHECK(ticket->user == bench.scope.user);
        ++taken;
    };

    together({[&] { take(bench.storage()); }, [&] { take(second); }, [&] { take(bench.storage()); }, [&] { take(second); }});

    CHECK(taken == 1);
    CHECK_FALSE(bench.storage().accounts().take_ticket("old", bench.now).has_value());
    CHECK_FALSE(bench.storage().accounts().take_ticket("none", bench.now).has_value());
}

ON_BOTH("what has expired is forgotten, the rest is kept") {
    const Scope s = bench.scope;
    Commit commit;
    commit.add(accounts::PutSession{{"old", s.user, s.org, Role::user, bench.now - 2h, bench.now - 1h}});
    commit.add(accounts::PutSession{{"new", s.user, s.org, Role::user, bench.now, bench.now + 1h}});
    commit.add(accounts::PutTicket{{"old", s.user, s.org, Role::user, bench.now - 1h}});
    commit.add(accounts::PutTicket{{"new", s.user, s.org, Role::user, bench.now + 1h}});
    bench.commit(std::move(commit));
    auto old = remember(bench, Uuid::generate(), "old");
    old.at = bench.now - 25h;
    bench.commit(std::move(Commit{}.guard(old)));
    bench.commit(std::move(Commit{}.guard(remember(bench, Uuid::generate(), "new"))));

    bench.commit(std::move(Commit{}.add(accounts::ForgetExpired{bench.now})));

    CHECK(bench.sql("SELECT hash FROM session") == "new");
    CHECK(bench.sql("SELECT hash FROM ticket") == "new");
    CHECK(bench.sql("SELECT key FROM remembered_request") == "new");
    CHECK(bench.sql("SELECT count(*) FROM remembered_request") == "1");
}

}  // namespace millrace::test
