#pragma once

#include <map>
#include <mutex>

#include "blobs/drafts.hpp"
#include "intake/checksum.hpp"
#include "intake/intake.hpp"
#include "intake/upload_metadata.hpp"

namespace millrace::intake {

/// A resumable upload to begin.
struct NewUpload {
    Scope scope;
    UploadPart part = UploadPart::whole;
    std::optional<std::uint64_t> length;
    std::string metadata;  ///< Upload-Metadata as it came
    std::string concat;    ///< Upload-Concat as it came
};

/// What the head of a request says of the bytes it brings.
struct Append {
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> bytes;   ///< absent: they end when they end
    std::optional<std::uint64_t> length;  ///< of the whole upload, told now
    std::optional<Checksum> checksum;     ///< of these bytes, which count all or none
};

class Uploads;

/// The bytes of one request on their way into an upload. Dropped, broken off or taken over by a later request, it keeps
/// what arrived. A thread that takes over may call `stop` at any time.
class Piece {
public:
    Piece(Uploads& uploads, Upload upload, Append asked);
    ~Piece();

    /// Throws Error{payload_too_large} past the length, and nothing of this piece counts then; Error{offset_mismatch}
    /// when another request has gone on with this upload.
    void write(std::string_view bytes);
    /// Durable on return; the last byte makes the import. Throws Error{checksum_mismatch}: nothing of this piece counts.
    Upload finish();
    void stop() noexcept;

private:
    friend class Uploads;
    void begin(const Scope& scope);
    void hold();
    void resume_hash();
    void keep();
    void advance(std::uint64_t to, std::string sha256);
    void release();
    std::uint64_t end() const;

    Uploads& uploads_;
    std::mutex mutex_;  ///< guards all below
    Upload upload_;     ///< as it is in the store
    Append asked_;
    std::uint64_t position_ = 0;  ///< bytes written, counted or not
    std::unique_ptr<blobs::Draft> draft_;
    Sha256 hash_;
    std::uint64_t hashed_ = 0;  ///< bytes in hash_
    bool open_ = true;
};

/// Uploads that go on where they stopped, after a lost connection or a restart of the server.
class Uploads {
public:
    Uploads(Intake& intake, IntakeStore& store, ledger::Ledger& ledger, blobs::DraftStore& drafts, const Clock& clock,
            observe::Log& log);

    /// One commit: upload and, unless partial, file (receiving), job (blocked, visible at once) and events.
    Upload create(NewUpload wanted);
    /// Throws Error{not_found} also when it has expired.
    Upload get(const Uuid& id, const Scope& scope);
    /// Whoever still sends bytes for it is stopped. Throws Error{offset_mismatch | payload_too_large}.
    std::shared_ptr<Piece> append(const Uuid& id, const Scope& scope, Append asked);
    /// A final upload of complete partial ones, in this order. Throws Error{not_found | conflict}.
    Upload concatenate(NewUpload wanted, const std::vector<Uuid>& parts);
    /// Forgets the upload; an import that has not got all bytes fails.
    void remove(const Upload& upload);

    /// Accepts what a crash left complete, gives up what has expired. Safe at any time.
    void sweep();
    /// Removes drafts that no upload names; lists every draft. Safe at any time.
    void sweep_drafts();

    const Settings& settings() const { return intake_.settings(); }

private:
    friend class Piece;
    /// How far the bytes of an upload have been hashed; kept between two requests.
    struct Hashed {
        Sha256 hash;
        std::uint64_t bytes = 0;
    };
    /// Do these bytes fit? Throws.
    static void check(const Upload& upload, const Append& asked, std::uint64_t bytes_max);
    void take_over(const std::shared_ptr<Piece>& piece);
    std::shared_ptr<Piece> running(const Uuid& id);
    void accept(const Upload& upload);
    void copy(const std::vector<Upload>& parts, Piece& into);
    Hashed take_hash(const Uuid& id);
    void put_hash(const Uuid& id, Hashed hashed);

    Intake& intake_;
    IntakeStore& store_;
    ledger::Ledger& ledger_;
    blobs::DraftStore& drafts_;
    const Clock& clock_;
    observe::Log& log_;
    std::mutex mutex_;
    /// Shared by the request that brings the bytes and whoever takes over from it; guarded by mutex_.
    std::map<Uuid, std::shared_ptr<Piece>> running_;
    static constexpr std::size_t hashes_max = 10'000;
    std::map<Uuid, Hashed> hashes_;  ///< one that is gone is computed again; guarded by mutex_
};

}  // namespace millrace::intake
