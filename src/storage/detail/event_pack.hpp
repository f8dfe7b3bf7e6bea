#pragma once

#include <span>
#include <string>
#include <vector>

#include "storage/detail/tx.hpp"

namespace millrace::storage::detail {

/// The events of a large group are kept as one compressed row, which carries the seq of the last: they are alike, so
/// they shrink to a tenth, and one row instead of hundreds is most of what an event costs a database.
constexpr std::size_t packed_max = 4096;  ///< in one row

/// The events of a transaction: those that get a row each, and those to be packed after them.
struct SplitEvents {
    std::span<events::Event> apart, routine;
};
SplitEvents split(Told& told);

/// At most packed_max events, without their seq.
std::string pack(std::span<const events::Event> events);

/// The events of a row whose last one is `last_seq`. Throws std::runtime_error for bytes that `pack` did not write.
std::vector<events::Event> unpack(std::string_view bytes, std::int64_t last_seq);

}  // namespace millrace::storage::detail
