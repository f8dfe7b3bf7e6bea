#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace millrace::test {

/// A throw-away PostgreSQL: initdb and postgres in a temporary directory with a Unix socket and no port, gone at the
/// end. Run as root it becomes the user postgres, since the server refuses root. The twin in Python is pg.py.
class PgServer {
public:
    /// Throws std::runtime_error when PostgreSQL is not installed or does not start. `durable` keeps fsync on.
    explicit PgServer(bool durable = false);
    ~PgServer();
    PgServer(const PgServer&) = delete;
    PgServer& operator=(const PgServer&) = delete;

    /// A fresh database, empty or a copy of another; returns its URL.
    std::string create_database(const std::string& name, const std::string& copy_of = "template0");
    std::string url_of(const std::string& database) const;

    void start();
    /// SIGQUIT of the postmaster: as after a crash, all connections break.
    void stop_at_once();

private:
    std::filesystem::path root_;
    bool durable_;
    pid_t postmaster_ = -1;
};

/// Runs SQL on a connection of its own; each row as text, its columns separated by '|'.
/// Throws std::runtime_error with the server's message.
std::vector<std::string> psql(const std::string& url, const std::string& sql);

}  // namespace millrace::test
