#pragma once

#include "pipelines/catalog.hpp"

namespace millrace::pipelines::import {

/// The file behind the address as a file of the job's owner, with this id: stored durably, and not fetched again by a later
/// attempt. `filename` is used in place of what the server calls it, unless it is empty. Stage: 1 downloading.
intake::File fetch(const Tools& tools, jobs::Context& context, const std::string& url, const Uuid& id, const std::string& filename);

}  // namespace millrace::pipelines::import
