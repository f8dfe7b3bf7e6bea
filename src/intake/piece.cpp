#include "intake/uploads.hpp"

#include <algorithm>

namespace millrace::intake {
namespace {

/// A server that dies in the middle of a long request loses no more than this.
constexpr std::uint64_t keep_every_bytes = 16 << 20;
constexpr std::size_t block_bytes = 256 << 10;

}  // namespace

Piece::Piece(Uploads& uploads, Upload upload, Append asked)
    : uploads_{uploads}, upload_{std::move(upload)}, asked_{std::move(asked)}, position_{upload_.received} {}

Piece::~Piece() { stop(); }

/// Under its name in running_: nobody else of this process writes.
void Piece::begin(const Scope& scope) {
    const std::lock_guard lock{mutex_};
    if (!open_) throw Error{Code::offset_mismatch, {{"offset", std::to_string(upload_.received)}}};
    try {
        upload_ = uploads_.get(upload_.id, scope);
        Uploads::check(upload_, asked_, uploads_.settings().max_bytes);
        position_ = upload_.received;
        if (!upload_.is_complete() || (upload_.part != UploadPart::partial && upload_.sha256.empty())) hold();
    } catch (...) {
        release();
        throw;
    }
}

void Piece::hold() {
    draft_ = uploads_.drafts_.hold(upload_.id, upload_.received);
    // Another server has it; by the time the client has asked for the offset it may be done.
    if (!draft_) throw Error{Code::offset_mismatch, {{"offset", std::to_string(upload_.received)}}};
    if (upload_.part != UploadPart::partial) resume_hash();
}

void Piece::resume_hash() {
    auto hashed = uploads_.take_hash(upload_.id);
    if (hashed.bytes > upload_.received) hashed = {};
    if (hashed.bytes < upload_.received) {
        const auto reader = uploads_.drafts_.open(upload_.id);
        std::vector<char> block(block_bytes);
        while (hashed.bytes < upload_.received) {
            const auto wanted = std::min<std::uint64_t>(block.size(), upload_.received - hashed.bytes);
            const auto got = reader->read(hashed.bytes, {block.data(), wanted});
            if (got == 0) throw Error{Code::corrupt_blob, {{"sha256", upload_.id.str()}}};
            hashed.hash.update({block.data(), got});
            hashed.bytes += got;
        }
    }
    hash_ = std::move(hashed.hash);
    hashed_ = hashed.bytes;
}

std::uint64_t Piece::end() const {
    return asked_.length ? *asked_.length : upload_.length.value_or(uploads_.settings().max_bytes);
}

void Piece::write(std::string_view bytes) {
    const std::lock_guard lock{mutex_};
    if (!open_) throw Error{Code::offset_mismatch, {{"offset", std::to_string(upload_.received)}}};
    if (bytes.size() > end() - position_) {
        if (upload_.received > asked_.offset) advance(asked_.offset, {});
        release();
        throw Error{Code::payload_too_large, {{"limit", std::to_string(end())}}};
    }
    if (bytes.empty()) return;
    draft_->write(bytes);
    position_ += bytes.size();
    if (upload_.part != UploadPart::partial) {
        hash_.update(bytes);
        hashed_ += bytes.size();
    }
    if (asked_.checksum) asked_.checksum->update(bytes);
    else if (position_ < end() && position_ - upload_.received >= keep_every_bytes) keep();
}

Upload Piece::finish() {
    const auto upload = [&] {
        const std::lock_guard lock{mutex_};
        if (!open_) throw Error{Code::offset_mismatch, {{"offset", std::to_string(upload_.received)}}};
        if (asked_.checksum && !asked_.checksum->matches()) {
            release();
            throw Error{Code::checksum_mismatch};
        }
        if (draft_) keep();
        release();
        return upload_;
    }();
    if (upload.is_complete()) uploads_.accept(upload);
    return upload;
}

void Piece::stop() noexcept {
    try {
        const auto complete = [&] {
            const std::lock_guard lock{mutex_};
            if (!open_) return false;
            try {
                // Bytes with a checksum that has not been seen to match do not count.
                if (draft_ && !asked_.checksum && position_ > upload_.received) keep();
            } catch (const Error& error) {
                uploads_.log_.warn("the end of an upload was not kept", {{"upload", upload_.id}, {"error", error.what()}});
            }
            release();
            return upload_.is_complete();
        }();
        if (complete) uploads_.accept(upload_);
    } catch (const std::exception& error) {
        // The sweep accepts it.
        uploads_.log_.warn("an upload was not accepted at once", {{"upload", upload_.id}, {"error", error.what()}});
    }
}

/// Makes what was written durable, then lets it count.
void Piece::keep() {
    draft_->sync();
    const auto length = upload_.length ? upload_.length : asked_.length;
    const bool last = length && position_ == *length && upload_.part != UploadPart::partial;
    advance(position_, last ? to_hex(hash_.finish()) : std::string{});
}

void Piece::advance(std::uint64_t to, std::string sha256) {
    AdvanceUpload op;
    op.upload = upload_.id;
    op.from = upload_.received;
    op.to = to;
    op.length = upload_.length ? upload_.length : asked_.length;
    op.sha256 = sha256;
    op.expires_at = uploads_.clock_.now() + uploads_.settings().expire;
    auto next = upload_;
    next.received = to;
    next.length = op.length;
    next.sha256 = std::move(sha256);
    next.expires_at = op.expires_at;
    ledger::Commit commit;
    commit.guard(std::move(op));
    if (!uploads_.ledger_.commit(std::move(commit))) {
        // Another server goes on with it, or it was removed.
        release();
        throw Error{Code::offset_mismatch, {{"offset", std::to_string(upload_.received)}}};
    }
    upload_ = std::move(next);
}

/// Ends this piece: others may go on.
void Piece::release() {
    if (!open_) return;
    open_ = false;
    const bool goes_on = hashed_ > 0 && hashed_ == upload_.received && upload_.sha256.empty();
    if (goes_on) uploads_.put_hash(upload_.id, {std::move(hash_), hashed_});
    draft_.reset();
    const std::lock_guard lock{uploads_.mutex_};
    const auto found = uploads_.running_.find(upload_.id);
    if (found != uploads_.running_.end() && found->second.get() == this) uploads_.running_.erase(found);
}

}  // namespace millrace::intake
