#pragma once

#include "datasets/dataset.hpp"
#include "ledger/ledger.hpp"

namespace millrace::datasets {

/// Guard: the series has no other dataset of this version, and, for an import, the owner has no other one of the same bytes, version
/// and table. Else `refused` with that dataset. The dataset itself (same id) does not count, so that a rerun passes.
struct Unique : ledger::Op {
    Uuid id;
    Uuid owner;
    std::string sha256;
    int version = 1;
    int table = 1;
    Mode mode = Mode::import;
    Uuid series_id;  ///< nil: of its own
};

/// Inserts the dataset, or replaces the one with the same id; event "dataset.created".
struct Put : ledger::Op {
    Dataset dataset;
    explicit Put(Dataset d) : dataset{std::move(d)} {}
};

/// Removes the dataset; its blobs are swept when nothing names them. Event "dataset.deleted".
struct Remove : ledger::Op {
    Uuid id;
    Instant at;
};

}  // namespace millrace::datasets
