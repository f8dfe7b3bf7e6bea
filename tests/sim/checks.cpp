#include "checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace millrace::sim {
namespace {

using jobs::State;
using Log = std::vector<events::Event>;

[[noreturn]] void fail(std::string what) { throw Violation{std::move(what)}; }

Log whole(events::EventStore& events) {
    Log log;
    for (std::int64_t at = 0;;) {
        auto some = events.after(at, 1000);
        if (some.empty()) return log;
        at = some.back().seq;
        std::ranges::move(some, std::back_inserter(log));
    }
}

/// Moves that are allowed; all others are not. "" is the state before a job exists.
bool is_move(std::string_view from, std::string_view to, const Plan& plan) {
    struct Move {
        std::string_view from;
        std::initializer_list<std::string_view> to;
    };
    static const Move moves[] = {
        {"", {"scheduled", "blocked", "queued", "running", "cancelled"}},
        {"scheduled", {"queued", "cancelled", "failed"}},
        {"blocked", {"queued", "scheduled", "cancelled", "failed"}},
        {"queued", {"running", "cancelled", "failed"}},
        {"running", {"completed", "failed", "cancelled", "cancelling", "retry_wait", "queued", "scheduled"}},
        {"retry_wait", {"queued", "cancelled", "failed"}},
        {"cancelling", {"cancelled", "completed", "failed"}},
    };
    for (const auto& move : moves) {
        if (move.from == from && std::ranges::find(move.to, to) != move.to.end()) return true;
    }
    // A person's retry, and what follows for those who had given up because of the job, or for its workflow.
    if (from == "failed" || from == "cancelled") return to == "queued" || to == "blocked" || (plan.job.workflow() && to == "running");
    return from == "completed" && plan.job.workflow() && to == "running";
}

/// G2 and G6 in the log of events, and that the rows say the same.
void check_history(Inspector& inspector, const Log& log, const std::map<Uuid, Plan>& plans) {
    struct Seen {
        std::string state;
        int progress = 0;
    };
    std::map<Uuid, Seen> jobs;
    for (const auto& event : log) {
        if (!event.type.starts_with("job.")) continue;
        const auto id = event.subject;
        const auto plan = plans.find(id);
        if (plan == plans.end()) fail("G2: an event of a job that nobody made: " + id.str());
        auto& seen = jobs[id];
        const auto word = event.type.substr(4);
        const int progress = progress_of(event.json());
        if (progress < seen.progress && seen.state != "completed") fail("G6: progress of " + id.str() + " fell in the log of events");
        seen.progress = progress;
        if (!from_word<State>(word)) {
            if (seen.state.empty()) fail("G2: the first event of " + id.str() + " is " + word);
            if (word == "stage" && is_terminal(*from_word<State>(seen.state))) fail("G2: job " + id.str() + " moved on after its end");
            continue;
        }
        if (!is_move(seen.state, word, plan->second)) fail(fmt::format("G2: job {} went from {} to {}", id.str(), seen.state, word));
        if ((word == "completed") != (progress == 100)) fail("G6: 100 % belongs to completed jobs, not to " + id.str());
        seen.state = word;
    }
    inspector.each("SELECT id, state, progress FROM job", {}, [&](const Inspector::Row& row) {
        const auto& seen = jobs[row.uuid(0)];
        if (seen.state != row.text(1)) fail(fmt::format("G2: job {} is {}, its last event says {}", row.uuid(0).str(), row.text(1), seen.state));
    });
}

/// G3: the effects of a job are there once when it has completed, and not otherwise.
void check_effects(Inspector& inspector, const std::map<Uuid, Plan>& plans) {
    std::map<Uuid, int> effects;
    std::map<std::string, int> by_content;
    inspector.each("SELECT job_id, sha256 FROM dataset", {}, [&](const Inspector::Row& row) {
        ++effects[row.uuid(0)];
        ++by_content[row.text(1)];
    });
    for (const auto& [id, plan] : plans) {
        if (!plan.created || plan.job.external() || plan.job.workflow()) continue;
        const auto state = inspector.state(id).value_or("");
        const int want = plan.effect && state == "completed" ? 1 : 0;
        const int have = effects.contains(id) ? effects.at(id) : 0;
        if (have != want) fail(fmt::format("G3: job {} is {} and has {} effects", id.str(), state, have));
    }
    for (const auto& [content, count] : by_content) {
        if (count > 1) fail("G3: the content " + content + " is there more than once");
    }
}

/// G4: what is counted is what happened.
/// Answers how many attempts there were.
int check_attempts(Inspector& inspector, jobs::JobStore& store, const std::map<Uuid, Plan>& plans) {
    struct Row {
        int open = 0, lost = 0, uncounted = 0, all = 0;
    };
    std::map<Uuid, Row> rows;
    int attempts = 0;
    for (const auto& [id, plan] : plans) {
        auto& r = rows[id];
        for (const auto& attempt : store.attempts(id)) {
            ++attempts;
            ++r.all;
            if (!attempt.ended_at) ++r.open;
            if (attempt.outcome == "lost") ++r.lost;
            if (attempt.outcome == "released" || attempt.outcome == "snoozed") ++r.uncounted;
        }
    }
    inspector.each("SELECT id, attempt, losses, attempts_max, error_code FROM job WHERE kind = 'plain'", {}, [&](const Inspector::Row& row) {
        const auto id = row.uuid(0);
        const auto& r = rows[id];
        const auto attempt = row.integer(1), losses = row.integer(2), most = row.integer(3);
        if (r.open > 0) fail("G4: job " + id.str() + " has ended and an attempt of it has not");
        if (attempt > most + losses) fail(fmt::format("G4: job {} had {} attempts and {} losses of at most {}", id.str(), attempt, losses, most));
        if (losses > r.lost) fail("G4: job " + id.str() + " counts more losses than there were");
        if (plans.at(id).retried) return;
        if (losses != r.lost) fail(fmt::format("G4: job {} counts {} losses of {}", id.str(), losses, r.lost));
        if (attempt != r.all - r.uncounted) fail(fmt::format("G4: job {} counts {} attempts of {}", id.str(), attempt, r.all - r.uncounted));
        if (row.text(4) == "worker_crashed" && losses != jobs::losses_max) fail("G4: job " + id.str() + " was given up after " + std::to_string(losses) + " losses");
    });
    inspector.each("SELECT count(*) FROM job_lease", {}, [&](const Inspector::Row& row) {
        if (row.integer(0) != 0) fail("G5: a lease outlived its job");
    });
    return attempts;
}

/// G4: the counters that nobody ever counts again.
void check_counters(Inspector& inspector, const Log& log) {
    inspector.each("SELECT queue, state, sum(number) FROM job_count GROUP BY queue, state HAVING sum(number) <> 0", {}, [&](const Inspector::Row& row) {
        fail(fmt::format("G4: {} jobs are counted as {} in {}", row.integer(2), row.text(1), row.text(0)));
    });
    inspector.each("SELECT (SELECT count(*) FROM job), (SELECT coalesce(sum(number), 0) FROM job_stat WHERE outcome = 'created')", {},
                   [&](const Inspector::Row& row) {
                       if (row.integer(0) != row.integer(1)) fail(fmt::format("G4: {} jobs, {} counted as created", row.integer(0), row.integer(1)));
                   });
    std::map<std::string, std::int64_t> ended;
    for (const auto& event : log) ++ended[event.type];
    inspector.each("SELECT outcome, sum(number) FROM job_stat WHERE outcome <> 'created' GROUP BY outcome", {}, [&](const Inspector::Row& row) {
        const auto number = ended["job." + row.text(0)];
        if (row.integer(1) != number) fail(fmt::format("G4: {} jobs {}, {} counted", number, row.text(0), row.integer(1)));
    });
}

}  // namespace

