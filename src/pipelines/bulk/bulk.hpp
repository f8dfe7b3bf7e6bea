#pragma once

#include "jobs/engine.hpp"

namespace millrace::pipelines::bulk {

BOOST_DEFINE_ENUM_CLASS(Action, cancel, retry, acknowledge, remove)

/// What a bulk job is asked to do: `action` on every job that the filter finds in the scope of the asker, or on the ids.
struct Input {
    Action action = Action::cancel;
    std::optional<std::string> filter;
    std::optional<std::vector<Uuid>> ids;
    Scope::Reach reach = Scope::Reach::own;
    Role role = Role::user;
};
BOOST_DESCRIBE_STRUCT(Input, (), (action, filter, ids, reach, role))

/// Can the action do anything with the job now?
bool applies(Action action, const jobs::Job& job);

/// Shows jobs to `visit`, page by page, newest first, until it answers false.
void each(jobs::JobStore& store, const Scope& scope, const Input& input, const std::function<bool(const std::vector<jobs::Job>&)>& visit);

/// Acts on any number of jobs as a job of its own: counted, shown, cancellable. Result: {matched, changed}.
jobs::Kind kind(jobs::JobStore& store, ledger::Ledger& ledger, const Clock& clock);

}  // namespace millrace::pipelines::bulk
