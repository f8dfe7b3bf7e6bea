#pragma once

#include <map>

#include "events/event.hpp"
#include "jobs/job.hpp"
#include "storage/detail/session.hpp"

namespace millrace::storage::detail {

/// A job as it is inside the transaction: locked, with its lease. Changes are made here in memory, by the same code for
/// both databases, and written once per group; `input` and `result` are not loaded.
struct HeldJob {
    struct Holder {
        int attempt = 0;
        Uuid token;
        Uuid worker;
    };
    jobs::Job job;
    std::optional<Holder> lease;
    bool found = false;
    bool changed = false;
    bool result_changed = false;
};

/// What the members of a group do to the database together: jobs held, statements, events. One thread, one transaction.
class Tx {
public:
    explicit Tx(Session& session) : db{session} {}

    Session& db;
    /// In order; they are appended last, so that their seq is in the order of commits.
    std::vector<events::Event> events;

    /// Locks and loads jobs in one round trip. In order of id, so that two processes do not wait for each other.
    void hold(std::vector<Uuid> ids);
    /// The job, locked; nullptr when there is none.
    HeldJob* job(const Uuid& id);
    /// Inserts a job that does not exist yet.
    void insert(const jobs::Job& job);
    /// Marks the job as changed and appends the event.
    void changed(HeldJob& held) { held.changed = true; }
    void event(std::string_view type, const jobs::Job& job);
    void state_event(const jobs::Job& job);

    void drop_lease(HeldJob& held);
    void close_attempt(const Uuid& job, Instant at, std::string_view outcome, std::string_view error_code = {},
                       std::string_view error_message = {});

    /// Writes the changed jobs. SQL that looks at jobs in general comes after it.
    void save_jobs();
    /// Writes the changed jobs and forgets all, for statements that change jobs by themselves.
    void release_jobs();

private:
    std::map<Uuid, HeldJob> jobs_;
};

/// The durable event of a job, as the API shows it.
events::Event job_event(std::string_view type, const jobs::Job& job);

}  // namespace millrace::storage::detail
