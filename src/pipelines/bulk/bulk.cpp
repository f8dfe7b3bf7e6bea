#include "pipelines/bulk/bulk.hpp"

#include <boost/json/object.hpp>

namespace millrace::pipelines::bulk {
namespace {

constexpr int page = 500;

void add(ledger::Commit& commit, Action action, const Uuid& job, Instant at) {
    switch (action) {
        case Action::cancel:
            commit.add(jobs::Cancel{job, at});
            return;
        case Action::retry:
            commit.add(jobs::Retry{job, at});
            return;
        case Action::acknowledge:
            commit.add(jobs::Acknowledge{job, at});
            return;
        case Action::remove:
            commit.add(jobs::Remove{job, at});
    }
}

/// An upload whose bytes never came cannot run again by itself.
bool has_its_bytes(const jobs::Job& job) { return job.kind != "import" || job.input.contains("dataset_id"); }

void run(jobs::Context& context, jobs::JobStore& store, ledger::Ledger& ledger, const Clock& clock) {
    const auto input = parse_body<Input>(json::serialize(json::value(context.job().input)), true);
    const Scope scope{context.job().owner, context.job().org, input.role, input.reach};
    std::int64_t total = 0;
    each(store, scope, input, [&](const auto& jobs) {
        total += static_cast<std::int64_t>(jobs.size());
        context.check();
        return true;
    });
    std::int64_t matched = 0, changed = 0;
    each(store, scope, input, [&](const auto& jobs) {
        context.check();
        ledger::Commit commit;
        for (const auto& job : jobs) {
            ++matched;
            if (job.id == context.job().id || !applies(input.action, job)) continue;
            add(commit, input.action, job.id, clock.now());
        }
        changed += static_cast<std::int64_t>(commit.ops.size());
        if (!commit.ops.empty()) ledger.commit(std::move(commit));
        context.tick(static_cast<int>(matched * 99 / std::max<std::int64_t>(1, total)), std::to_string(changed) + " changed");
        return true;
    });
    jobs::Finish finish;
    finish.result = json::value(json::object{{"matched", matched}, {"changed", changed}});
    context.finish(std::move(finish));
}

}  // namespace

bool applies(Action action, const jobs::Job& job) {
    switch (action) {
        case Action::cancel:
            return jobs::can_cancel(job.state) && job.state != jobs::State::cancelling;
        case Action::retry:
            return jobs::can_retry(job.state) && has_its_bytes(job);
        case Action::acknowledge:
            return jobs::is_terminal(job.state) && !job.acknowledged_at;
        case Action::remove:
            break;
    }
    return jobs::is_terminal(job.state);
}

void each(jobs::JobStore& store, const Scope& scope, const Input& input, const std::function<bool(const std::vector<jobs::Job>&)>& visit) {
    if (input.ids) {
        std::vector<jobs::Job> jobs;
        for (const auto& id : *input.ids) {
            if (auto job = store.get(id, scope)) jobs.push_back(std::move(*job));
        }
        visit(jobs);
        return;
    }
    jobs::ListRequest request;
    request.filter = query::parse_filter(input.filter.value_or(""), jobs::list_fields());
    request.limit = page;
    do {
        // The cursor holds its place in the order of creation, so what is changed or removed meanwhile moves nothing.
        auto found = store.list(scope, request);
        if (!visit(found.items)) return;
        request.cursor = found.next_cursor;
    } while (request.cursor);
}

jobs::Kind kind(jobs::JobStore& store, ledger::Ledger& ledger, const Clock& clock) {
    return {.name = "bulk", .type = jobs::Type::processing, .label = "Action on many jobs", .attempts_max = 3,
            .run = [&store, &ledger, &clock](jobs::Context& context) { run(context, store, ledger, clock); }};
}

}  // namespace millrace::pipelines::bulk
