#include "storage/postgres/connection.hpp"

#include <endian.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstring>

namespace millrace::storage::postgres {

using detail::Bytes;
using detail::OnRow;
using detail::SqlFailure;
using detail::Statement;
using detail::Value;

namespace {

/// Answers are read at the latest after so many queries: results of all of them must fit into the buffers of the socket
/// while we are still sending, or both sides would wait for each other.
constexpr std::size_t pipeline_max = 128;

/// From the catalog of PostgreSQL (pg_type.dat); fixed numbers.
enum Oid_ : unsigned {
    oid_bool = 16,
    oid_bytea = 17,
    oid_int8 = 20,
    oid_int2 = 21,
    oid_int4 = 23,
    oid_text = 25,
    oid_json = 114,
    oid_float4 = 700,
    oid_float8 = 701,
    oid_timestamptz = 1184,
    oid_uuid = 2950,
    oid_jsonb = 3802,
};

/// PostgreSQL counts microseconds from 2000-01-01.
constexpr std::int64_t epoch_2000 = 946'684'800'000'000;

struct FreeResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, FreeResult>;

template <class T>
T big_endian(const char* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    if constexpr (sizeof value == 8) return static_cast<T>(be64toh(static_cast<std::uint64_t>(value)));
    else if constexpr (sizeof value == 4) return static_cast<T>(be32toh(static_cast<std::uint32_t>(value)));
    else return static_cast<T>(be16toh(static_cast<std::uint16_t>(value)));
}

class ResultRow final : public detail::Row {
public:
    ResultRow(const PGresult* result, int row) : result_{result}, row_{row} {}
    int size() const override { return PQnfields(result_); }
    std::string_view name(int column) const override { return PQfname(result_, column); }
    bool is_null(int column) const override { return PQgetisnull(result_, row_, column) != 0; }
    std::int64_t integer(int column) const override {
        if (is_null(column)) return 0;
        const char* bytes = PQgetvalue(result_, row_, column);
        switch (PQgetlength(result_, row_, column)) {
            case 1: return *bytes;
            case 2: return big_endian<std::int16_t>(bytes);
            case 4: return big_endian<std::int32_t>(bytes);
            default: return big_endian<std::int64_t>(bytes);
        }
    }
    double real(int column) const override {
        const auto bits = static_cast<std::uint64_t>(integer(column));
        double value = 0;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
    std::string_view text(int column) const override {
        return {PQgetvalue(result_, row_, column), static_cast<std::size_t>(PQgetlength(result_, row_, column))};
    }
    Uuid uuid(int column) const override { return Uuid::from_raw(text(column)); }
    Instant instant(int column) const override {
        return is_null(column) ? Instant{} : Instant{Duration{integer(column) + epoch_2000}};
    }

private:
    const PGresult* result_;
    int row_;
};

/// Parameters as libpq wants them: binary where the type says so.
class Parameters {
public:
    Parameters(std::span<const Value> values, const std::vector<unsigned>* types) {
        // The bytes of a number stand in `numbers_`, which must not move.
        numbers_.reserve(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) add(values[i], types && i < types->size() ? (*types)[i] : 0);
    }

    int count() const { return static_cast<int>(data_.size()); }
    const Oid* types() const { return types_.data(); }
    const char* const* data() const { return data_.data(); }
    const int* lengths() const { return lengths_.data(); }
    const int* formats() const { return formats_.data(); }

private:
    void add(const Value& value, unsigned type) {
        std::visit(
            [&](const auto& v) {
                using T = std::decay_t<decltype(v)>;
                if constexpr (std::same_as<T, std::nullptr_t>) push(type, nullptr, 0);
                else if constexpr (std::same_as<T, bool>) push_number(type ? type : oid_bool, v ? 1 : 0);
                else if constexpr (std::same_as<T, std::int64_t>) push_number(type ? type : oid_int8, v);
                else if constexpr (std::same_as<T, double>) {
                    std::int64_t bits = 0;
                    std::memcpy(&bits, &v, sizeof bits);
                    push_number(oid_float8, bits);
                } else if constexpr (std::same_as<T, Instant>) {
                    push_number(oid_timestamptz, v.time_since_epoch().count() - epoch_2000);
                } else if constexpr (std::same_as<T, Uuid>) push(oid_uuid, v.raw().data(), 16);
                else if constexpr (std::same_as<T, Bytes>) push(oid_bytea, v.bytes.data(), v.bytes.size());
                else push(type ? type : oid_text, v.data() ? v.data() : "", v.size());
            },
            value);
    }

    void push_number(unsigned type, std::int64_t value) {
        auto& bytes = numbers_.emplace_back();
        switch (type) {
            case oid_bool:
                bytes[0] = value != 0;
                return push(type, bytes.data(), 1);
            case oid_int2: {
                const auto big = htobe16(static_cast<std::uint16_t>(value));
                std::memcpy(bytes.data(), &big, 2);
                return push(type, bytes.data(), 2);
            }
            case oid_int4: {
                const auto big = htobe32(static_cast<std::uint32_t>(value));
                std::memcpy(bytes.data(), &big, 4);
                return push(type, bytes.data(), 4);
            }
            default: {
                const auto big = htobe64(static_cast<std::uint64_t>(value));
                std::memcpy(bytes.data(), &big, 8);
                push(type, bytes.data(), 8);
            }
        }
    }

