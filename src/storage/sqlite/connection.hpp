#pragma once

#include <filesystem>
#include <memory>

#include "storage/detail/session.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace millrace::storage::sqlite {

enum class Mode { write, read };

/// One connection with its prepared statements. Used by one thread at a time.
class Connection final : public detail::Session {
public:
    /// Throws SqlFailure{unavailable} when the file cannot be opened or made.
    Connection(const std::filesystem::path& file, Mode mode, const detail::Statements& statements);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    detail::Dialect dialect() const override { return detail::Dialect::sqlite; }
    std::int64_t run(detail::Statement statement, std::span<const detail::Value> values,
                     const detail::OnRow& on_row) override;
    void later(detail::Statement statement, std::span<const detail::Value> values, detail::OnRow on_row) override {
        run(statement, values, on_row);
    }
    void flush() override {}
    void query(const std::string& sql, std::span<const detail::Value> values, const detail::OnRow& on_row) override;
    std::string_view text(detail::Statement statement) const override;

    /// Statements without parameters and results: pragmas, BEGIN, migrations.
    void execute(const std::string& sql);
    /// First column of the first row; nothing when there is no row.
    std::optional<std::string> value(const std::string& sql);
    bool in_transaction() const;
    /// The rowid of the last INSERT.
    std::int64_t last_insert() const;
    /// For plans and metadata in tests.
    sqlite3* raw() { return db_.get(); }

private:
    struct CloseDb {
        void operator()(sqlite3* db) const;
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

    Prepared prepare(const std::string& sql, bool keep);
    std::int64_t step(sqlite3_stmt* statement, std::span<const detail::Value> values, const detail::OnRow& on_row);
    [[noreturn]] void fail(int code, std::string_view what) const;

    std::unique_ptr<sqlite3, CloseDb> db_;
    const detail::Statements& statements_;
    std::array<Prepared, detail::statement_count> prepared_;
};

}  // namespace millrace::storage::sqlite
