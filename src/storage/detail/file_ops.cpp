#include "storage/detail/file_ops.hpp"

#include "base/describe.hpp"
#include "storage/detail/rows.hpp"

namespace millrace::storage::detail {
namespace {

/// What an event says of a file: as the API shows it, without links.
struct FileEvent {
    Uuid id;
    std::string filename;
    std::uint64_t size = 0;
    std::string sha256;
    std::string media_type;
    intake::FileState state = intake::FileState::stored;
    std::optional<Uuid> job_id;
    Uuid created_by;
    Instant created_at{};
};
BOOST_DESCRIBE_STRUCT(FileEvent, (), (id, filename, size, sha256, media_type, state, job_id, created_by, created_at))

/// What an event says of a dataset: as the API shows it, without columns and report, which may be megabytes.
struct DatasetEvent {
    Uuid id;
    Uuid job_id;
    std::string name;
    std::string filename;
    std::optional<std::string> supplier_id;
    std::string format;
    std::string sha256;
    int version = 1;
    Uuid series_id;
    int table = 1;
    std::uint64_t size_bytes = 0;
    std::uint64_t row_count = 0;
    std::uint64_t rows_in = 0;
    std::uint64_t rows_rejected = 0;
    std::uint64_t rows_reported = 0;
    std::uint64_t column_count = 0;
    Uuid file_id;
    Uuid created_by;
    Instant created_at{};
    json::object links;
};
BOOST_DESCRIBE_STRUCT(DatasetEvent, (),
                      (id, job_id, name, filename, supplier_id, format, sha256, version, series_id, table, size_bytes, row_count, rows_in,
                       rows_rejected, rows_reported, column_count, file_id, created_by, created_at, links))

events::Event file_event(const intake::File& f) {
    events::Event event;
    event.at = f.updated_at;
    event.type = "file.stored";
    event.owner = f.owner;
    event.org = f.org;
    event.subject = f.id;
    event.data =
        to_json(FileEvent{f.id, f.filename, f.size, f.sha256, f.media_type, f.state, f.job_id, f.owner, f.created_at});
    return event;
}

events::Event dataset_event(std::string_view type, const datasets::Dataset& d, Instant at) {
    events::Event event;
    event.at = at;
    event.type = type;
    event.owner = d.owner;
    event.org = d.org;
    event.subject = d.id;
    event.data = to_json(DatasetEvent{d.id, d.job_id, d.name, d.filename, d.supplier_id, d.format, d.sha256, d.version, d.series_id, d.table,
                                      d.size_bytes, d.row_count, d.rows_in, d.rows_rejected, d.rows_reported,
                                      d.column_count, d.file_id, d.owner, d.created_at,
                                      json::object{{"self", "/api/v2/datasets/" + d.id.str()}}});
    return event;
}

}  // namespace

ledger::Committed still_receiving(Tx& tx, const intake::StillReceiving& op) {
    return one(tx.db, Statement::files_receiving, args(op.file), read_id) ? applied : lost;
}

void begin_file(Tx& tx, const intake::Begin& op) { tx.db.later(Statement::files_insert, file_args(op.file)); }

void accept_file(Tx& tx, const intake::Accept& op) {
    const auto file =
        one(tx.db, Statement::files_accept, args(op.file, op.size, op.sha256, op.media_type, op.at), read_file);
    if (file) tx.tell(file_event(*file));
}

void keep_file(Tx& tx, const intake::Keep& op) {
    if (one(tx.db, Statement::files_get, args(op.file.id), read_file)) return;
    tx.db.later(Statement::files_insert, file_args(op.file));
    tx.tell(file_event(op.file));
}

void abort_file(Tx& tx, const intake::Abort& op) { tx.db.later(Statement::files_abort, args(op.file, op.at)); }

void begin_upload(Tx& tx, const intake::BeginUpload& op) { tx.db.later(Statement::uploads_insert, upload_args(op.upload)); }

ledger::Committed upload_at(Tx& tx, const intake::AdvanceUpload& op) {
    return one(tx.db, Statement::uploads_lock, args(op.upload, op.from), read_id) ? applied : lost;
}

void advance_upload(Tx& tx, const intake::AdvanceUpload& op) {
    tx.db.later(Statement::uploads_advance, args(op.upload, op.to, op.length, op.sha256, op.expires_at));
}

void remove_upload(Tx& tx, const intake::RemoveUpload& op) { tx.db.later(Statement::uploads_remove, args(op.upload)); }

ledger::Committed unique_content(Tx& tx, const datasets::Unique& op) {
    const auto& series = op.series_id.is_nil() ? op.id : op.series_id;
    const auto other = one(tx.db, Statement::datasets_same_content,
                           args(op.owner, op.sha256, op.version, op.table, op.id, op.mode, series), read_id);
    if (!other) return applied;
    return {ledger::Outcome::refused, *other};
}

void put_dataset(Tx& tx, const datasets::Put& op) {
    if (one(tx.db, Statement::datasets_exists, args(op.dataset.id), read_id)) {
        tx.db.later(Statement::datasets_replace, dataset_args(op.dataset));
        return;  // told when it was created
    }
    tx.db.later(Statement::datasets_insert, dataset_args(op.dataset));
    tx.tell(dataset_event("dataset.created", op.dataset, op.dataset.created_at));
}

void remove_dataset(Tx& tx, const datasets::Remove& op) {
    const auto gone = one(tx.db, Statement::datasets_remove, args(op.id), read_dataset);
    if (gone) tx.tell(dataset_event("dataset.deleted", *gone, op.at));
}

}  // namespace millrace::storage::detail
