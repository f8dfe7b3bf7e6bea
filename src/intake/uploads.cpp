#include "intake/uploads.hpp"

#include <algorithm>

#include "work/failpoint.hpp"

namespace millrace::intake {
namespace {

constexpr std::size_t block_bytes = 256 << 10;

Scope scope_of(const Upload& upload) { return {.user = upload.owner, .org = upload.org}; }

[[noreturn]] void wrong_length(std::string why) { throw Error{Code::invalid_parameter, {{"name", "Upload-Length"}, {"why", std::move(why)}}}; }

Error too_large(std::uint64_t limit) { return Error{Code::payload_too_large, {{"limit", std::to_string(limit)}}}; }

}  // namespace

Uploads::Uploads(Intake& intake, IntakeStore& store, ledger::Ledger& ledger, blobs::DraftStore& drafts, const Clock& clock,
                 observe::Log& log)
    : intake_{intake}, store_{store}, ledger_{ledger}, drafts_{drafts}, clock_{clock}, log_{log} {}

Upload Uploads::create(NewUpload wanted) {
    if (wanted.length.value_or(0) > settings().max_bytes) throw too_large(settings().max_bytes);
    auto metadata = read_upload_metadata(wanted.metadata);
    Upload upload;
    upload.id = Uuid::generate();
    upload.owner = wanted.scope.user;
    upload.org = wanted.scope.org;
    upload.part = wanted.part;
    upload.length = wanted.length;
    upload.metadata = std::move(wanted.metadata);
    upload.concat = std::move(wanted.concat);
    upload.created_at = clock_.now();
    upload.expires_at = upload.created_at + settings().expire;
    if (upload.part == UploadPart::partial) {
        ledger_.commit(std::move(ledger::Commit{}.add(BeginUpload{upload})));
        return upload;
    }
    upload.job_id = Uuid::generate();
    Incoming incoming;
    incoming.scope = wanted.scope;
    incoming.file = upload.id;
    incoming.job = upload.job_id;
    incoming.filename = std::move(metadata.filename);
    incoming.media_type = std::move(metadata.media_type);
    incoming.supplier_id = std::move(metadata.supplier_id);
    incoming.job_input = {{"on_duplicate", metadata.on_duplicate}};
    incoming.with.add(BeginUpload{upload});
    intake_.announce(std::move(incoming));
    work::failpoint("intake.begin");
    return upload;
}

Upload Uploads::get(const Uuid& id, const Scope& scope) {
    auto upload = store_.upload(id, scope);
    if (!upload || upload->expires_at <= clock_.now()) throw Error{Code::not_found};
    return std::move(*upload);
}

void Uploads::check(const Upload& upload, const Append& asked, std::uint64_t bytes_max) {
    if (asked.offset != upload.received) throw Error{Code::offset_mismatch, {{"offset", std::to_string(upload.received)}}};
    if (asked.length) {
        if (*asked.length > bytes_max) throw too_large(bytes_max);
        if (upload.length && *upload.length != *asked.length) wrong_length("the length was told before and is " + std::to_string(*upload.length));
        if (*asked.length < upload.received) wrong_length("more bytes than that have arrived");
    }
    const auto end = asked.length ? *asked.length : upload.length.value_or(bytes_max);
    if (asked.bytes.value_or(0) > end - upload.received) throw too_large(end);
}

std::shared_ptr<Piece> Uploads::append(const Uuid& id, const Scope& scope, Append asked) {
    auto upload = get(id, scope);
    // A request that comes too late does not disturb the one that runs.
    if (asked.offset < upload.received) check(upload, asked, settings().max_bytes);
    auto piece = std::make_shared<Piece>(*this, std::move(upload), std::move(asked));
    take_over(piece);
    piece->begin(scope);
    return piece;
}

/// A connection that is lost may look alive for a while; the request that goes on is the one that counts.
void Uploads::take_over(const std::shared_ptr<Piece>& piece) {
    while (true) {
        std::shared_ptr<Piece> other;
        {
            const std::lock_guard lock{mutex_};
            const auto [at, free] = running_.try_emplace(piece->upload_.id, piece);
            if (free) return;
            other = at->second;
        }
        other->stop();
    }
}

std::shared_ptr<Piece> Uploads::running(const Uuid& id) {
    const std::lock_guard lock{mutex_};
    const auto found = running_.find(id);
    return found == running_.end() ? nullptr : found->second;
}

Upload Uploads::concatenate(NewUpload wanted, const std::vector<Uuid>& ids) {
    std::vector<Upload> parts;
    std::uint64_t length = 0;
    for (const auto& id : ids) {
        auto part = get(id, wanted.scope);
        if (part.part != UploadPart::partial) throw Error{Code::conflict, {{"why", "upload " + id.str() + " is not a partial one"}}};
        if (!part.is_complete()) throw Error{Code::conflict, {{"why", "upload " + id.str() + " is not complete"}}};
        if (part.received > settings().max_bytes - length) throw too_large(settings().max_bytes);
        length += part.received;
        parts.push_back(std::move(part));
    }
    const auto scope = wanted.scope;
    wanted.part = UploadPart::final;
    wanted.length = length;
    const auto upload = create(std::move(wanted));
    try {
        const auto piece = append(upload.id, scope, {});
        copy(parts, *piece);
        return piece->finish();
    } catch (const Error&) {
        remove(upload);
        throw;
    }
}

void Uploads::copy(const std::vector<Upload>& parts, Piece& into) {
    std::vector<char> block(block_bytes);
    for (const auto& part : parts) {
        if (part.received == 0) continue;
        const auto reader = drafts_.open(part.id);
        for (std::uint64_t at = 0; at < part.received;) {
            const auto wanted = std::min<std::uint64_t>(block.size(), part.received - at);
            const auto got = reader->read(at, {block.data(), wanted});
            if (got == 0) throw Error{Code::corrupt_blob, {{"sha256", part.id.str()}}};
            into.write({block.data(), got});
            at += got;
        }
    }
}

void Uploads::accept(const Upload& upload) {
    if (upload.part == UploadPart::partial) return;
    auto file = store_.get(upload.id, scope_of(upload));
    if (!file || file->state != FileState::receiving) return;
    intake_.accept(*file, [&] {
        drafts_.store(upload.id, upload.sha256);
        return blobs::Stored{upload.sha256, *upload.length};
    });
}

void Uploads::remove(const Upload& upload) {
    if (const auto piece = running(upload.id)) piece->stop();
    if (const auto file = store_.get(upload.id, scope_of(upload)); file && file->state == FileState::receiving) {
        intake_.abort(*file, Error{Code::upload_aborted, {{"received", std::to_string(upload.received)}}});
    }
    ledger_.commit(std::move(ledger::Commit{}.add(RemoveUpload{upload.id})));
    drafts_.remove(upload.id);
    take_hash(upload.id);
}

void Uploads::sweep() {
    const auto each = [&](const std::vector<Upload>& uploads, std::string_view what, auto handle) {
        for (const auto& upload : uploads) {
            try {
                handle(upload);
            } catch (const Error& error) {
                log_.warn("sweeping an upload failed", {{"what", what}, {"upload", upload.id}, {"error", error.what()}});
            }
        }
    };
    each(store_.uploads_to_accept(), "accept", [&](const Upload& upload) { accept(upload); });
    each(store_.expired_uploads(clock_.now(), 1000), "expire", [&](const Upload& upload) { remove(upload); });
}

void Uploads::sweep_drafts() {
    const auto before = clock_.now() - settings().orphan_age;
    const Scope anybody{.user = {}, .org = {}, .role = Role::admin, .reach = Reach::all};
    drafts_.each([&](const Uuid& id, Instant changed_at) {
        if (changed_at < before && !store_.upload(id, anybody)) drafts_.remove(id);
    });
}

Uploads::Hashed Uploads::take_hash(const Uuid& id) {
    const std::lock_guard lock{mutex_};
    auto found = hashes_.extract(id);
    return found ? std::move(found.mapped()) : Hashed{};
}

void Uploads::put_hash(const Uuid& id, Hashed hashed) {
    const std::lock_guard lock{mutex_};
    if (hashes_.size() >= hashes_max) hashes_.erase(hashes_.begin());
    hashes_.insert_or_assign(id, std::move(hashed));
}

}  // namespace millrace::intake
