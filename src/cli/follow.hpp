#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/deadline.hpp"
#include "cli/remote.hpp"

namespace millrace::cli {

/// A text member of an object; empty when it is absent or something else.
std::string text_of(const json::object& object, std::string_view name);
/// A number member, also one written as text; 0 when it is absent.
std::uint64_t number_of(const json::object& object, std::string_view name);

/// Has this job (as the API shows it) ended?
bool has_ended(const json::object& job);

/// The step it is at, or the state when it is at none (any more).
std::string stage_of(const json::object& job);

/// Follows a job until it has ended and answers it as it is then: by its live stream, by asking again where streams are
/// not to be had, across restarts of the server up to a minute long. `on_change` sees every state and stage in order.
/// `after`: an event id to go on from, so that nothing since then is missed.
/// Throws Error{timed_out} at the deadline, Error{interrupted}, Error{not_found}, Error{unreachable}.
json::object follow_job(Remote& remote, const std::string& id, std::optional<std::int64_t> after,
                        std::optional<Deadline> deadline, const std::function<void(const json::object&)>& on_change);

}  // namespace millrace::cli