void check_accepted(Inspector& inspector, const std::map<Uuid, Plan>& plans) {
    for (const auto& [id, plan] : plans) {
        if (!plan.created) continue;
        const auto state = inspector.state(id);
        if (!state) fail("G1: job " + id.str() + " was accepted and is gone");
        const bool stops = *state == "cancelling" || is_terminal(from_word<State>(*state).value_or(State::queued));
        if (plan.cancelled && !stops) fail("G1: job " + id.str() + " is " + *state + " although its cancellation was acknowledged");
        if (plan.cancelled && plan.job.external() && *state == "completed") fail("G1: job " + id.str() + " has completed although its cancellation was acknowledged");
        if (plan.reported && *state != "completed") fail("G1: job " + id.str() + " is " + *state + " although its completion was acknowledged");
    }
}

int check_everything(Inspector& inspector, events::EventStore& events, jobs::JobStore& store, const std::map<Uuid, Plan>& plans) {
    const auto log = whole(events);
    check_accepted(inspector, plans);
    check_history(inspector, log, plans);
    check_effects(inspector, plans);
    const int attempts = check_attempts(inspector, store, plans);
    check_counters(inspector, log);
    return attempts;
}

std::string describe_unfinished(Inspector& inspector, const std::map<Uuid, Plan>& plans) {
    std::string out;
    int count = 0;
    for (const auto& [id, plan] : plans) {
        if (!plan.created) out += id.str() + " which nobody could create; ";
    }
    inspector.each("SELECT id, kind, state, queue, attempt, (SELECT hex(worker) FROM job_lease WHERE job_id = id) FROM job WHERE completed_at IS NULL", {},
                   [&](const Inspector::Row& row) {
                       if (++count > 5) return;
                       out += fmt::format("{} {} {} in {}, attempt {}, lease of {}; ", row.uuid(0).str(), row.text(1), row.text(2), row.text(3), row.integer(4), row.text(5));
                   });
    return out + fmt::format("{} jobs in all", count);
}

int progress_of(std::string_view data) {
    constexpr std::string_view name = "\"progress\":";
    const auto at = data.find(name);
    return at == data.npos ? 0 : std::atoi(data.data() + at + name.size());
}

}  // namespace millrace::sim
