#include "intake/intake.hpp"

#include <mutex>

#include "work/failpoint.hpp"

namespace millrace::intake {
namespace {

jobs::Job import_job(const File& file, json::object input) {
    jobs::Job job;
    job.id = *file.job_id;
    job.kind = "import";
    job.type = jobs::Type::import;
    job.state = jobs::State::blocked;  // until its bytes are here
    job.stage = "receiving";
    job.owner = file.owner;
    job.org = file.org;
    job.filename = file.filename;
    job.input = std::move(input);
    job.input_file_id = file.id;
    job.created_at = job.updated_at = job.run_at = file.created_at;
    return job;
}

}  // namespace

Receiving::Receiving(Intake& intake, File file, bool joined)
    : intake_{intake}, file_{std::move(file)}, joined_{joined}, writer_{intake.blobs_.create()} {}

Receiving::~Receiving() { abort(Error{Code::upload_aborted}); }

void Receiving::write(std::string_view bytes) {
    const auto limit = intake_.settings_.max_bytes;
    if (writer_->size() + bytes.size() > limit) throw Error{Code::payload_too_large, {{"limit", std::to_string(limit)}}};
    if (!joined_ && std::chrono::steady_clock::now() >= next_look_) {
        if (!intake_.is_wanted(file_)) throw Error{Code::cancelled};
        next_look_ = in(look_every);
    }
    writer_->write(bytes);
}

std::optional<Accepted> Receiving::finish(std::optional<std::string> supplier_id, json::object job_input) {
    if (intake_.accept(file_, [&] { return writer_->finish(); }, std::move(job_input), std::move(supplier_id), joined_)) {
        open_ = false;
        return Accepted{file_, file_.job_id};
    }
    // Either the first request brought the bytes meanwhile, or others believed this server to be dead.
    if (joined_) return std::nullopt;
    throw Error{Code::unavailable, {{"why", "the upload was given up because this server did not report in time"}}};
}

void Receiving::abort(const Error& reason) noexcept {
    if (!open_) return;
    open_ = false;
    try {
        const auto received = std::to_string(writer_->size());
        writer_.reset();
        // However the bytes stopped coming, it is one thing to whoever looks at the job; a limit or a full disk is another.
        const bool ours = http_status(reason.code()) == 413 || http_status(reason.code()) >= 500;
        const Error told = ours ? reason : Error{Code::upload_aborted, {{"received", received}}};
        try {
            intake_.abort(file_, told, !joined_);
        } catch (const Error& error) {
            intake_.log_.warn("aborting an upload failed", {{"file", file_.id}, {"error", error.what()}});
            intake_.abort_later({file_, told, !joined_});
        }
    } catch (const std::exception& error) {
        // When this process ends, the others find the file still receiving and abort it.
        intake_.log_.warn("aborting an upload failed", {{"file", file_.id}, {"error", error.what()}});
    }
}

Intake::Intake(Settings settings, IntakeStore& store, ledger::Ledger& ledger, blobs::BlobStore& blobs,
               const Clock& clock, observe::Log& log, Uuid server)
    : settings_{settings}, store_{store}, ledger_{ledger}, blobs_{blobs}, clock_{clock}, log_{log}, server_{server} {}

Intake::Begun Intake::begin(Incoming incoming) {
    const auto join = incoming.join;
    auto [file, committed] = announce(std::move(incoming));
    if (committed.outcome == ledger::Outcome::refused) return {nullptr, committed.existing};
    if (!committed) return {nullptr, join.value_or(Uuid{})};
    work::failpoint("intake.begin");
    return {std::unique_ptr<Receiving>{new Receiving{*this, std::move(file), join.has_value()}}, {}};
}

Intake::Announced Intake::announce(Incoming incoming) {
    File file;
    file.id = incoming.file.value_or(Uuid::generate());
    file.owner = incoming.scope.user;
    file.org = incoming.scope.org;
    file.filename = std::move(incoming.filename);
    file.media_type = std::move(incoming.media_type);
    file.server = server_;
    file.created_at = file.updated_at = clock_.now();
    if (incoming.import) file.job_id = incoming.join ? incoming.join : incoming.job ? incoming.job : Uuid::generate();

    ledger::Commit commit = std::move(incoming.with);
    commit.add(Begin{file});
    if (incoming.join) {
        commit.guard(jobs::InState{*incoming.join, {jobs::State::blocked, jobs::State::failed}});
    } else if (incoming.import) {
        auto job = import_job(file, std::move(incoming.job_input));
        job.supplier_id = std::move(incoming.supplier_id);
        commit.add(jobs::Create{std::move(job)});
    }
    try {
        auto committed = ledger_.commit(std::move(commit));
        return {std::move(file), std::move(committed)};
    } catch (const Error&) {
        // It may have been applied all the same; then nobody will bring the bytes.
        abort_later({file, Error{Code::upload_aborted, {{"received", "0"}}}, !incoming.join});
        throw;
    }
}

/// Does its job, if any, still wait for the bytes?
bool Intake::is_wanted(const File& file) {
    if (!file.job_id) return true;
    try {
        ledger::Commit look;
        look.guard(jobs::InState{*file.job_id, {jobs::State::blocked}});
        return static_cast<bool>(ledger_.commit(std::move(look)));
    } catch (const Error&) {
        return true;  // a database that is away for a moment ends no upload
    }
}

bool Intake::accept(File& file, const std::function<blobs::Stored()>& store, json::object job_input,
                    std::optional<std::string> supplier_id, bool reopen) {
    work::failpoint("intake.received");
    const std::shared_lock naming{naming_};
    const auto stored = store();
    work::failpoint("intake.accept");

    file.state = FileState::stored;
    file.size = stored.size;
    file.sha256 = stored.sha256;
    file.updated_at = clock_.now();
    ledger::Commit commit;
    commit.guard(StillReceiving{file.id});
    Accept accept;
    accept.file = file.id;
    accept.size = stored.size;
    accept.sha256 = stored.sha256;
    accept.media_type = file.media_type;
    accept.at = file.updated_at;
    commit.add(std::move(accept));
    if (reopen) {
        commit.guard(jobs::InState{*file.job_id, {jobs::State::blocked, jobs::State::failed}});
        commit.add(jobs::Reopen{*file.job_id, file.updated_at});
    }
    if (file.job_id) {
        // The id of the dataset is chosen here, so that a rerun of the job writes the same one again.
        job_input.insert_or_assign("file_id", file.id.str());
        job_input.insert_or_assign("dataset_id", Uuid::generate().str());
        commit.add(jobs::Unblock{*file.job_id, std::move(job_input), std::move(supplier_id), file.updated_at});
    }
    return static_cast<bool>(ledger_.commit(std::move(commit)));
}

void Intake::abort(const File& file, const Error& reason, bool with_job) {
    const auto now = clock_.now();
    const auto begin = [&] {
        ledger::Commit commit;
        Abort gone;
        gone.file = file.id;
        gone.at = now;
        commit.guard(StillReceiving{file.id}).add(std::move(gone));
        return commit;
    };
    if (file.job_id && with_job) {
        jobs::Settle settle;
        settle.job = *file.job_id;
        settle.state = jobs::State::failed;
        settle.outcome = "failed";
        settle.error_code = to_string(reason.code());
        settle.error_message = reason.what();
        settle.at = now;
        auto commit = begin();
        commit.guard(jobs::InState{*file.job_id, {jobs::State::blocked}}).add(std::move(settle));
        if (ledger_.commit(std::move(commit))) return;
    }
    // A job that no longer waits got its bytes from a repeated request, or was cancelled: only the file ends.
    ledger_.commit(begin());
}

void Intake::abort_later(Leftover leftover) {
    const std::lock_guard lock{leftovers_mutex_};
    // More than that are left to whoever starts next.
    if (leftovers_.size() < leftovers_max) leftovers_.push_back(std::move(leftover));
}

void Intake::sweep_leftovers() {
    while (true) {
        std::optional<Leftover> next;
        {
            const std::lock_guard lock{leftovers_mutex_};
            if (leftovers_.empty()) return;
            next = std::move(leftovers_.back());
            leftovers_.pop_back();
        }
        try {
            abort(next->file, next->reason, next->with_job);
        } catch (const Error&) {
            abort_later(std::move(*next));
            throw;
        }
    }
}

void Intake::sweep_abandoned() {
    sweep_leftovers();
    for (const auto& file : store_.abandoned()) {
        log_.warn("upload given up", {{"file", file.id}});
        abort(file, Error{Code::upload_aborted, {{"received", std::to_string(file.size)}}}, true);
    }
}

void Intake::sweep_objects() {
    const auto before = clock_.now() - settings_.orphan_age;
    blobs_.sweep_partial(before);
    int removed = 0;
    std::vector<std::string> old;
    blobs_.each([&](const std::string& sha256, Instant stored_at) {
        if (stored_at >= before) return;
        old.push_back(sha256);
        if (old.size() < 500) return;
        removed += remove_unnamed(old, before);
        old.clear();
    });
    removed += remove_unnamed(old, before);
    if (removed > 0) log_.info("objects swept", {{"count", removed}});
}

int Intake::remove_unnamed(const std::vector<std::string>& objects, Instant before) {
    if (objects.empty()) return 0;
    const std::unique_lock naming{naming_};
    const auto named = store_.referenced(objects);
    int removed = 0;
    for (const auto& sha256 : objects) {
        if (named.contains(sha256)) continue;
        blobs_.remove(sha256, before);
        ++removed;
    }
    return removed;
}

}  // namespace millrace::intake
