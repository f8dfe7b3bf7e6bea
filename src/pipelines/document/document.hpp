#pragma once

#include "pipelines/catalog.hpp"

namespace millrace::pipelines::document {

/// Reads a document that a data source was given, a file or a page of the web, and keeps its text.
jobs::Kind kind(const Tools& tools);

}  // namespace millrace::pipelines::document
