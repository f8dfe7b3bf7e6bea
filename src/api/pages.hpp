#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/router.hpp"

/// The dashboard: files that were built into the binary, served under /ui/.
namespace millrace::api {

/// Adds "/" and everything below "/ui".
void add_pages(std::vector<http::Route>& routes);

/// What leads from a page to /ui/, whatever stands in front of it outside: "./" for "/ui/jobs", "../" for "/ui/jobs/1".
std::string way_home(std::string_view path);

}  // namespace millrace::api
