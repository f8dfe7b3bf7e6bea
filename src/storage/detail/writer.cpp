#include "storage/detail/writer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <typeinfo>

#include "jobs/ops.hpp"
#include "storage/detail/catalog.hpp"
#include "work/failpoint.hpp"
#include "work/thread_name.hpp"

namespace millrace::storage::detail {
namespace {

constexpr int conflict_tries = 5;

struct JobsOf {
    std::vector<Uuid> all;
    std::vector<Uuid> settled;  ///< completed: whatever else was said of them matters no more

    static bool ends_well(const ledger::Op& op) {
        return typeid(op) == typeid(jobs::Settle) && static_cast<const jobs::Settle&>(op).state == jobs::State::completed;
    }

    void add(const ledger::Commit& commit) {
        for (const auto* ops : {&commit.guards, &commit.ops}) {
            for (const auto& op : *ops) {
                const auto id = handler(*op).job(*op);
                if (!id) continue;
                all.push_back(*id);
                if (ends_well(*op)) settled.push_back(*id);
            }
        }
    }
};

/// Thrown when COMMIT has succeeded but what follows has not: never a reason to do the group again.
struct AfterCommit {
    std::exception_ptr why;
};

}  // namespace

Error to_error(const SqlFailure& failure) {
    switch (failure.kind) {
        case SqlFailure::Kind::full:
            return Error{Code::storage_full};
        case SqlFailure::Kind::unavailable:
        case SqlFailure::Kind::conflict:
            return Error{Code::database_unavailable, {{"why", failure.what()}}};
        case SqlFailure::Kind::other:
            break;
    }
    return Error{Code::internal, {{"sql", failure.what()}}};
}

namespace {

/// A few dozen rows for each counter, however many processes come and go; two that meet in one only wait for each other.
std::string shard_of(const char* writer) { return fmt::format("{}-{}", writer, ::getpid() % 16); }

}  // namespace

Writer::Writer(std::unique_ptr<WriteConnection> connection, Shared& shared, observe::Log log, const char* thread_name,
               Driven driven)
    : connection_{std::move(connection)}, shared_{shared}, shard_{shard_of(thread_name)}, log_{std::move(log)}, driven_{driven} {
    if (driven == Driven::by_callers) return;
    thread_ = std::jthread{[this, thread_name] {
        work::name_this_thread(thread_name);
        loop();
    }};
}

Writer::~Writer() { close(); }

void Writer::close() {
    {
        const std::lock_guard lock{mutex_};
        closed_ = true;
        came_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

ledger::Committed Writer::commit(ledger::Commit commit) {
    auto member = std::make_unique<Member>();
    member->commit = std::move(commit);
    return wait_for(std::move(member));
}

void Writer::run(Task task) {
    auto member = std::make_unique<Member>();
    member->task = std::move(task);
    wait_for(std::move(member));
}

void Writer::run_relaxed(Task task) {
    auto member = std::make_unique<Member>();
    member->task = std::move(task);
    member->durable = false;
    wait_for(std::move(member));
}

ledger::Committed Writer::wait_for(std::unique_ptr<Member> member) {
    // Shared, because the writer may still be in set_value when we are gone.
    const auto promise = std::make_shared<std::promise<ledger::Committed>>();
    auto done = promise->get_future();
    member->done = [promise](ledger::Committed committed, std::exception_ptr failed) {
        if (failed) promise->set_exception(failed);
        else promise->set_value(committed);
    };
    enqueue(std::move(member));
    return done.get();
}

void Writer::submit(ledger::Commit commit, ledger::Ledger::OnCommitted done) {
    auto member = std::make_unique<Member>();
    member->commit = std::move(commit);
    member->done = done;
    try {
        enqueue(std::move(member));
    } catch (const Error&) {
        done({}, std::current_exception());
    }
}

void Writer::enqueue(std::unique_ptr<Member> member) {
    {
        const std::lock_guard lock{mutex_};
        if (closed_) throw Error{Code::database_unavailable, {{"why", "the server is stopping"}}};
        if (driven_ == Driven::by_thread) {
            queue_.push_back(std::move(member));
            if (queue_.size() == 1) came_.notify_one();
            return;
        }
    }
    const std::lock_guard lock{applying_};
    Group alone;
    alone.push_back(std::move(member));
    apply(alone);
}

void Writer::loop() {
    while (true) {
        Group group;
        {
            std::unique_lock lock{mutex_};
            came_.wait(lock, [&] { return !queue_.empty() || closed_; });
            if (queue_.empty()) return;
            while (!queue_.empty() && group.size() < group_max) {
                group.push_back(std::move(queue_.front()));
                queue_.pop_front();
            }
        }
        apply(group);
    }
}

void Writer::apply(Group& group) {
    std::vector<Member*> members;
    for (const auto& member : group) members.push_back(member.get());
    std::exception_ptr failed;
    try {
        transact_again_if_idle_broke(members);
    } catch (const AfterCommit& after) {
        failed = after.why;
    } catch (const SqlFailure& failure) {
        // Another try of the same COMMIT on a broken connection or a full disk only makes everybody wait longer.
        if (failure.kind == SqlFailure::Kind::conflict || failure.kind == SqlFailure::Kind::other) return apply_again(members);
        log_.error("commit failed", {{"members", members.size()}, {"error", failure.what()}});
        failed = std::make_exception_ptr(to_error(failure));
    } catch (...) {
        if (members.size() > 1) return apply_again(members);
        failed = std::current_exception();
    }
    for (auto* member : members) {
        member->done(member->committed, failed);
    }
}

/// A connection that broke while it was idle (the database restarted) shows at its next use. As long as no COMMIT was
/// sent nothing can have been applied, so the group is simply done again.
void Writer::transact_again_if_idle_broke(std::span<Member* const> members) {
    try {
        transact(members, true);
    } catch (const SqlFailure& failure) {
        if (failure.kind != SqlFailure::Kind::unavailable || reached_commit_) throw;
        transact(members, true);
    }
}

/// What was hoped for does not hold, or one of the members is bad: together without hope, and then each alone.
void Writer::apply_again(std::span<Member* const> members) {
    if (members.size() > 1) {
        try {
            transact(members, false);
            for (auto* member : members) member->done(member->committed, nullptr);
            return;
        } catch (const AfterCommit& after) {
            for (auto* member : members) member->done({}, after.why);
            return;
        } catch (...) {
            // It shows again below, for whose fault it is.
        }
    }
    for (auto* member : members) apply_alone(*member);
}

void Writer::apply_alone(Member& member) {
    Member* const members[] = {&member};
    for (int tries = 1;; ++tries) {
        try {
            transact(members, false);
            return member.done(member.committed, nullptr);
        } catch (const AfterCommit& after) {
            return member.done({}, after.why);
        } catch (const SqlFailure& failure) {
            if (failure.kind == SqlFailure::Kind::conflict && tries < conflict_tries) continue;
            log_.error("commit failed", {{"members", 1}, {"tries", tries}, {"error", failure.what()}});
            return member.done({}, std::make_exception_ptr(to_error(failure)));
        } catch (...) {
            return member.done({}, std::current_exception());
        }
    }
}

void Writer::transact(std::span<Member* const> members, bool hopeful) {
    Told told;
    std::vector<events::Event> ticks;
    reached_commit_ = false;
    try {
        work::failpoint("storage.commit.before");
        const bool durable = std::ranges::any_of(members, &Member::durable);
        Tx tx{connection_->begin(durable), shared_, shard_, hopeful};
        JobsOf ids;
        for (const auto* member : members) {
            if (!member->task) ids.add(member->commit);
        }
        tx.hold_to_settle(ids.settled);
        tx.hold(std::move(ids.all));
        for (auto* member : members) apply_member(tx, *member);
        tx.save_jobs();
        tx.save_counts();
        told = tx.told();
        ticks = std::move(tx.ticks);
        reached_commit_ = true;
        connection_->commit(told);
        tx.committed();
    } catch (...) {
        connection_->rollback();
        throw;
    }
    std::exception_ptr failed;
    try {
        work::failpoint("storage.commit.after");
    } catch (...) {
        failed = std::current_exception();
    }
    // What the same transaction tells of a job is newer than a tick of it.
    std::erase_if(ticks, [&](const events::Event& tick) {
        return std::ranges::find(told.events, tick.subject, &events::Event::subject) != told.events.end();
    });
    if (!told.events.empty()) connection_->publish(std::move(told.events));
    if (!ticks.empty()) connection_->show(std::move(ticks));
    if (failed) throw AfterCommit{failed};
}

void Writer::apply_member(Tx& tx, Member& member) {
    member.committed = {};
    if (member.task) {
        tx.release_jobs();
        member.task(tx);
        tx.release_jobs();
        return;
    }
    // Guards are judged when it is the member's turn, after the changes of those before it: as if it were alone. They
    // change nothing, so a member that is lost or refused leaves no trace.
    for (const auto& guard : member.commit.guards) {
        const auto& judge = handler(*guard).guard;
        if (!judge) throw Error{Code::internal, {{"guard", typeid(*guard).name()}}};
        member.committed = judge(tx, *guard);
        if (!member.committed) return;
    }
    for (const auto& guard : member.commit.guards) {
        if (const auto& apply = handler(*guard).apply) apply(tx, *guard);
    }
    for (const auto& op : member.commit.ops) {
        const auto& [judge, apply, job] = handler(*op);
        if (judge || !apply) throw Error{Code::internal, {{"op", typeid(*op).name()}}};
        apply(tx, *op);
    }
}

}  // namespace millrace::storage::detail
