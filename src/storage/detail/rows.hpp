#pragma once

#include "datasets/dataset.hpp"
#include "events/event.hpp"
#include "intake/file.hpp"
#include "intake/upload.hpp"
#include "jobs/declared_kind.hpp"
#include "jobs/job.hpp"
#include "jobs/queue.hpp"
#include "jobs/schedule.hpp"
#include "jobs/store.hpp"
#include "storage/detail/payload.hpp"
#include "storage/detail/session.hpp"
#include "webhooks/webhook.hpp"

/// Entities from the columns in which the queries name them, and their parameters in the same order.
namespace millrace::storage::detail {

/// What the job carries (input, result, checkpoint) is left out where it is encrypted: lists do not show it.
jobs::Job read_job(const Row& row);
/// With what the job carries. Throws Error{payload_key_missing}, Error{payload_unreadable}.
jobs::Job read_whole_job(const Row& row, const PayloadKeys& keys);
inline auto whole_jobs(const PayloadKeys& keys) {
    return [&keys](const Row& row) { return read_whole_job(row, keys); };
}
jobs::Queue read_queue(const Row& row);
jobs::Schedule read_schedule(const Row& row);
/// Those after `seq` in order, at most `limit`.
std::vector<events::Event> events_after(Session& session, std::int64_t seq, int limit);
/// What the column attempt_log holds of an attempt that has ended.
std::string attempt_line(const jobs::Attempt& attempt);
std::vector<jobs::Attempt> read_attempt_log(const Uuid& job, std::string_view log);
jobs::Worker read_worker(const Row& row);
jobs::DeclaredKind read_kind(const Row& row);
jobs::Options read_options(const json::object& object);
events::Event read_event(const Row& row);
intake::File read_file(const Row& row);
intake::Upload read_upload(const Row& row);
datasets::Dataset read_dataset(const Row& row);
webhooks::Webhook read_webhook(const Row& row);
webhooks::Delivery read_delivery(const Row& row);
inline Uuid read_id(const Row& row) { return row.uuid(0); }

inline Value texts_value(const std::vector<std::string>& texts) {
    if (texts.empty()) return std::string_view{"[]"};
    return to_json(texts);
}
inline Value options_value(const jobs::Options& options) {
    if (options == jobs::Options{}) return std::string_view{"{}"};
    return to_json(options);
}
inline Value children_value(const std::optional<jobs::Children>& children) {
    if (!children) return nullptr;
    return to_json(*children);
}

inline auto job_args(const jobs::Job& j, const PayloadKeys& keys) {
    return args(j.id, j.kind, jobs::type_word(j.type), j.state, j.progress, j.stage, j.message, j.queue, j.priority,
                j.attempt, j.attempts_max, j.losses, j.crashes, j.run_at, j.owner, j.org, j.parent, keys.sealed(j.id, "input", j.input), j.metadata,
                keys.sealed(j.id, "result", j.result), j.filename, j.supplier_id, j.related_dataset_id, j.input_file_id, j.reference_file_id,
                j.template_id, j.result_file_id, j.error_code, j.error_message, j.created_at, j.updated_at, j.started_at,
                j.completed_at, j.turn, j.schedule, texts_value(j.tags), options_value(j.options), j.limit_key, j.unique_key,
                j.cache_key, j.deadline, j.waiting_on, j.needed, children_value(j.children),
                keys.sealed(j.id, "checkpoint", j.checkpoint), j.acknowledged_at);
}

inline auto file_args(const intake::File& f) {
    return args(f.id, f.owner, f.org, f.state, f.filename, f.media_type, f.job_id, f.server, f.size, f.sha256,
                f.created_at, f.updated_at);
}

inline auto upload_args(const intake::Upload& u) {
    return args(u.id, u.owner, u.org, u.part, u.length, u.received, u.metadata, u.concat, u.sha256, u.job_id, u.expires_at,
                u.created_at);
}

inline auto dataset_args(const datasets::Dataset& d) {
    return args(d.id, d.owner, d.org, d.name, d.filename, d.supplier_id, d.job_id, d.file_id, d.sha256, d.version,
                d.format, d.size_bytes, d.row_count, d.rows_in, d.rows_rejected, d.rows_reported, d.column_count,
                d.columns, d.report, d.table_blob, d.text_blob, d.rejects_blob, d.created_at, d.table,
                d.series_id.is_nil() ? d.id : d.series_id, d.parent_id, d.mode, d.key, d.contract, d.changes);
}

}  // namespace millrace::storage::detail
