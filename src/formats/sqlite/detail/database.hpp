#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "formats/format.hpp"

namespace millrace::formats::sqlite {

struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

/// A Source as a database that cannot be changed: no journal, no other file, no trust in its schema. One thread.
class Database {
public:
    /// `source` has to outlive it. Throws Error{malformed_file | encrypted_file}.
    Database(Source& source, std::uint64_t value_bytes_max);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Tables with rows of their own, in the order in which they were made; those that belong to a full-text or spatial
    /// index are hidden.
    std::vector<TableInfo> tables();
    /// Throws Error{malformed_file}, or the error of the source.
    Statement prepare(const std::string& sql);
    /// True for a row, false at the end; throws as `prepare` does.
    bool step(sqlite3_stmt* statement);

    /// Has another process written into a log beside the file, which is not here?
    bool has_log() const;
    std::uint64_t bytes_read() const;

private:
    struct File;
    [[noreturn]] void fail();

    std::unique_ptr<File> file_;
    sqlite3* handle_ = nullptr;
};

/// "name" as SQL.
std::string quoted(std::string_view name);

}  // namespace millrace::formats::sqlite
