#pragma once

#include "base/json.hpp"
#include "mapping/proposal.hpp"

namespace millrace::pipelines::map {

/// What is proposed as a mapping spec: each field of the target that has a source, with its conversions and the values of
/// its enumeration. Fields are in the order of the target.
json::object spec_of(const mapping::Proposal& proposal, const mapping::Table& target);

}  // namespace millrace::pipelines::map
