#include <atomic>
#include <semaphore>

#include "bench.hpp"
#include "jobs/waiting_room.hpp"

/// Who is woken when a job comes, over the real stores and their events.
namespace millrace::test {
namespace {

using jobs::WaitingRoom;

/// Somebody in the room; counts how often it was called.
class Guest {
public:
    Guest(WaitingRoom& room, std::set<std::string, std::less<>> kinds, std::set<std::string, std::less<>> queues = {}, Uuid worker = Uuid::generate())
        : id{worker}, place_{room.enter({worker, std::move(kinds), std::move(queues)}, [this] { ++calls_; changed_.release(); })} {}

    const Uuid id;
    int calls() const { return calls_; }
    bool called(std::chrono::seconds within = 10s) { return changed_.try_acquire_for(within); }
    WaitingRoom::Place& place() { return *place_; }
    void leave() { place_.reset(); }

private:
    std::atomic<int> calls_ = 0;
    std::counting_semaphore<> changed_{0};
    std::unique_ptr<WaitingRoom::Place> place_;
};

struct Room {
    explicit Room(Bench& bench, Duration poll = 1h, Duration heartbeat = 1h)
        : room{{.heartbeat = heartbeat, .poll = poll}, bench.jobs(), bench.storage().remote(), bench.hub, clock, log} {}
    SystemClock clock;
    observe::Log log;
    WaitingRoom room;
};

Job create(Bench& bench, std::string kind, std::string queue = "default") {
    auto job = bench.new_job(std::move(kind));
    job.queue = std::move(queue);
    return bench.create(job);
}

}  // namespace

ON_BOTH("a job that comes wakes the one that has waited longest for its kind") {
    Room r{bench};
    Guest other{r.room, {"ocr"}}, first{r.room, {"import", "export"}}, second{r.room, {"import"}};

    create(bench, "import");
    CHECK(first.called());
    create(bench, "import");
    CHECK(second.called());

    CHECK(first.calls() == 1);
    CHECK(other.calls() == 0);
}

ON_BOTH("a job wakes only those that serve its queue") {
    Room r{bench};
    Guest slow{r.room, {"import"}, {"slow"}}, any{r.room, {"import"}};

    create(bench, "import", "fast");
    CHECK(any.called());
    create(bench, "import", "slow");
    CHECK(slow.called());

    CHECK(any.calls() == 1);
}

ON_BOTH("who found jobs, or leaves without having looked, wakes the next") {
    Room r{bench};
    Guest first{r.room, {"import"}}, second{r.room, {"import"}}, third{r.room, {"import"}}, other{r.room, {"ocr"}};

    create(bench, "import");
    REQUIRE(first.called());
    first.place().looks();
    first.place().found();
    first.leave();
    CHECK(second.called());
    second.leave();
    CHECK(third.called());
    third.place().looks();
    third.leave();

    CHECK(other.calls() == 0);
}

ON_BOTH("a job that becomes due wakes somebody at its time") {
    Room r{bench};
    Guest guest{r.room, {"import"}};
    auto job = bench.new_job("import", State::scheduled);
    job.run_at = SystemClock{}.now() + 150ms;

    bench.create(job);

    CHECK(guest.called());
    CHECK(SystemClock{}.now() >= job.run_at);
}

ON_BOTH("a job that ends wakes one that waits for its limited queue") {
    bench.commit(std::move(Commit{}.add(jobs::PutQueue{{.name = "slow", .running_max = 1, .updated_at = bench.now}})));
    auto job = create(bench, "other", "slow");
    const auto claimed = bench.claim_one().value();
    Room r{bench};
    Guest guest{r.room, {"import"}};
    bench.settle(claimed.lease, State::completed);
    CHECK(guest.called());
}

ON_BOTH("what no event tells of is looked for by one of each sort") {
    Room r{bench, 20ms};
    Guest a{r.room, {"import"}}, b{r.room, {"import"}}, c{r.room, {"import"}, {"slow"}};

    CHECK(a.called());
    CHECK(c.called());
    a.place().looks();
    CHECK(a.called());

    CHECK(b.calls() == 0);
}

ON_BOTH("a worker is called when it drains, and when it is not known any more") {
    Room r{bench, 1h, 20ms};
    jobs::Worker worker{Uuid::generate(), "w", 0, "remote", bench.now, bench.now};
    bench.jobs().hello(worker);
    Guest known{r.room, {"import"}, {}, worker.id}, unknown{r.room, {"import"}};

    CHECK(unknown.called());
    CHECK(known.calls() == 0);
    bench.storage().remote().drain(worker.id, true);
    CHECK(known.called());

    Room quiet{bench};
    Guest guest{quiet.room, {"import"}, {}, worker.id};
    quiet.room.call(worker.id);
    CHECK(guest.calls() == 1);
}

}  // namespace millrace::test
