#include <filesystem>

#include "bench.hpp"
#include "blobs/local/local.hpp"
#include "intake/intake.hpp"

/// What becomes of an upload when the database goes away under it.
namespace millrace::test {
namespace {

/// A directory for objects, gone at the end.
struct Objects {
    const std::filesystem::path path = std::filesystem::temp_directory_path() / ("millrace-objects-" + Uuid::generate().str());
    const std::unique_ptr<blobs::BlobStore> store = blobs::local::open(path);
    ~Objects() { std::filesystem::remove_all(path); }
};

/// The ledger of the bench, which now and then does not answer.
struct Unreliable final : ledger::Ledger {
    enum class Fault { none, away, answer_lost };

    explicit Unreliable(ledger::Ledger& l) : inner{l} {}
    ledger::Committed commit(ledger::Commit commit) override {
        if (fault == Fault::away) throw Error{Code::database_unavailable, {{"why", "away"}}};
        const auto done = inner.commit(std::move(commit));
        if (fault == Fault::answer_lost) throw Error{Code::database_unavailable, {{"why", "no answer"}}};
        return done;
    }
    ledger::Ledger& inner;
    Fault fault = Fault::none;
};

struct Uploads {
    explicit Uploads(Bench& b) : bench{b}, ledger{b.ledger()}, clock{b.now} {
        bench.jobs().hello(bench.worker);
    }

    struct Still final : Clock {
        explicit Still(Instant t) : time{t} {}
        Instant now() const override { return time; }
        Instant time;
    };

    intake::Intake::Begun begin() {
        intake::Incoming incoming;
        incoming.scope = bench.scope;
        incoming.filename = "a.csv";
        incoming.job = job;
        return intake.begin(std::move(incoming));
    }

    Bench& bench;
    Unreliable ledger;
    Objects objects;
    Still clock;
    observe::Log log;
    const Uuid job = Uuid::generate();
    intake::Intake intake{{}, bench.storage().intake(), ledger, *objects.store, clock, log, bench.worker.id};
};

}  // namespace

ON_BOTH("an upload whose beginning was not acknowledged does not wait for its bytes for ever") {
    Uploads uploads{bench};
    uploads.ledger.fault = Unreliable::Fault::answer_lost;
    CHECK_THROWS_AS(uploads.begin(), Error);
    CHECK(bench.get(uploads.job).state == State::blocked);
    CHECK_THROWS_AS(uploads.intake.sweep_abandoned(), Error);

    uploads.ledger.fault = Unreliable::Fault::none;
    uploads.intake.sweep_abandoned();

    CHECK(bench.get(uploads.job).state == State::failed);
    CHECK(bench.get(uploads.job).error_code == "upload_aborted");
}

ON_BOTH("an upload that broke off while the database was away fails when it is back") {
    Uploads uploads{bench};
    auto begun = uploads.begin();
    uploads.ledger.fault = Unreliable::Fault::away;
    begun.receiving.reset();
    CHECK(bench.get(uploads.job).state == State::blocked);

    uploads.ledger.fault = Unreliable::Fault::none;
    uploads.intake.sweep_abandoned();

    CHECK(bench.get(uploads.job).state == State::failed);
}

}  // namespace millrace::test
