#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "base/deadline.hpp"
#include "blobs/store.hpp"
#include "intake/ops.hpp"
#include "intake/store.hpp"
#include "jobs/ops.hpp"
#include "observe/log.hpp"

namespace millrace::intake {

struct Settings {
    std::uint64_t max_bytes = std::uint64_t{64} << 30;  ///< of one upload
    Duration sweep = 1h;                                ///< between two looks for objects nobody names
    Duration orphan_age = 24h;                          ///< how old an object without an owner must be to be removed
    Duration expire = 24h;                              ///< a resumable upload waits this long for more bytes
};
BOOST_DESCRIBE_STRUCT(Settings, (), (max_bytes, sweep, orphan_age, expire))

/// What is known of a file when its first byte comes.
struct Incoming {
    Scope scope;
    std::string filename;
    std::string media_type;
    std::optional<Uuid> file;       ///< id of the new file, when something in `with` names it
    bool import = true;             ///< with an import job; else the file is only kept
    std::optional<std::string> supplier_id;
    json::object job_input;         ///< e.g. on_duplicate
    std::optional<Uuid> job;        ///< id of the new job, when something in `with` names it
    /// The bytes are for this job of an earlier request, which have not arrived: its server died, or it is still
    /// receiving them elsewhere. Whoever brings them first wins.
    std::optional<Uuid> join;
    ledger::Commit with;            ///< further guards and ops of the first commit, e.g. an idempotency key
};

struct Accepted {
    File file;
    std::optional<Uuid> job;
};

class Intake;

/// A file on its way in: bytes go to the blob store as they come. Dropped without `finish`, it aborts.
class Receiving {
public:
    ~Receiving();
    Receiving(const Receiving&) = delete;
    Receiving& operator=(const Receiving&) = delete;

    const Uuid& id() const { return file_.id; }
    const std::optional<Uuid>& job() const { return file_.job_id; }
    /// Throws Error{payload_too_large}, and Error{cancelled} at most a second after the job has been cancelled.
    void write(std::string_view bytes);
    /// Stores the bytes and accepts the file: durable on return, the job is in its queue. Nothing when the job that was
    /// joined got its bytes from elsewhere. Throws when the file could not be accepted; the job is failed then.
    /// `job_input` is added to the input of the job, for what became known after its beginning.
    std::optional<Accepted> finish(std::optional<std::string> supplier_id = {}, json::object job_input = {});
    /// Gives up: the file is aborted and its job failed with this reason.
    void abort(const Error& reason) noexcept;

private:
    friend class Intake;
    Receiving(Intake& intake, File file, bool joined);

    Intake& intake_;
    File file_;
    const bool joined_;
    std::unique_ptr<blobs::Writer> writer_;
    bool open_ = true;
    static constexpr Duration look_every = 1s;
    Deadline next_look_ = in(look_every);  ///< at the state of the job
};

/// Takes files in, durably; and cleans up after those who did not finish.
class Intake {
public:
    Intake(Settings settings, IntakeStore& store, ledger::Ledger& ledger, blobs::BlobStore& blobs, const Clock& clock,
           observe::Log& log, Uuid server);

    struct Begun {
        std::unique_ptr<Receiving> receiving;  ///< empty when the commit was refused
        Uuid existing;                         ///< what holds the key, then
    };
    /// One commit: file (receiving), job (blocked, visible at once) and events.
    Begun begin(Incoming incoming);

    struct Announced {
        File file;
        ledger::Committed committed;
    };
    /// That commit alone, for bytes that come by another way: then `accept` or `abort`.
    Announced announce(Incoming incoming);
    /// Stores the bytes by `store` and accepts the file: durable on return, the job is in its queue. False when the file
    /// is not being received any more, or (`reopen`: the job is that of an earlier request) the job has its bytes.
    bool accept(File& file, const std::function<blobs::Stored()>& store, json::object job_input = {},
                std::optional<std::string> supplier_id = {}, bool reopen = false);
    /// The file is aborted and, `with_job`, its job failed with this reason. No effect when it is not being received.
    void abort(const File& file, const Error& reason, bool with_job = true);

    /// Aborts what dead servers were receiving, and what this one could not abort while the database was away. Cheap;
    /// safe at any time.
    void sweep_abandoned();
    /// Removes partial files and objects that nobody names; lists every object. Safe at any time.
    void sweep_objects();

    const Settings& settings() const { return settings_; }

private:
    friend class Receiving;
    struct Leftover {
        File file;
        Error reason;
        bool with_job = true;
    };
    void abort_later(Leftover leftover);
    void sweep_leftovers();
    bool is_wanted(const File& file);
    int remove_unnamed(const std::vector<std::string>& objects, Instant before);

    const Settings settings_;
    IntakeStore& store_;
    ledger::Ledger& ledger_;
    blobs::BlobStore& blobs_;
    const Clock& clock_;
    observe::Log& log_;
    const Uuid server_;
    /// Between the storing of an object and the commit that names it (shared) no sweep may judge it (exclusive).
    std::shared_mutex naming_;
    static constexpr std::size_t leftovers_max = 10'000;
    std::mutex leftovers_mutex_;
    std::vector<Leftover> leftovers_;  ///< aborts that did not reach the database; guarded by leftovers_mutex_
};

}  // namespace millrace::intake
