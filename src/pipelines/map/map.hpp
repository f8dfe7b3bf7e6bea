#pragma once

#include "pipelines/catalog.hpp"

namespace millrace::pipelines::map {

/// Proposes how the columns of one stored file become the fields of another (a table, or a schema without rows), and keeps
/// the proposal as a template.
jobs::Kind kind(const Tools& tools);

}  // namespace millrace::pipelines::map
