#pragma once

#include "events/event.hpp"
#include "jobs/job.hpp"

/// What the events of a job tell, in a tenth of the time and a fifth of the bytes of its JSON.
namespace millrace::jobs {

/// What `view(job)` shows; id, owner and org are those of the event that carries it.
events::Data event_data(const Job& job);

/// The same of a job that has come further since it was read.
struct Shown {
    State state = State::running;
    int progress = 0;
    std::string_view stage, message;
    Instant updated_at{};
};
events::Data event_data(const Job& job, const Shown& now);

/// Data that was kept as the bytes of `event_data`. Damaged bytes show as JSON null.
events::Data event_data(std::string bytes);

/// The kind of the job that an event is about, without reading the rest.
std::string_view kind_of(const events::Event& event);

}  // namespace millrace::jobs
