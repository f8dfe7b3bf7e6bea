#pragma once

#include "world.hpp"

/// The guarantees, as far as they can be seen in what is stored; README.md says what each means. All throw Violation.
namespace millrace::sim {

/// G1, after a loss of power: what was accepted is there.
void check_accepted(Inspector& inspector, const std::map<Uuid, Plan>& plans);
/// Everything, when all jobs have ended. Answers how many attempts there were.
int check_everything(Inspector& inspector, events::EventStore& events, jobs::JobStore& store, const std::map<Uuid, Plan>& plans);
/// Of a world that does not come to rest.
std::string describe_unfinished(Inspector& inspector, const std::map<Uuid, Plan>& plans);

/// The progress in the JSON of a job.
int progress_of(std::string_view data);

}  // namespace millrace::sim
