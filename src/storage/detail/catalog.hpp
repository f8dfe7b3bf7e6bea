#pragma once

#include <functional>
#include <typeindex>
#include <unordered_map>

#include "ledger/ledger.hpp"
#include "storage/detail/tx.hpp"

namespace millrace::storage::detail {

/// What storage does with one type of op. A guard judges and changes nothing; its `apply`, if any, runs once all guards
/// of the commit hold.
struct Handler {
    std::function<ledger::Committed(Tx&, const ledger::Op&)> guard;
    std::function<void(Tx&, const ledger::Op&)> apply;
    /// The job it concerns, so that the jobs of a group are locked in one round trip.
    std::function<std::optional<Uuid>(const ledger::Op&)> job;
};

using Catalog = std::unordered_map<std::type_index, Handler>;

/// Every op there is; the only place that lists them is catalog.cpp.
const Catalog& catalog();

/// Throws Error{internal} for an op that nobody listed.
const Handler& handler(const ledger::Op& op);

inline constexpr ledger::Committed applied{};
inline constexpr ledger::Committed lost{ledger::Outcome::lost, {}};

}  // namespace millrace::storage::detail
