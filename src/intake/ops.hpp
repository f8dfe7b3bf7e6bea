#pragma once

#include "intake/file.hpp"
#include "ledger/ledger.hpp"

namespace millrace::intake {

/// Inserts a file in state receiving.
struct Begin : ledger::Op {
    File file;
    explicit Begin(File f) : file{std::move(f)} {}
};

/// Guard: the file is still being received (no sweep has given it up). Else `lost`.
struct StillReceiving : ledger::Op {
    Uuid file;
    explicit StillReceiving(Uuid f) : file{f} {}
};

/// All bytes are stored: receiving -> stored. Event "file.stored".
struct Accept : ledger::Op {
    Uuid file;
    std::uint64_t size = 0;
    std::string sha256;
    std::string media_type;
    Instant at;
};

/// Inserts a file that is stored already: a job has made it. No effect when the id exists. Event "file.stored".
struct Keep : ledger::Op {
    File file;
    explicit Keep(File f) : file{std::move(f)} {}
};

/// The bytes stopped coming: receiving -> aborted.
struct Abort : ledger::Op {
    Uuid file;
    Instant at;
};

}  // namespace millrace::intake
