#pragma once

#include <functional>
#include <memory>

#include "formats/sandbox/protocol.hpp"

namespace millrace::formats::sandbox {

/// Asks the child behind `link` for the tables of `source`. Throws what the child says of the file, and
/// Error{parser_crashed} for a child that talks nonsense.
std::vector<TableInfo> ask_tables(Link& link, std::string_view format, Source& source, const ReadOptions& options);

/// The table that the child behind `link` reads; throws as `ask_tables` does, also from `next`.
std::unique_ptr<TableReader> ask_table(std::unique_ptr<Link> link, std::string_view format, Source& source,
                                       const ReadOptions& options);

}  // namespace millrace::formats::sandbox
