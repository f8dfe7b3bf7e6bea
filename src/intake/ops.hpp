#pragma once

#include "intake/file.hpp"
#include "intake/source.hpp"
#include "intake/upload.hpp"
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

/// Inserts a resumable upload.
struct BeginUpload : ledger::Op {
    Upload upload;
    explicit BeginUpload(Upload u) : upload{std::move(u)} {}
};

/// Guard: exactly `from` bytes have been counted, by whichever server. Else `lost`. Then `to` bytes count.
struct AdvanceUpload : ledger::Op {
    Uuid upload;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::optional<std::uint64_t> length;  ///< kept where one is known already
    std::string sha256;
    Instant expires_at;
};

/// Forgets a resumable upload; its file stays.
struct RemoveUpload : ledger::Op {
    Uuid upload;
    explicit RemoveUpload(Uuid u) : upload{u} {}
};

/// Inserts the source or replaces it; the built-in one stays as it is when it is there.
struct PutSource : ledger::Op {
    DataSource source;
    explicit PutSource(DataSource s) : source{std::move(s)} {}
};

/// Removes a source that is not built in; what it was given stays with its jobs.
struct RemoveSource : ledger::Op {
    Uuid source;
    explicit RemoveSource(Uuid s) : source{s} {}
};

/// Notes what a source was given, beside the Create of its job. No effect when the job has one.
struct Submit : ledger::Op {
    Submission submission;
    explicit Submit(Submission s) : submission{std::move(s)} {}
};

}  // namespace millrace::intake
