#include "base/messages/messages.hpp"

namespace millrace {

std::string_view message_en(Code code) {
    switch (code) {
        case Code::bad_request:
            return "The request is not valid: {why}.";
        case Code::invalid_json:
            return "The body is not valid JSON: {why}.";
        case Code::invalid_path:
            return "The path is not valid. Encode no separators and no dot segments in it.";
        case Code::invalid_parameter:
            return "The parameter {name} is not valid: {why}.";
        case Code::malformed_multipart:
            return "The multipart body is broken: {why}. Send it again as multipart/form-data.";
        case Code::missing_file:
            return "The form has no part named \"{field}\" with a file in it.";
        case Code::upload_aborted:
            return "The upload ended before all of its bytes had arrived ({received} received). Send it again.";
        case Code::unauthorized:
            return "A valid bearer token, API key or session is needed.";
        case Code::forbidden:
            return "Your role does not allow this.";
        case Code::csrf:
            return "A write with a session cookie needs the X-CSRF-Token header of that session.";
        case Code::not_found:
            return "There is nothing at this address.";
        case Code::method_not_allowed:
            return "This address does not take {method}. It takes {allowed}.";
        case Code::not_acceptable:
            return "None of the types in Accept can be produced. Known: {known}.";
        case Code::request_timeout:
            return "The request took too long to arrive.";
        case Code::conflict:
            return "The request does not fit the present state: {why}.";
        case Code::duplicate:
            return "A file with the same content is already dataset {existing_dataset_id}.";
        case Code::job_finished:
            return "The job is already {state} and cannot be changed.";
        case Code::job_not_finished:
            return "The job is still {state}; only a finished job can be run again.";
        case Code::not_retryable:
            return "The job is {state}; only a failed or cancelled job can be retried.";
        case Code::lease_lost:
            return "This attempt no longer owns its job; another one does.";
        case Code::offset_mismatch:
            return "The upload is at byte {offset}; continue from there.";
        case Code::worker_unknown:
            return "This worker is not known: it has said goodbye or was silent for too long, and its jobs were taken back. Register it again.";
        case Code::length_required:
            return "The request needs a Content-Length.";
        case Code::precondition_failed:
            return "The object has changed since you read it. Read it again.";
        case Code::tus_version:
            return "Send Tus-Resumable: 1.0.0; no other version is spoken here.";
        case Code::payload_too_large:
            return "The body is larger than the limit of {limit} bytes.";
        case Code::unsupported_media_type:
            return "The content type {type} is not taken here. Send {known}.";
        case Code::range_not_satisfiable:
            return "The range lies outside the object of {size} bytes.";
        case Code::invalid_fields:
            return "Some fields are not valid; see errors.";
        case Code::unknown_job_type:
            return "There is no job type \"{type}\". Known: import, export, validation, processing.";
        case Code::unknown_job_kind:
            return "There is no job kind \"{kind}\". Known: {known}.";
        case Code::invalid_cron:
            return "The cron expression is not valid: {field}, position {position}: {why}.";
        case Code::cron_never_fires:
            return "The cron expression \"{cron}\" never fires: it names no date of the next eight years.";
        case Code::unknown_time_zone:
            return "There is no time zone \"{zone}\"{hint}. Use an IANA name like Europe/Amsterdam, or UTC.";
        case Code::idempotency_mismatch:
            return "This Idempotency-Key was used for another request. Use a new key.";
        case Code::empty_file:
            return "The file is empty. Send a file with a header and at least one row.";
        case Code::no_rows:
            return "The file has a header and no rows, so there is nothing to import.";
        case Code::not_text:
            return "The file is not a table: byte {offset} is not text ({why}). Send CSV or another supported format.";
        case Code::unsupported_format:
            return "The format {format} is not supported. Supported: {known}.";
        case Code::malformed_file:
            return "The file is damaged: {why}.";
        case Code::line_too_long:
            return "Line {line} is longer than {limit} bytes, so the file is not a table. Check its delimiter and quotes.";
        case Code::too_many_columns:
            return "The file has more than {limit} columns.";
        case Code::encrypted_file:
            return "The file is protected with a password. Send it without protection.";
        case Code::archive_limits:
            return "The file unpacks to more than is allowed: {why}.";
        case Code::parser_limits:
            return "Reading this {format} file takes more than is allowed: {why}.";
        case Code::parser_crashed:
            return "Reading this {format} file ended unexpectedly ({why}). Save it anew with the program that made it, or send it as CSV.";
        case Code::checksum_mismatch:
            return "The bytes do not have the checksum that was announced. Send them again.";
        case Code::value_refused:
            return "Row {row}, column {column}: {why}. The run was to end at the first such value.";
        case Code::too_many_rejects:
            return "{rejected} of {rows} rows were rejected; the limit is {limit}.";
        case Code::lookup_too_large:
            return "The lookup {name} needs more than {limit} bytes. Use a smaller table.";
        case Code::schema_drift:
            return "The columns of the file differ from those of the dataset, which is frozen: {why}.";
        case Code::too_many_rows:
            return "That would take more than {limit} rows: {why}.";
        case Code::invalid_sql:
            return "The query is not valid: {why}.";
        case Code::query_limits:
            return "The query was stopped: {why}.";
        case Code::too_many_requests:
            return "Too many requests. Wait {seconds} s and try again.";
        case Code::too_many_streams:
            return "At most {limit} streams per user. Close one and try again.";
        case Code::head_too_large:
            return "The head of the request is larger than {limit}.";
        case Code::internal:
            return "Something went wrong inside the server. The request id names it in the log.";
        case Code::file_gone:
            return "The file {file_id} is not stored here any more.";
        case Code::template_gone:
            return "The template {template_id}, or that version of it, is not there any more.";
        case Code::corrupt_blob:
            return "The stored bytes of {sha256} no longer have that checksum; they are not used.";
        case Code::payload_key_missing:
            return "What job {job} carries is encrypted with key {key}, which this server does not have. Add that key to payload.previous_keys.";
        case Code::payload_unreadable:
            return "The stored {column} of job {job} cannot be decrypted with its key {key}: it was altered, or belongs elsewhere. It is not used.";
        case Code::not_implemented:
            return "{what} is not supported.";
        case Code::extractor_missing:
            return "Documents of this kind are read by millrace-extract, which is missing ({program}). Install libpoppler-cpp0v5, libtesseract5, libgmime-3.0-0 and tesseract-ocr, and build or install millrace-extract.";
        case Code::unavailable:
            return "The server cannot take this request now: {why}. Try again.";
        case Code::database_unavailable:
            return "The database cannot be reached: {why}. Try again.";
        case Code::storage_failed:
            return "Bytes could not be stored: {why}. Try again.";
        case Code::storage_full:
            return "There is no space left to store the bytes.";
        case Code::worker_crashed:
            return "The job ended its worker {times} times, so it is not tried again.";
        case Code::worker_lost:
            return "The worker that ran this attempt is gone.";
        case Code::job_timeout:
            return "The job ran longer than its limit of {seconds} s.";
        case Code::job_exists:
            return "A job with this unique key exists already: {job_id}.";
        case Code::deadline_exceeded:
            return "The job had not ended by its deadline.";
        case Code::dependency_failed:
            return "A job that this one needs did not end as it should have.";
        case Code::not_needed:
            return "The job was there for a failure that did not happen.";
        case Code::children_failed:
            return "{failed} failed and {cancelled} cancelled of {total} jobs.";
        case Code::cancelled:
            return "The job was cancelled.";
        case Code::external_failure:
            return "{message}";
        case Code::usage:
            return "{why}";
        case Code::invalid_config:
            return "The setting {key} ({origin}) is not valid: {why}.";
        case Code::data_dir_locked:
            return "The data directory {path} is in use by process {pid}. Stop it, or use its API at {url}.";
        case Code::schema_newer:
            return "The database has schema version {found}, newer than the {known} of this program. Use the newer program.";
        case Code::schema_changed:
            return "Migration {version} in the database differs from the one in this program. Restore the release that made it.";
        case Code::unreachable:
            return "No server answers at {url}: {why}.";
        case Code::address_refused:
            return "{url} must not be called: {why}.";
        case Code::browser_missing:
            return "There is no browser at {path}. Install the Debian package chromium-headless-shell, or set capture.browser.";
        case Code::browser_unconfined:
            return "The browser cannot be kept from this machine and its network here: {why}. Allow user and network namespaces, or set capture.allow_unsandboxed.";
        case Code::capture_timeout:
            return "Capturing {url} took too long: {what}.";
        case Code::capture_crashed:
            return "{url} could not be captured: {why}.";
        case Code::capture_download:
            return "{url} is a file ({media_type}) and no page.";
        case Code::capture_limits:
            return "Capturing {url} went beyond a limit: {what}.";
        case Code::capture_status:
            return "{url} answers {status}.";
        case Code::capture_failed:
            return "The browser refused to capture {url} ({what}): {why}.";
        case Code::timed_out:
            return "The time limit of {seconds} s passed; the job goes on.";
        case Code::interrupted:
            return "Interrupted.";
    }
    return {};
}

}  // namespace millrace