    void push(unsigned type, const char* bytes, std::size_t length) {
        types_.push_back(type);
        data_.push_back(bytes);
        lengths_.push_back(static_cast<int>(length));
        formats_.push_back(1);
    }

    std::vector<std::array<char, 8>> numbers_;
    std::vector<Oid> types_;
    std::vector<const char*> data_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

/// What frameworks put into the scheme ("postgresql+asyncpg://") means nothing to libpq.
std::string plain_url(std::string url) {
    const auto end = url.find("://");
    const auto plus = url.find('+');
    if (end != url.npos && plus < end) url.erase(plus, end - plus);
    return url;
}

/// By SQLSTATE (PostgreSQL, appendix A).
SqlFailure::Kind kind_of(std::string_view state) {
    const auto family = state.substr(0, 2);
    if (state == "23505" || family == "40" || state == "55P03") return SqlFailure::Kind::conflict;
    if (state == "53100") return SqlFailure::Kind::full;
    // Connection, resources, administrator, read-only after a failover, time limit: not the statement's fault.
    if (family == "08" || family == "53" || family == "57" || family == "58" || state == "25006" || state == "XX000") {
        return SqlFailure::Kind::unavailable;
    }
    return SqlFailure::Kind::other;
}

std::string first_line(const char* text) {
    std::string_view line{text};
    line = line.substr(0, line.find('\n'));
    return std::string{line};
}

SqlFailure failure_of(const PGresult* result) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return {kind_of(state ? state : "08000"), fmt::format("{} ({})", first_line(PQresultErrorMessage(result)), state ? state : "")};
}

}  // namespace

void Connection::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

Connection::Connection(const ConnectionSettings& settings, const detail::Statements& statements, const ParameterTypes& types)
    : statements_{statements}, types_{types} {
    // Before the URL, so that what it says about these stands.
    const auto seconds = std::to_string(std::max<std::int64_t>(2, std::chrono::ceil<std::chrono::seconds>(settings.connect_timeout).count()));
    const auto url = plain_url(settings.url);
    const char* const keys[] = {"connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
                                "tcp_user_timeout", "application_name", "client_encoding", "dbname", nullptr};
    const char* const values[] = {seconds.c_str(), "1", "10", "5", "3", "15000", "millrace", "UTF8", url.c_str(), nullptr};
    db_.reset(PQconnectdbParams(keys, values, 1));
    if (PQstatus(db_.get()) != CONNECTION_OK) fail_connection();
    PQsetNoticeProcessor(db_.get(), [](void*, const char*) {}, nullptr);
    // Index scans only where there is an index: right after a bulk load the planner knows no better.
    script("SET TIME ZONE 'UTC'; SET enable_seqscan = off; SET standard_conforming_strings = on; " + settings.setup);
    if (PQenterPipelineMode(db_.get()) != 1) fail_connection();
}

Connection::~Connection() = default;

std::string_view Connection::text(Statement statement) const { return statements_[static_cast<std::size_t>(statement)]; }

bool Connection::is_broken() const { return PQstatus(db_.get()) != CONNECTION_OK; }

void Connection::fail_connection() const {
    throw SqlFailure{SqlFailure::Kind::unavailable, first_line(PQerrorMessage(db_.get()))};
}

void Connection::script(const std::string& sql) {
    const bool piped = PQpipelineStatus(db_.get()) != PQ_PIPELINE_OFF;
    if (piped) {
        flush();
        if (PQexitPipelineMode(db_.get()) != 1) fail_connection();
    }
    const Result result{PQexec(db_.get(), sql.c_str())};
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) throw failure_of(result.get());
    if (piped && PQenterPipelineMode(db_.get()) != 1) fail_connection();
}

void Connection::later(Statement statement, std::span<const Value> values, OnRow on_row) {
    if (sent_.size() >= pipeline_max) flush();
    send(statement, values, std::move(on_row));
}

std::int64_t Connection::run(Statement statement, std::span<const Value> values, const OnRow& on_row) {
    send(statement, values, on_row);
    return read_answers();
}

void Connection::flush() {
    if (!sent_.empty()) read_answers();
}

void Connection::send(Statement statement, std::span<const Value> values, OnRow on_row) {
    const auto index = static_cast<std::size_t>(statement);
    const std::string name{to_string(statement)};
    if (!prepared_[index]) {
        const auto& types = types_[index];
        if (PQsendPrepare(db_.get(), name.c_str(), statements_[index].c_str(), static_cast<int>(types.size()), types.data()) != 1) {
            fail_connection();
        }
        prepared_[index] = true;
        sent_.push_back({.on_row = {}, .prepares = statement});
    }
    const Parameters p{values, &types_[index]};
    if (PQsendQueryPrepared(db_.get(), name.c_str(), p.count(), p.data(), p.lengths(), p.formats(), 1) != 1) fail_connection();
    sent_.push_back({.on_row = std::move(on_row), .prepares = {}});
}

void Connection::query(const std::string& sql, std::span<const Value> values, const OnRow& on_row) {
    const Parameters p{values, nullptr};
    if (PQsendQueryParams(db_.get(), sql.c_str(), p.count(), p.types(), p.data(), p.lengths(), p.formats(), 1) != 1) fail_connection();
    sent_.push_back({.on_row = on_row, .prepares = {}});
    read_answers();
}

void Connection::later_command(const char* sql) {
    if (PQsendQueryParams(db_.get(), sql, 0, nullptr, nullptr, nullptr, nullptr, 1) != 1) fail_connection();
    sent_.push_back({});
}

/// Reads the answers of everything sent, in order, up to the synchronisation point that ends them. When one failed, the
/// server skipped those after it; the first failure is thrown once all has been read, so the connection stays in step.
std::int64_t Connection::read_answers() {
    std::optional<SqlFailure> failure;
    std::exception_ptr thrown;
    std::int64_t rows = 0;
    if (PQpipelineSync(db_.get()) != 1) fail_connection();
    while (!sent_.empty()) {
        Sent sent = std::move(sent_.front());
        sent_.pop_front();
        try {
            read_answer(sent, failure);
        } catch (...) {
            // From on_row: a row that cannot be understood. The rest must still be read.
            if (!thrown) thrown = std::current_exception();
            while (Result{PQgetResult(db_.get())}) {}
        }
        rows = sent.rows;
        if (is_broken()) {
            sent_.clear();
            fail_connection();
        }
    }
    const Result sync{PQgetResult(db_.get())};
    if (PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC) fail_connection();
    if (failure) throw *failure;
    if (thrown) std::rethrow_exception(thrown);
    return rows;
}

void Connection::read_answer(Sent& sent, std::optional<SqlFailure>& failure) {
    for (Result result{PQgetResult(db_.get())}; result; result.reset(PQgetResult(db_.get()))) {
        switch (PQresultStatus(result.get())) {
            case PGRES_TUPLES_OK: {
                const int count = PQntuples(result.get());
                sent.rows += count;
                for (int i = 0; i < count && sent.on_row; ++i) sent.on_row(ResultRow{result.get(), i});
                break;
            }
            case PGRES_COMMAND_OK:
                sent.rows += std::atoll(PQcmdTuples(result.get()));
                break;
            case PGRES_PIPELINE_ABORTED:
                if (sent.prepares) prepared_[static_cast<std::size_t>(*sent.prepares)] = false;
                break;
            default:
                if (sent.prepares) prepared_[static_cast<std::size_t>(*sent.prepares)] = false;
                if (!failure) failure = failure_of(result.get());
        }
    }
}

bool Connection::reset() noexcept {
    try {
        if (is_broken()) return false;
        try {
            flush();
        } catch (const SqlFailure&) {
            // What failed is the reason why we are here.
        }
        if (PQtransactionStatus(db_.get()) != PQTRANS_IDLE) {
            later_command("ROLLBACK");
            flush();
        }
        return !is_broken() && PQtransactionStatus(db_.get()) == PQTRANS_IDLE;
    } catch (...) {
        return false;
    }
}

ParameterTypes Connection::describe_all() {
    if (PQexitPipelineMode(db_.get()) != 1) fail_connection();
    ParameterTypes types;
    for (std::size_t i = 0; i < detail::statement_count; ++i) {
        const Result prepared{PQprepare(db_.get(), "", statements_[i].c_str(), 0, nullptr)};
        if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) {
            const auto failure = failure_of(prepared.get());
            throw SqlFailure{failure.kind, fmt::format("{}: {}", to_string(static_cast<Statement>(i)), failure.what())};
        }
        const Result described{PQdescribePrepared(db_.get(), "")};
        if (PQresultStatus(described.get()) != PGRES_COMMAND_OK) throw failure_of(described.get());
        for (int p = 0; p < PQnparams(described.get()); ++p) types[i].push_back(PQparamtype(described.get(), p));
    }
    if (PQenterPipelineMode(db_.get()) != 1) fail_connection();
    return types;
}

bool Connection::wait_notified(int wake_fd, std::chrono::milliseconds timeout) {
    bool others = false;
    consume_notifications(others);
    if (others) return true;
    pollfd waits[] = {{PQsocket(db_.get()), POLLIN, 0}, {wake_fd, POLLIN, 0}};
    ::poll(waits, 2, static_cast<int>(timeout.count()));
    if (waits[1].revents & POLLIN) {
        eventfd_t count = 0;
        ::eventfd_read(wake_fd, &count);
    }
    if (waits[0].revents != 0) {
        if (PQconsumeInput(db_.get()) != 1) fail_connection();
        consume_notifications(others);
    }
    return others;
}

void Connection::consume_notifications(bool& others) {
    while (PGnotify* note = PQnotifies(db_.get())) {
        others = others || note->be_pid != PQbackendPID(db_.get());
        PQfreemem(note);
    }
}

}  // namespace millrace::storage::postgres
