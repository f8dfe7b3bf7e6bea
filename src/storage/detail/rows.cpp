#include "storage/detail/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "storage/detail/event_pack.hpp"

namespace millrace::storage::detail {
namespace {

std::vector<std::string> texts(const json::array& array) {
    std::vector<std::string> out;
    for (const auto& item : array) {
        if (item.is_string()) out.emplace_back(item.get_string());
    }
    return out;
}

/// A value that this program wrote; what a newer one added is left alone.
template <class T>
T described(const json::object& object) {
    T out{};
    if (object.empty()) return out;
    std::vector<Issue> issues;
    read_json(json::value(object), out, issues, "", true);
    return out;
}

/// `open(job, column, stored)` gives what the job carries.
template <class Open>
jobs::Job read_job_with(const Row& row, Open open) {
    Reader r{row};
    jobs::Job j;
    j.id = r.uuid();
    j.kind = r.text();
    j.type = jobs::type_from(r.text()).value_or(jobs::Type::processing);
    j.state = r.word_of(jobs::State::failed);
    j.progress = r.integer();
    j.stage = r.text();
    j.message = r.text();
    j.queue = r.text();
    j.priority = r.integer();
    j.attempt = r.integer();
    j.attempts_max = r.integer();
    j.losses = r.integer();
    j.crashes = r.integer();
    j.run_at = r.instant();
    j.owner = r.uuid();
    j.org = r.uuid();
    j.parent = r.maybe_uuid();
    if (auto input = open(j.id, "input", json::value(r.object())); input.is_object()) j.input = std::move(input.get_object());
    j.metadata = r.object();
    j.result = open(j.id, "result", r.json());
    j.filename = r.text();
    j.supplier_id = r.maybe_text();
    j.related_dataset_id = r.maybe_uuid();
    j.input_file_id = r.maybe_uuid();
    j.reference_file_id = r.maybe_uuid();
    j.template_id = r.maybe_uuid();
    j.result_file_id = r.maybe_uuid();
    j.error_code = r.text();
    j.error_message = r.text();
    j.created_at = r.instant();
    j.updated_at = r.instant();
    j.started_at = r.maybe_instant();
    j.completed_at = r.maybe_instant();
    j.turn = r.integer<std::int64_t>();
    j.schedule = r.maybe_uuid();
    j.tags = texts(r.array());
    j.options = described<jobs::Options>(r.object());
    j.limit_key = r.maybe_text();
    j.unique_key = r.maybe_text();
    j.cache_key = r.maybe_text();
    j.deadline = r.maybe_instant();
    j.waiting_on = r.integer();
    j.needed = r.boolean();
    if (const auto children = r.json(); children.is_object()) j.children = described<jobs::Children>(children.get_object());
    j.checkpoint = open(j.id, "checkpoint", r.json());
    j.acknowledged_at = r.maybe_instant();
    return j;
}

}  // namespace

jobs::Job read_job(const Row& row) {
    return read_job_with(row, [](const Uuid&, std::string_view, json::value stored) {
        return PayloadKeys::is_boxed(stored) ? json::value{} : std::move(stored);
    });
}

jobs::Job read_whole_job(const Row& row, const PayloadKeys& keys) {
    return read_job_with(row, [&](const Uuid& job, std::string_view column, json::value stored) {
        return keys.opened(job, column, std::move(stored));
    });
}

jobs::Queue read_queue(const Row& row) {
    Reader r{row};
    const auto number = [&]() -> std::optional<int> {
        const auto value = r.maybe_integer();
        return value ? std::optional{static_cast<int>(*value)} : std::nullopt;
    };
    jobs::Queue q;
    q.name = r.text();
    q.paused = r.boolean();
    q.running_max = number();
    q.rate_count = number();
    q.rate_period_ms = r.maybe_integer();
    q.key_running_max = number();
    q.key_rate_count = number();
    q.key_rate_period_ms = r.maybe_integer();
    r.maybe_instant();  // free_at: of claims only
    q.version = r.integer();
    q.updated_at = r.instant();
    return q;
}

jobs::Schedule read_schedule(const Row& row) {
    Reader r{row};
    jobs::Schedule s;
    s.id = r.uuid();
    s.owner = r.uuid();
    s.org = r.uuid();
    s.name = r.text();
    s.cron = r.text();
    s.zone = r.text();
    s.catch_up = r.word_of(jobs::CatchUp::last);
    s.enabled = r.boolean();
    s.job = described<jobs::JobTemplate>(r.object());
    s.next_at = r.maybe_instant();
    s.last_at = r.maybe_instant();
    s.version = r.integer();
    s.created_at = r.instant();
    s.updated_at = r.instant();
    return s;
}

std::vector<events::Event> events_after(Session& session, std::int64_t seq, int limit) {
    std::vector<events::Event> out;
    session.run(Statement::events_after, args(seq, limit, packed_max), [&](const Row& row) {
        Reader r{row};
        const auto last = r.integer<std::int64_t>();
        if (static_cast<int>(out.size()) >= limit) return;
        if (!row.is_null(9)) {
            for (auto& e : unpack(row.text(9), last)) {
                if (e.seq > seq) out.push_back(std::move(e));
            }
            return;
        }
        events::Event e;
        e.seq = last;
        e.at = r.instant();
        e.type = r.text();
        e.version = r.integer();
        e.owner = r.uuid();
        e.org = r.uuid();
        e.subject = r.uuid();
        e.data = r.text();
        out.push_back(std::move(e));
    });
    if (static_cast<int>(out.size()) > limit) out.resize(static_cast<std::size_t>(limit));
    return out;
}

std::string attempt_line(const jobs::Attempt& attempt) {
    auto line = fmt::format(R"({{"attempt":{},"started_at":{},"ended_at":{},"worker":)", attempt.attempt,
                            attempt.started_at.time_since_epoch().count(), attempt.ended_at->time_since_epoch().count());
    json::append_string(line, attempt.worker);
    line += ",\"outcome\":";
    json::append_string(line, attempt.outcome);
    if (!attempt.error_code.empty()) {
        line += ",\"error_code\":";
        json::append_string(line, attempt.error_code);
        line += ",\"error_message\":";
        json::append_string(line, attempt.error_message);
    }
    return line + "}\n";
}

std::vector<jobs::Attempt> read_attempt_log(const Uuid& job, std::string_view log) {
    std::vector<jobs::Attempt> out;
    for (std::size_t end = 0; !log.empty(); log.remove_prefix(end + 1)) {
        end = std::min(log.find('\n'), log.size() - 1);
        const auto line = json::parse(log.substr(0, end)).as_object();
        const auto text = [&](std::string_view key) {
            const auto* value = line.if_contains(key);
            return value && value->is_string() ? std::string{value->get_string()} : std::string{};
        };
        const auto instant = [&](std::string_view key) { return Instant{Duration{line.at(key).to_number<std::int64_t>()}}; };
        out.push_back({.job = job, .attempt = line.at("attempt").to_number<int>(), .worker = text("worker"),
                       .started_at = instant("started_at"), .ended_at = instant("ended_at"), .outcome = text("outcome"),
                       .error_code = text("error_code"), .error_message = text("error_message")});
    }
    return out;
}

jobs::Worker read_worker(const Row& row) {
    Reader r{row};
    return {.id = r.uuid(), .host = r.text(), .pid = r.integer(), .role = r.text(), .started_at = r.instant(),
            .seen_at = r.instant(), .kinds = texts(r.array()), .queues = texts(r.array()), .slots = r.integer(),
            .draining = r.boolean(), .running = r.integer()};
}

jobs::DeclaredKind read_kind(const Row& row) {
    Reader r{row};
    return {.name = r.text(), .type = jobs::type_from(r.text()).value_or(jobs::Type::processing), .label = r.text(),
            .attempts_max = r.integer(), .options = read_options(r.object()), .updated_at = r.instant()};
}

jobs::Options read_options(const json::object& object) { return described<jobs::Options>(object); }

events::Event read_event(const Row& row) {
    Reader r{row};
    events::Event e;
    e.seq = r.integer<std::int64_t>();
    e.at = r.instant();
    e.type = r.text();
    e.version = r.integer();
    e.owner = r.uuid();
    e.org = r.uuid();
    e.subject = r.uuid();
    e.data = r.text();
    return e;
}

intake::File read_file(const Row& row) {
    Reader r{row};
    intake::File f;
    f.id = r.uuid();
    f.owner = r.uuid();
    f.org = r.uuid();
    f.state = r.word_of(intake::FileState::aborted);
    f.filename = r.text();
    f.media_type = r.text();
    f.job_id = r.maybe_uuid();
    f.server = r.uuid();
    f.size = r.integer<std::uint64_t>();
    f.sha256 = r.text();
    f.created_at = r.instant();
    f.updated_at = r.instant();
    return f;
}

webhooks::Webhook read_webhook(const Row& row) {
    Reader r{row};
    webhooks::Webhook w;
    w.id = r.uuid();
    w.owner = r.uuid();
    w.org = r.uuid();
    w.url = r.text();
    w.description = r.text();
    for (const auto& type : r.array()) w.types.emplace_back(std::string_view{type.as_string()});
    w.format = r.word_of(webhooks::Format::standard);
    w.secret = Secret{r.text()};
    w.previous_secret = Secret{r.text()};
    w.previous_until = r.maybe_instant();
    w.enabled = r.boolean();
    w.disabled_reason = r.text();
    w.version = r.integer();
    w.after = r.integer<std::int64_t>();
    w.held_until = r.maybe_instant();
    w.created_at = r.instant();
    w.updated_at = r.instant();
    return w;
}

webhooks::Delivery read_delivery(const Row& row) {
    Reader r{row};
    webhooks::Delivery d;
    d.id = r.uuid();
    d.webhook = r.uuid();
    d.owner = r.uuid();
    d.org = r.uuid();
    d.seq = r.maybe_integer();
    d.type = r.text();
    d.subject = r.uuid();
    d.format = r.word_of(webhooks::Format::standard);
    d.body = r.text();
    d.host = r.text();
    d.state = r.word_of(webhooks::DeliveryState::failed);
    d.attempts = r.integer();
    d.round = r.integer();
    if (const auto status = r.maybe_integer()) d.last_status = static_cast<int>(*status);
    d.last_error = r.text();
    d.next_at = r.instant();
    d.round_at = r.instant();
    d.created_at = r.instant();
    d.updated_at = r.instant();
    return d;
}

intake::Upload read_upload(const Row& row) {
    Reader r{row};
    intake::Upload u;
    u.id = r.uuid();
    u.owner = r.uuid();
    u.org = r.uuid();
    u.part = r.word_of(intake::UploadPart::whole);
    u.length = r.maybe_integer();
    u.received = r.integer<std::uint64_t>();
    u.metadata = r.text();
    u.concat = r.text();
    u.sha256 = r.text();
    u.job_id = r.maybe_uuid();
    u.expires_at = r.instant();
    u.created_at = r.instant();
    return u;
}

datasets::Dataset read_dataset(const Row& row) {
    Reader r{row};
    datasets::Dataset d;
    d.id = r.uuid();
    d.owner = r.uuid();
    d.org = r.uuid();
    d.name = r.text();
    d.filename = r.text();
    d.supplier_id = r.maybe_text();
    d.job_id = r.uuid();
    d.file_id = r.uuid();
    d.sha256 = r.text();
    d.version = r.integer();
    d.format = r.text();
    d.size_bytes = r.integer<std::uint64_t>();
    d.row_count = r.integer<std::uint64_t>();
    d.rows_in = r.integer<std::uint64_t>();
    d.rows_rejected = r.integer<std::uint64_t>();
    d.rows_reported = r.integer<std::uint64_t>();
    d.column_count = r.integer<std::uint64_t>();
    d.columns = r.array();
    d.report = r.object();
    d.table_blob = r.text();
    d.text_blob = r.text();
    d.rejects_blob = r.text();
    d.created_at = r.instant();
    d.table = r.integer();
    d.series_id = r.maybe_uuid().value_or(d.id);
    d.parent_id = r.maybe_uuid();
    d.mode = r.word_of(datasets::Mode::import);
    d.key = r.array();
    d.contract = r.word_of(datasets::Contract::evolve);
    d.changes = r.object();
    return d;
}

}  // namespace millrace::storage::detail
