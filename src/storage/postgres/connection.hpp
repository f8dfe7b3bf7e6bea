#pragma once

#include <atomic>
#include <bitset>
#include <chrono>
#include <deque>
#include <memory>
#include <vector>

#include "storage/detail/session.hpp"

struct pg_conn;
struct pg_result;

namespace millrace::storage::postgres {

/// The type numbers (oid) of the parameters of a statement.
struct StatementTypes {
    std::vector<unsigned> parameters;
    unsigned row = 0;              ///< of one row, where the statement takes an array of rows
    std::vector<unsigned> fields;  ///< of such a row
};

/// Of every statement, asked of the server once.
using ParameterTypes = std::array<StatementTypes, detail::statement_count>;

struct ConnectionSettings {
    std::string url;
    std::chrono::microseconds connect_timeout{};
    std::string setup;  ///< SQL of this kind of connection, run after connecting
};

/// One connection in pipeline mode: what `later` takes goes out at once, and the answers of all are read together in
/// `run` or `flush`, so a group costs one round trip. Used by one thread at a time.
class Connection final : public detail::Session {
public:
    /// Connects. Throws SqlFailure{unavailable}.
    Connection(const ConnectionSettings& settings, const detail::Statements& statements, const ParameterTypes& types);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    detail::Dialect dialect() const override { return detail::Dialect::postgres; }
    std::int64_t run(detail::Statement statement, std::span<const detail::Value> values,
                     const detail::OnRow& on_row) override;
    void later(detail::Statement statement, std::span<const detail::Value> values, detail::OnRow on_row) override;
    void flush() override;
    void query(const std::string& sql, std::span<const detail::Value> values, const detail::OnRow& on_row) override;
    std::string_view text(detail::Statement statement) const override;

    /// BEGIN, COMMIT and the like, in order with the rest.
    void later_command(const char* sql);
    /// Several statements without parameters at once, outside the pipeline. For migrations.
    void script(const std::string& sql);
    /// Takes back what is under way, so that the connection can be used again. False when it is broken.
    bool reset() noexcept;
    bool is_broken() const;

    /// Makes the types of rows that are not there yet.
    void make_row_types();
    /// Asks for the parameter types of all statements; compiles each, so a mistake shows at the start.
    ParameterTypes describe_all();

    /// Waits for a notification until the deadline or until `wake_fd` is readable; true when one of another process came.
    bool wait_notified(int wake_fd, std::chrono::milliseconds timeout);

private:
    struct Close {
        void operator()(pg_conn* connection) const;
    };
    /// A query whose answer is still to be read.
    struct Sent {
        detail::OnRow on_row;
        std::optional<detail::Statement> prepares;  ///< it is the preparation of that statement
        std::int64_t rows = 0;
    };

    /// Rows of one statement that are still to be sent.
    struct Rows {
        std::size_t statement = 0;
        std::string bytes;  ///< as the binary form of the array
        std::uint32_t count = 0;
        detail::OnRow on_row;
    };

    bool takes_rows(detail::Statement statement) const { return types_[static_cast<std::size_t>(statement)].row != 0; }
    void add_row(detail::Statement statement, std::span<const detail::Value> values, detail::OnRow on_row);
    void send_rows();
    void prepare(std::size_t index);
    void describe_rows(StatementTypes& types);
    void send(detail::Statement statement, std::span<const detail::Value> values, detail::OnRow on_row);
    std::int64_t read_answers();
    void read_answer(Sent& sent, std::optional<detail::SqlFailure>& failure);
    [[noreturn]] void fail_connection() const;
    void consume_notifications(bool& others);

    std::unique_ptr<pg_conn, Close> db_;
    const detail::Statements& statements_;
    const ParameterTypes& types_;
    std::bitset<detail::statement_count> prepared_;
    std::deque<Sent> sent_;
    std::optional<Rows> rows_;
};

}  // namespace millrace::storage::postgres
