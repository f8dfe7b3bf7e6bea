#include <algorithm>
#include <set>

#include "bench.hpp"
#include "webhooks/fan_out.hpp"

/// Webhooks on both databases: what is made of events and by whom, what is claimed, and what follows.
namespace millrace::test {
namespace {

using webhooks::Claimed;
using webhooks::Delivery;
using webhooks::DeliveryState;
using webhooks::FanOut;
using webhooks::Webhook;

struct WebhookBench {
    Bench& bench;
    ManualClock clock{};
    FanOut fan_out{store(), bench.storage().events(), bench.ledger(), clock};

    explicit WebhookBench(Bench& b) : bench{b} { clock.at = b.now; }

    webhooks::WebhookStore& store() { return bench.storage().webhooks(); }

    Webhook subscribe(std::vector<std::string> types = {"job.*"}, std::string url = "https://hooks.example/a") {
        Webhook webhook;
        webhook.id = Uuid::generate();
        webhook.owner = bench.scope.user;
        webhook.org = bench.scope.org;
        webhook.url = std::move(url);
        webhook.types = std::move(types);
        webhook.secret = Secret{"whsec_AAAA"};
        webhook.created_at = webhook.updated_at = bench.now;
        put(webhook);
        return webhook;
    }
    void put(const Webhook& webhook) { REQUIRE(bench.commit(std::move(Commit{}.add(webhooks::Put{webhook}))) == Outcome::applied); }

