#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "formats/sandbox/protocol.hpp"

namespace millrace::formats::sandbox {

/// Asks the child behind `link` for the tables of `source`. Throws what the child says of the file, and
/// Error{parser_crashed} for a child that talks nonsense.
std::vector<TableInfo> ask_tables(Link& link, std::string_view format, Source& source, const ReadOptions& options);

/// The table that the child behind `link` reads; throws as `ask_tables` does, also from `next`.
std::unique_ptr<TableReader> ask_table(std::unique_ptr<Link> link, std::string_view format, Source& source,
                                       const ReadOptions& options);

/// The entries of an archive, as they come.
struct Entries {
    virtual ~Entries() = default;
    /// The next entry; what is left of the one before is passed over.
    virtual std::optional<unpack::Entry> next() = 0;
    /// The next bytes of the entry, valid until the next call; empty at its end.
    virtual std::string_view read() = 0;
    /// After its end: were these all bytes that it has?
    virtual bool complete() const = 0;
};

/// What the child behind `link` unpacks from `source`; throws as `ask_tables` does.
std::unique_ptr<Entries> ask_entries(std::unique_ptr<Link> link, std::string_view format, Source& source, std::uint64_t entries_max);

}  // namespace millrace::formats::sandbox
