#include "storage/postgres/connection.hpp"

#include <endian.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <bit>
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
/// Rows that go into one execution: few enough that the server works on them while we make the next ones.
constexpr std::uint32_t rows_max = 200;
constexpr std::size_t rows_bytes_max = std::size_t{4} << 20;

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

/// A value in the binary form of its type.
struct Encoded {
    unsigned type = 0;
    const char* bytes = nullptr;  ///< nothing: NULL
    std::size_t size = 0;
    std::array<char, 8> number{};  ///< what `bytes` shows where the value is a number
};

template <class T>
void put_big_endian(Encoded& to, unsigned type, T value) {
    if constexpr (sizeof value == 8) value = htobe64(value);
    else if constexpr (sizeof value == 4) value = htobe32(value);
    else if constexpr (sizeof value == 2) value = htobe16(value);
    to.type = type;
    std::memcpy(to.number.data(), &value, sizeof value);
    to.bytes = to.number.data();
    to.size = sizeof value;
}

void put_number(Encoded& to, unsigned type, std::int64_t value) {
    switch (type) {
        case oid_bool: return put_big_endian(to, type, static_cast<std::uint8_t>(value != 0));
        case oid_int2: return put_big_endian(to, type, static_cast<std::uint16_t>(value));
        case oid_int4: return put_big_endian(to, type, static_cast<std::uint32_t>(value));
        default: return put_big_endian(to, type, static_cast<std::uint64_t>(value));
    }
}

/// `type` is what the statement wants, 0 when it does not say.
void encode(Encoded& to, const Value& value, unsigned type) {
    const auto bytes = [&](unsigned as, std::string_view text) {
        to.type = as;
        to.bytes = text.data() ? text.data() : "";
        to.size = text.size();
    };
    std::visit(
        [&](const auto& v) {
            using T = std::decay_t<decltype(v)>;
            if constexpr (std::same_as<T, std::nullptr_t>) to.type = type;
            else if constexpr (std::same_as<T, bool>) put_number(to, type ? type : oid_bool, v ? 1 : 0);
            else if constexpr (std::same_as<T, std::int64_t>) put_number(to, type ? type : oid_int8, v);
            else if constexpr (std::same_as<T, double>) put_big_endian(to, oid_float8, std::bit_cast<std::uint64_t>(v));
            else if constexpr (std::same_as<T, Instant>) put_number(to, oid_timestamptz, v.time_since_epoch().count() - epoch_2000);
            else if constexpr (std::same_as<T, Uuid>) bytes(oid_uuid, v.raw());
            else if constexpr (std::same_as<T, Bytes>) bytes(oid_bytea, v.bytes);
            else bytes(type ? type : oid_text, v);
        },
        value);
}

/// Parameters as libpq wants them.
class Parameters {
public:
    Parameters(std::span<const Value> values, const std::vector<unsigned>* types) : encoded_(values.size()) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            Encoded& one = encoded_[i];
            encode(one, values[i], types && i < types->size() ? (*types)[i] : 0);
            types_.push_back(one.type);
            data_.push_back(one.bytes);
            lengths_.push_back(static_cast<int>(one.size));
            formats_.push_back(1);
        }
    }

    int count() const { return static_cast<int>(data_.size()); }
    const Oid* types() const { return types_.data(); }
    const char* const* data() const { return data_.data(); }
    const int* lengths() const { return lengths_.data(); }
    const int* formats() const { return formats_.data(); }

private:
    std::vector<Encoded> encoded_;  ///< holds the bytes of numbers, so it does not move
    std::vector<Oid> types_;
    std::vector<const char*> data_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

void append_int32(std::string& out, std::uint32_t value) {
    const auto big = htobe32(value);
    out.append(reinterpret_cast<const char*>(&big), sizeof big);
}

/// Dimensions, whether there are nulls, type, length and lower bound; the length is filled in when it is known.
constexpr std::size_t array_length_at = 12;

void begin_array(std::string& out, unsigned element) {
    for (const std::uint32_t number : {1U, 0U, element, 0U, 1U}) append_int32(out, number);
}

/// A row of a composite type: the number of its fields, then type, length and bytes of each.
void append_row(std::string& out, std::span<const Value> values, const std::vector<unsigned>& types) {
    const auto start = out.size();
    append_int32(out, 0);
    append_int32(out, static_cast<std::uint32_t>(types.size()));
    for (std::size_t i = 0; i < types.size(); ++i) {
        Encoded one;
        encode(one, values[i], types[i]);
        append_int32(out, types[i]);
        append_int32(out, one.bytes ? static_cast<std::uint32_t>(one.size) : ~std::uint32_t{0});
        if (one.bytes) out.append(one.bytes, one.size);
    }
    const auto size = htobe32(static_cast<std::uint32_t>(out.size() - start - 4));
    std::memcpy(out.data() + start, &size, sizeof size);
}

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
    // Index scans only where there is an index: right after a bulk load the planner knows no better. That makes costs look
    // high, and compiling a statement for it (JIT) takes longer than any of ours runs.
    script("SET TIME ZONE 'UTC'; SET enable_seqscan = off; SET jit = off; SET standard_conforming_strings = on; " + settings.setup);
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
    if (takes_rows(statement)) return add_row(statement, values, std::move(on_row));
    if (sent_.size() >= pipeline_max) flush();
    send(statement, values, std::move(on_row));
}