    std::size_t fan() {
        std::size_t made = 0;
        for (bool more = true; more;) {
            const auto step = fan_out.step();
            made += step.deliveries;
            more = step.more;
        }
        return made;
    }
    std::vector<Delivery> deliveries(const Webhook& webhook) {
        webhooks::ListRequest request;
        request.limit = 1000;
        return store().deliveries(webhook.id, bench.scope, request).items;
    }
    std::vector<std::string> states(const Webhook& webhook) {
        std::vector<std::string> out;
        for (const auto& delivery : deliveries(webhook)) out.emplace_back(word(delivery.state));
        std::ranges::sort(out);
        return out;
    }
    std::vector<Claimed> claim(int limit = 100, std::string host = "hooks.example") {
        return store().claim({{.host = std::move(host), .limit = limit, .now = clock.now(), .until = clock.now() + 30s}});
    }
    Outcome record(const Claimed& claimed, DeliveryState state, Instant next_at = {}, std::optional<int> status = 200) {
        webhooks::Record record;
        record.attempt.delivery = claimed.delivery.id;
        record.attempt.number = claimed.delivery.attempts + 1;
        record.attempt.at = clock.now();
        record.attempt.took = 12345us;
        record.attempt.status = status;
        record.attempt.response = "fine\xFF";
        record.round = claimed.delivery.round + 1;
        record.state = state;
        record.next_at = next_at;
        return bench.commit(std::move(Commit{}.guard(webhooks::Held{claimed.delivery.id, claimed.token}).add(record)));
    }
    void disable(const Webhook& webhook, std::string_view reason = webhooks::reason_gone, std::optional<Instant> silent_since = {}) {
        webhooks::Disable op;
        op.webhook = webhook.id;
        op.reason = reason;
        op.silent_since = silent_since;
        op.at = clock.now();
        bench.commit(std::move(Commit{}.add(op)));
    }
};

}  // namespace

ON_BOTH("a webhook is read as it was put, and changes keep what the database keeps") {
    WebhookBench w{bench};
    auto webhook = w.subscribe({"job.completed", "dataset.*"});
    webhook.description = "d";
    webhook.format = webhooks::Format::cloudevents;
    webhook.previous_secret = webhook.secret;
    webhook.secret = Secret{"whsec_BBBB"};
    webhook.previous_until = bench.now + 24h;
    webhook.version = 2;
    w.put(webhook);

    const auto read = w.store().get(webhook.id, bench.scope).value();

    CHECK(read.url == webhook.url);
    CHECK(read.types == webhook.types);
    CHECK(read.description == "d");
    CHECK(read.format == webhooks::Format::cloudevents);
    CHECK(read.secret == webhook.secret);
    CHECK(read.previous_secret == webhook.previous_secret);
    CHECK(read.previous_until == webhook.previous_until);
    CHECK(read.version == 2);
    CHECK(read.enabled);
    CHECK(w.store().count(bench.scope.user) == 1);
    CHECK(bench.commit(std::move(Commit{}.guard(webhooks::Unchanged{webhook.id, 1}))) == Outcome::lost);
    CHECK(bench.commit(std::move(Commit{}.guard(webhooks::Unchanged{Uuid::generate(), 1}))) == Outcome::lost);
    CHECK(bench.commit(std::move(Commit{}.guard(webhooks::Unchanged{webhook.id, 2}))) == Outcome::applied);
}

ON_BOTH("a webhook and its deliveries are seen within the scope only") {
    WebhookBench w{bench};
    const auto webhook = w.subscribe();
    bench.create();
    w.fan();
    const auto id = w.deliveries(webhook).at(0).id;
    Scope other{Uuid::generate(), bench.scope.org, Role::user, Scope::Reach::own};

    CHECK_FALSE(w.store().get(webhook.id, other));
    CHECK_FALSE(w.store().delivery(webhook.id, id, other));
    CHECK(w.store().list(other, {}).items.empty());
    CHECK(w.store().deliveries(webhook.id, other, {}).items.empty());
    CHECK_FALSE(w.store().delivery(w.subscribe().id, id, bench.scope));
    other.reach = Scope::Reach::org;
    CHECK(w.store().get(webhook.id, other));
    CHECK(w.store().list(other, {}).items.size() == 2);
    CHECK(w.store().delivery(webhook.id, id, other));
}

ON_BOTH("each event that fits becomes one delivery, and what came before the webhook does not") {
    WebhookBench w{bench};
    bench.create();
    const auto webhook = w.subscribe({"job.queued"});
    const auto job = bench.create();
    bench.claim_one();
    auto foreign = bench.new_job();
    foreign.owner = Uuid::generate();
    bench.create(foreign);

    CHECK(w.fan() == 1);
    CHECK(w.fan() == 0);

    const auto made = w.deliveries(webhook);
    REQUIRE(made.size() == 1);
    CHECK(made[0].subject == job.id);
    CHECK(made[0].type == "job.queued");
    CHECK(made[0].state == DeliveryState::pending);
    CHECK(made[0].owner == bench.scope.user);
    CHECK(made[0].org == bench.scope.org);
    CHECK(made[0].host == "hooks.example");
    CHECK(made[0].next_at == w.clock.now());
    CHECK(made[0].body.starts_with("{\"type\":\"job.queued\","));
    CHECK(made[0].id == webhooks::delivery_id(webhook.id, made[0].seq.value(), job.created_at));
}

ON_BOTH("servers that look at the same events make each delivery once") {
    WebhookBench w{bench};
    const auto webhook = w.subscribe();
    constexpr int jobs = 300;
    std::vector<std::function<void()>> bodies;
    ManualClock clock;
    clock.at = bench.now;
    std::atomic<int> creating = 2;
    for (int i = 0; i < 2; ++i) {
        bodies.emplace_back([&] {
            for (int n = 0; n < jobs / 2; ++n) bench.create();
            --creating;
        });
    }
    for (auto* storage : {&bench.storage(), &bench.second(), &bench.storage()}) {
        bodies.emplace_back([&, storage] {
            FanOut fan_out{storage->webhooks(), storage->events(), storage->ledger(), clock};
            for (bool last = false; !last;) {
                last = creating == 0;
                while (fan_out.step().more) {}
            }
        });
    }

    together(std::move(bodies));

    CHECK(w.fan() == 0);
    const auto made = w.deliveries(webhook);
    CHECK(made.size() == jobs);
    std::set<std::int64_t> seqs;
    for (const auto& delivery : made) seqs.insert(delivery.seq.value());
    CHECK(seqs.size() == jobs);
}

ON_BOTH("a server that forgot how far it was makes no delivery twice") {
    WebhookBench w{bench};
    const auto webhook = w.subscribe();
    bench.create();
    CHECK(w.fan() == 1);
    bench.commit(std::move(Commit{}.add(webhooks::MoveCursor{0})));

    FanOut again{w.store(), bench.storage().events(), bench.ledger(), w.clock};
    again.step();

    CHECK(w.deliveries(webhook).size() == 1);
    CHECK(w.store().cursor() == bench.storage().events().bounds().second);
}

ON_BOTH("events for nobody move the shared cursor now and then, and at the end") {
    WebhookBench w{bench};
    const auto before = w.store().cursor();
    bench.create();
    CHECK(w.fan() == 0);
    CHECK(w.store().cursor() == before);

    w.fan_out.save();
    CHECK(w.store().cursor() == bench.storage().events().bounds().second);
    // Nobody's events are passed for good: a webhook made now gets none of them.
    const auto webhook = w.subscribe();
    CHECK(w.fan() == 0);
    CHECK(w.deliveries(webhook).empty());
}

ON_BOTH("a webhook that is switched off gets nothing of that time") {
    WebhookBench w{bench};
    auto webhook = w.subscribe();
    bench.create();
    w.fan();
    webhook.enabled = false;
    webhook.disabled_reason = webhooks::reason_owner;
    w.put(webhook);
    CHECK(w.states(webhook) == std::vector<std::string>{"cancelled"});
    bench.create();
    // Its events may be looked at before or after it is on again.
    webhook.enabled = true;
    w.put(webhook);
    CHECK(w.fan() == 0);
    bench.create();

    CHECK(w.fan() == 1);
    CHECK(w.states(webhook) == std::vector<std::string>{"cancelled", "pending"});
}

ON_BOTH("the webhooks of somebody who may not log in get nothing") {
    WebhookBench w{bench};
    w.subscribe();
    accounts::User user{.id = bench.scope.user, .org = bench.scope.org, .disabled = true, .created_at = bench.now, .updated_at = bench.now};
    bench.commit(std::move(Commit{}.add(accounts::PutUser{user})));
    bench.create();
    CHECK(w.fan() == 0);

    user.disabled = false;
    bench.commit(std::move(Commit{}.add(accounts::PutUser{user})));
    bench.create();

    CHECK(w.fan() == 1);
}

ON_BOTH("a delivery is claimed by one, until the claim ends") {
    WebhookBench w{bench};
    w.subscribe();
    for (int i = 0; i < 5; ++i) bench.create();
    w.fan();
    const auto first = w.claim(3);
    CHECK(first.size() == 3);
    CHECK(first[0].webhook.secret.expose() == "whsec_AAAA");
    CHECK(w.claim().size() == 2);
    CHECK(w.claim().empty());

    w.clock.advance(30s);
    const auto second = w.claim();

    CHECK(second.size() == 5);
    CHECK(w.record(first[0], DeliveryState::delivered) == Outcome::lost);
    CHECK(w.record(second[0], DeliveryState::delivered) == Outcome::applied);
    CHECK(w.record(second[0], DeliveryState::delivered) == Outcome::lost);
    bench.commit(std::move(Commit{}.add(webhooks::ReleaseAll{w.clock.now()})));
    CHECK(w.claim().size() == 4);
}

ON_BOTH("claimers at the same time share the deliveries") {
    WebhookBench w{bench};
    w.subscribe();
    for (int i = 0; i < 100; ++i) bench.create();
    w.fan();
    std::vector<Uuid> ids[4];
    std::vector<std::function<void()>> bodies;
    for (int i = 0; i < 4; ++i) {
        auto& storage = i % 2 ? bench.second() : bench.storage();
        bodies.emplace_back([&, i] {
            for (int empty = 0; empty < 3;) {
                const auto got = storage.webhooks().claim({{.host = "hooks.example", .limit = 7, .now = w.clock.now(), .until = w.clock.now() + 30s}});
                for (const auto& one : got) ids[i].push_back(one.delivery.id);
                empty += got.empty();
            }
        });
    }

    together(std::move(bodies));

    std::set<Uuid> all;
    std::size_t claimed = 0;
    for (const auto& some : ids) {
        all.insert(some.begin(), some.end());
        claimed += some.size();
    }
    CHECK(claimed == 100);
    CHECK(all.size() == 100);
}

ON_BOTH("an attempt is kept with what came of it, and the next one waits for its time") {
    WebhookBench w{bench};
    const auto webhook = w.subscribe();
    bench.create();
    w.fan();
    const auto first = w.claim().at(0);
    CHECK(w.record(first, DeliveryState::pending, w.clock.now() + 5s, 503) == Outcome::applied);
    CHECK(w.claim().empty());
    w.clock.advance(5s);
    const auto second = w.claim().at(0);
    CHECK(second.delivery.id == first.delivery.id);
    CHECK(second.delivery.attempts == 1);
    CHECK(second.delivery.round == 1);
    CHECK(second.delivery.last_status == 503);

    w.record(second, DeliveryState::delivered);

    const auto done = w.deliveries(webhook).at(0);
    CHECK(done.state == DeliveryState::delivered);
    CHECK(done.attempts == 2);
    CHECK(done.last_status == 200);
    const auto attempts = w.store().attempts(done.id);
    REQUIRE(attempts.size() == 2);
    CHECK(attempts[0].number == 1);
    CHECK(attempts[0].status == 503);
    CHECK(attempts[0].took == 12345us);
    CHECK(attempts[1].number == 2);
    CHECK(attempts[1].response == "fine\xEF\xBF\xBD");
    w.clock.advance(1h);
    CHECK(w.claim().empty());
}

ON_BOTH("hosts that wait are told with the time of their first delivery") {
    WebhookBench w{bench};
    CHECK(w.store().waiting().empty());
    w.subscribe({"job.*"}, "https://b.example/1");
    w.subscribe({"job.*"}, "https://a.example/2");
    w.subscribe({"job.*"}, "https://b.example:8443/3");
    for (int i = 0; i < 3; ++i) bench.create();
    w.fan();
    const auto until = w.clock.now() + 30s;
    CHECK(w.claim(3, "a.example").size() == 3);

    auto hosts = w.store().waiting();

    std::ranges::sort(hosts, {}, &webhooks::WaitingHost::host);
    REQUIRE(hosts.size() == 2);
    CHECK(hosts[0].host == "a.example");
    CHECK(hosts[0].due_at == until);
    CHECK(hosts[1].host == "b.example");
    CHECK(hosts[1].due_at == w.clock.now());
}

ON_BOTH("a webhook is disabled once, with an event, and nothing waits for it any more") {
    WebhookBench w{bench};
    const auto webhook = w.subscribe();
    const auto other = w.subscribe({"webhook.*"});
    for (int i = 0; i < 3; ++i) bench.create();
    w.fan();
    const auto in_flight = w.claim(1).at(0);

    w.disable(webhook);
    w.disable(webhook);

    const auto types = bench.event_types();
    CHECK(std::ranges::count(types, "webhook.disabled") == 1);
    const auto event = bench.all_events().back();
    CHECK(event.owner == bench.scope.user);
    CHECK(event.subject == webhook.id);
    CHECK(event.json().contains("\"disabled_reason\":\"gone\""));
    CHECK_FALSE(event.json().contains("whsec_"));
    CHECK_FALSE(w.store().get(webhook.id, bench.scope)->enabled);
    CHECK(w.states(webhook) == std::vector<std::string>{"cancelled", "cancelled", "pending"});
    // What was being sent ends by itself; if it is to be tried again, it is not.
    w.record(in_flight, DeliveryState::pending, w.clock.now(), 500);
    CHECK(w.claim().empty());
    CHECK(w.states(webhook) == std::vector<std::string>{"cancelled", "cancelled", "cancelled"});
    CHECK(w.fan() == 1);
    CHECK(w.deliveries(other).size() == 1);
}

ON_BOTH("a webhook that still delivers something is not disabled for one failure") {
    WebhookBench w{bench};
    const auto webhook = w.subscribe();
    bench.create();
    bench.create();
    w.fan();
    const auto claimed = w.claim();
    const auto begun = w.clock.now();
    w.clock.advance(10s);
    w.record(claimed.at(0), DeliveryState::delivered);

    w.disable(webhook, webhooks::reason_failing, begun);
    CHECK(w.store().get(webhook.id, bench.scope)->enabled);
    w.disable(webhook, webhooks::reason_failing, w.clock.now() + 1s);

    CHECK(w.store().get(webhook.id, bench.scope)->disabled_reason == "failing");
}

ON_BOTH("a hold keeps back what waits and what comes") {
    WebhookBench w{bench};
    const auto webhook = w.subscribe();
    bench.create();
    w.fan();
    const auto until = w.clock.now() + 1h;

    bench.commit(std::move(Commit{}.add(webhooks::Hold{webhook.id, until})));
    bench.create();
    w.fan();

    CHECK(w.store().get(webhook.id, bench.scope)->held_until == until);
    for (const auto& delivery : w.deliveries(webhook)) CHECK(delivery.next_at == until);
    CHECK(w.claim().empty());
    w.clock.at = until;
    CHECK(w.claim().size() == 2);
}

ON_BOTH("a delivery is sent again when asked for, under its id and with a round of its own") {
    WebhookBench w{bench};
    const auto webhook = w.subscribe();
    bench.create();
    w.fan();
    const auto claimed = w.claim().at(0);
    const auto redeliver = [&] { bench.commit(std::move(Commit{}.add(webhooks::Redeliver{claimed.delivery.id, w.clock.now()}))); };
    redeliver();
    CHECK(w.claim().empty());  // it is being sent
    w.record(claimed, DeliveryState::failed, {}, 500);
    w.clock.advance(1h);

    redeliver();

    const auto again = w.claim().at(0);
    CHECK(again.delivery.id == claimed.delivery.id);
    CHECK(again.delivery.attempts == 1);
    CHECK(again.delivery.round == 0);
    CHECK(again.delivery.round_at == w.clock.now());
    w.record(again, DeliveryState::delivered);
    CHECK(w.store().attempts(claimed.delivery.id).size() == 2);
    w.disable(webhook);
    redeliver();
    CHECK(w.states(webhook) == std::vector<std::string>{"delivered"});
}

ON_BOTH("a new URL holds for what waits") {
    WebhookBench w{bench};
    auto webhook = w.subscribe();
    bench.create();
    w.fan();
    webhook.url = "https://new.example/b";
    w.put(webhook);

    CHECK(w.claim().empty());
    CHECK(w.claim(1, "new.example").at(0).webhook.url == webhook.url);
}

ON_BOTH("a removed webhook is gone at once and its deliveries in time") {
    WebhookBench w{bench};
    const auto webhook = w.subscribe(), other = w.subscribe();
    bench.create();
    w.fan();
    const auto claimed = w.claim();
    for (const auto& one : claimed) w.record(one, DeliveryState::delivered);
    bench.create();
    w.fan();

    bench.commit(std::move(Commit{}.add(webhooks::Remove{webhook.id, w.clock.now()})));

    CHECK_FALSE(w.store().get(webhook.id, bench.scope));
    CHECK(w.claim().size() == 1);
    CHECK(bench.sql("SELECT count(*) FROM webhook_delivery") == "4");
    const auto nothing_old = w.clock.now() - 1h;
    bench.commit(std::move(Commit{}.add(webhooks::Forget{nothing_old})));
    CHECK(bench.sql("SELECT count(*) FROM webhook_delivery") == "2");
    CHECK(bench.sql("SELECT count(*) FROM webhook_attempt") == "1");
    CHECK(bench.sql("SELECT count(*) FROM webhook_removed") == "0");
    bench.commit(std::move(Commit{}.add(webhooks::Forget{w.clock.now() + 1h})));
    CHECK(w.states(other) == std::vector<std::string>{"pending"});
    CHECK(bench.sql("SELECT count(*) FROM webhook_attempt") == "0");
}

ON_BOTH("deliveries are listed page by page, by state") {
    WebhookBench w{bench};
    const auto webhook = w.subscribe();
    for (int i = 0; i < 5; ++i) bench.create();
    w.fan();
    const auto claimed = w.claim(2);
    for (const auto& one : claimed) w.record(one, DeliveryState::failed, {}, 500);
    webhooks::ListRequest request;
    request.limit = 2;
    request.filter = query::parse_filter("state:pending", webhooks::delivery_fields());

    const auto first = w.store().deliveries(webhook.id, bench.scope, request);
    request.cursor = first.next_cursor;
    const auto second = w.store().deliveries(webhook.id, bench.scope, request);

    CHECK(first.items.size() == 2);
    CHECK(second.items.size() == 1);
    CHECK_FALSE(second.next_cursor);
    request = {};
    request.filter = query::parse_filter("last_status:>=500 state:failed", webhooks::delivery_fields());
    CHECK(w.store().deliveries(webhook.id, bench.scope, request).items.size() == 2);
}

ON_BOTH("what a crash of the server left claimed is due again after its restart") {
    WebhookBench w{bench};
    const auto webhook = w.subscribe();
    bench.create();
    w.fan();
    const auto before = w.claim().at(0);
    bench.reopen();

    bench.commit(std::move(Commit{}.add(webhooks::ReleaseAll{w.clock.now()})));

    const auto after = bench.storage().webhooks().claim({{.host = "hooks.example", .now = w.clock.now(), .until = w.clock.now() + 30s}});
    REQUIRE(after.size() == 1);
    CHECK(after[0].delivery.id == before.delivery.id);
    CHECK(after[0].delivery.body == before.delivery.body);
}

}  // namespace millrace::test
