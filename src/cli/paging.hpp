#pragma once

#include "cli/remote.hpp"
#include "cli/table.hpp"

namespace millrace::cli {

/// Writes the items of a list of the API, page by page, as --sort, --scope, --limit and --all say.
void list_pages(Remote& remote, const std::string& path, const std::string& filter, const Arguments& arguments, Listing& listing);

}  // namespace millrace::cli
