#include <doctest/doctest.h>

#include "events/hub.hpp"

using namespace millrace;
using namespace millrace::events;

namespace {

const Uuid alice = Uuid::from_name("user", "alice");
const Uuid bob = Uuid::from_name("user", "bob");

Event event(std::int64_t seq, const Uuid& owner = alice, std::string type = "job.running", Uuid subject = {}) {
    Event e;
    e.seq = seq;
    e.owner = owner;
    e.type = std::move(type);
    e.subject = subject;
    e.data = std::string{"{}"};
    return e;
}

Interest of(const Uuid& user) {
    Interest interest;
    interest.scope.user = user;
    return interest;
}

std::vector<std::int64_t> seqs(const std::vector<EventPtr>& events) {
    std::vector<std::int64_t> out;
    for (const auto& e : events) out.push_back(e->seq);
    return out;
}

/// A store in memory: the log as storage would keep it.
struct Log final : EventStore {
    std::vector<Event> events;
    std::vector<Event> after(std::int64_t seq, int limit) override {
        std::vector<Event> out;
        for (const auto& e : events) {
            if (e.seq > seq && static_cast<int>(out.size()) < limit) out.push_back(e);
        }
        return out;
    }
    std::vector<Event> of_subject(const Uuid& subject, std::int64_t seq, int limit) override {
        auto out = after(seq, static_cast<int>(events.size()));
        std::erase_if(out, [&](const Event& e) { return e.subject != subject; });
        out.resize(std::min(out.size(), static_cast<std::size_t>(limit)));
        return out;
    }
    std::pair<std::int64_t, std::int64_t> bounds() override {
        if (events.empty()) return {0, 0};
        return {events.front().seq, events.back().seq};
    }
};

}  // namespace

TEST_CASE("a reader with a condition of its own sees what fulfils it, and is woken by nothing else") {
    Hub hub;
    Interest interest = of(alice);
    interest.where = [](const Event& e) { return e.seq % 2 == 0; };
    const auto reader = hub.subscribe(std::move(interest));
    int woken = 0;
    reader->on_ready([&] { ++woken; });

    hub.publish({event(1)});
    CHECK(woken == 0);
    hub.publish({event(2), event(3)});

    CHECK(woken == 1);
    CHECK(seqs(reader->take(SIZE_MAX).events) == std::vector<std::int64_t>{2});
}

TEST_CASE("a reader gets what comes after it began, of its own user only") {
    Hub hub;
    hub.publish({event(1)});

    const auto reader = hub.subscribe(of(alice));
    hub.publish({event(2), event(3, bob), event(4)});

    CHECK(reader->since() == 1);
    CHECK(seqs(reader->take(1000).events) == std::vector<std::int64_t>{2, 4});
    CHECK(reader->take(1000).events.empty());
}

TEST_CASE("a durable event that is published twice is delivered once") {
    Hub hub;
    const auto reader = hub.subscribe(of(alice));

    hub.publish({event(1), event(2)});
    hub.publish({event(2), event(3)});

    CHECK(seqs(reader->take(1000).events) == std::vector<std::int64_t>{1, 2, 3});
}

TEST_CASE("of several ticks of one job the last stands for all, states stay") {
    Hub hub;
    const auto reader = hub.subscribe(of(alice));
    const auto job = Uuid::generate(), other = Uuid::generate();

    hub.publish({event(0, alice, "job.progress", job), event(1, alice, "job.stage", job),
                 event(0, alice, "job.progress", other), event(0, alice, "job.progress", job)});

    const auto events = reader->take(1000).events;
    REQUIRE(events.size() == 3);
    CHECK(events[0]->seq == 1);
    CHECK(events[1]->subject == other);
    CHECK(events[2]->subject == job);
}

TEST_CASE("a reader that falls out of the ring is told so once and goes on") {
    Hub hub{4};
    const auto reader = hub.subscribe(of(alice));

    for (int seq = 1; seq <= 10; ++seq) hub.publish({event(seq)});

    CHECK(reader->take(1000).behind);
    hub.publish({event(11)});
    CHECK(seqs(reader->take(1000).events) == std::vector<std::int64_t>{11});
}

TEST_CASE("who resumes misses nothing, from the ring or from the store") {
    for (const std::size_t capacity : {std::size_t{100}, std::size_t{3}}) {
        CAPTURE(capacity);
        Hub hub{capacity};
        Log log;
        for (int seq = 1; seq <= 10; ++seq) {
            log.events.push_back(event(seq, seq % 2 == 0 ? alice : bob));
            hub.publish({log.events.back()});
        }

        const auto resumed = hub.resume(of(alice), 3, log);

        CHECK(!resumed.reset);
        CHECK(seqs(resumed.missed) == std::vector<std::int64_t>{4, 6, 8, 10});
        hub.publish({event(12)});
        CHECK(seqs(resumed.subscription->take(1000).events) == std::vector<std::int64_t>{12});
    }
}

TEST_CASE("a slow reader with too much to come is told to start anew, one with little gets it") {
    Hub hub;
    const auto slow = hub.subscribe(of(alice));
    for (int seq = 1; seq <= 3; ++seq) {
        auto big = event(seq);
        big.data = std::string(100, 'x');
        hub.publish({big});
    }

    CHECK(seqs(slow->take_or_skip(1000, 300).events) == std::vector<std::int64_t>{1, 2, 3});
    for (int seq = 4; seq <= 6; ++seq) {
        auto big = event(seq);
        big.data = std::string(100, 'x');
        hub.publish({big});
    }
    const auto skipped = slow->take_or_skip(1000, 299);
    CHECK(skipped.behind);
    CHECK(skipped.events.empty());
    hub.publish({event(7)});
    CHECK(seqs(slow->take_or_skip(1000, 299).events) == std::vector<std::int64_t>{7});
}

TEST_CASE("an id of the future and one no longer kept are answered by a reset") {
    Hub hub{3};
    Log log;
    for (int seq = 5; seq <= 10; ++seq) {
        log.events.push_back(event(seq));
        hub.publish({log.events.back()});
    }

    CHECK(hub.resume(of(alice), 99, log).reset);
    CHECK(hub.resume(of(alice), 2, log).reset);
    CHECK(!hub.resume(of(alice), 4, log).reset);
}

TEST_CASE("a waiting reader is woken once until it has looked") {
    Hub hub;
    const auto reader = hub.subscribe(of(alice));
    int wakes = 0;
    reader->on_ready([&] { ++wakes; });

    hub.publish({event(1)});
    hub.publish({event(2)});
    CHECK(wakes == 1);
    hub.publish({event(3, bob)});
    reader->take(1000);
    hub.publish({event(4)});
    CHECK(wakes == 2);
}

TEST_CASE("administrators may look beyond their own") {
    Hub hub;
    auto interest = of(alice);
    interest.scope.reach = Scope::Reach::all;
    const auto reader = hub.subscribe(interest);

    hub.publish({event(1, bob)});

    CHECK(seqs(reader->take(1000).events) == std::vector<std::int64_t>{1});
}