std::int64_t Connection::run(Statement statement, std::span<const Value> values, const OnRow& on_row) {
    if (takes_rows(statement)) add_row(statement, values, on_row);
    else send(statement, values, on_row);
    return read_answers();
}

void Connection::flush() {
    if (!sent_.empty() || rows_) read_answers();
}

void Connection::add_row(Statement statement, std::span<const Value> values, OnRow on_row) {
    const auto index = static_cast<std::size_t>(statement);
    if (rows_ && (rows_->statement != index || rows_->count == rows_max || rows_->bytes.size() > rows_bytes_max)) send_rows();
    if (!rows_) {
        if (sent_.size() >= pipeline_max) flush();
        rows_.emplace().statement = index;
        begin_array(rows_->bytes, types_[index].row);
    }
    append_row(rows_->bytes, values, types_[index].fields);
    ++rows_->count;
    if (on_row) rows_->on_row = std::move(on_row);
}

void Connection::send_rows() {
    if (!rows_) return;
    Rows rows = std::move(*rows_);
    rows_.reset();
    const auto count = htobe32(rows.count);
    std::memcpy(rows.bytes.data() + array_length_at, &count, sizeof count);
    prepare(rows.statement);
    const char* const data[] = {rows.bytes.data()};
    const int lengths[] = {static_cast<int>(rows.bytes.size())}, formats[] = {1};
    const std::string name{to_string(static_cast<Statement>(rows.statement))};
    if (PQsendQueryPrepared(db_.get(), name.c_str(), 1, data, lengths, formats, 1) != 1) fail_connection();
    sent_.push_back({.on_row = std::move(rows.on_row), .prepares = {}});
}

void Connection::prepare(std::size_t index) {
    if (prepared_[index]) return;
    const auto& types = types_[index].parameters;
    const std::string name{to_string(static_cast<Statement>(index))};
    if (PQsendPrepare(db_.get(), name.c_str(), statements_[index].c_str(), static_cast<int>(types.size()), types.data()) != 1) {
        fail_connection();
    }
    prepared_[index] = true;
    sent_.push_back({.on_row = {}, .prepares = static_cast<Statement>(index)});
}

void Connection::send(Statement statement, std::span<const Value> values, OnRow on_row) {
    send_rows();
    const auto index = static_cast<std::size_t>(statement);
    prepare(index);
    const Parameters p{values, &types_[index].parameters};
    const std::string name{to_string(statement)};
    if (PQsendQueryPrepared(db_.get(), name.c_str(), p.count(), p.data(), p.lengths(), p.formats(), 1) != 1) fail_connection();
    sent_.push_back({.on_row = std::move(on_row), .prepares = {}});
}

void Connection::query(const std::string& sql, std::span<const Value> values, const OnRow& on_row) {
    send_rows();
    const Parameters p{values, nullptr};
    if (PQsendQueryParams(db_.get(), sql.c_str(), p.count(), p.types(), p.data(), p.lengths(), p.formats(), 1) != 1) fail_connection();
    sent_.push_back({.on_row = on_row, .prepares = {}});
    read_answers();
}

void Connection::later_command(const char* sql) {
    send_rows();
    if (PQsendQueryParams(db_.get(), sql, 0, nullptr, nullptr, nullptr, nullptr, 1) != 1) fail_connection();
    sent_.push_back({});
}

/// Reads the answers of everything sent, in order, up to the synchronisation point that ends them. When one failed, the
/// server skipped those after it; the first failure is thrown once all has been read, so the connection stays in step.
std::int64_t Connection::read_answers() {
    std::optional<SqlFailure> failure;
    std::exception_ptr thrown;
    std::int64_t rows = 0;
    send_rows();
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
        rows_.reset();
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

void Connection::make_row_types() {
    for (const auto& type : statements_.rows) {
        if (type.fields.empty()) continue;
        bool there = false;
        query("SELECT to_regtype($1) IS NOT NULL", detail::args(type.name), [&](const detail::Row& row) { there = row.integer(0) != 0; });
        if (there) continue;
        std::string fields;
        for (const auto& [name, of] : type.fields) fields += fmt::format("{}{} {}", fields.empty() ? "" : ", ", name, of);
        script(fmt::format("CREATE TYPE {} AS ({})", type.name, fields));
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
        for (int p = 0; p < PQnparams(described.get()); ++p) types[i].parameters.push_back(PQparamtype(described.get(), p));
    }
    if (PQenterPipelineMode(db_.get()) != 1) fail_connection();
    for (std::size_t i = 0; i < detail::statement_count; ++i) {
        if (!statements_.rows[i].fields.empty()) describe_rows(types[i]);
    }
    return types;
}

void Connection::describe_rows(StatementTypes& types) {
    query("SELECT element.oid, atttypid FROM pg_type AS element JOIN pg_attribute ON attrelid = element.typrelid "
          "WHERE element.typarray = $1::bigint::oid AND attnum > 0 ORDER BY attnum",
          detail::args(static_cast<std::int64_t>(types.parameters.at(0))), [&](const detail::Row& row) {
              types.row = static_cast<unsigned>(row.integer(0));
              types.fields.push_back(static_cast<unsigned>(row.integer(1)));
          });
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
