#include "postgres.hpp"

#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <thread>
#include <vector>

namespace millrace::test {
namespace {

namespace fs = std::filesystem;

fs::path programs() {
    fs::path best;
    int newest = 0;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator{"/usr/lib/postgresql", none}) {
        const int version = std::atoi(entry.path().filename().c_str());
        if (version > newest && fs::exists(entry.path() / "bin/postgres")) {
            newest = version;
            best = entry.path() / "bin";
        }
    }
    if (best.empty()) throw std::runtime_error{"PostgreSQL is not installed"};
    return best;
}

/// The child ends with this process, however that ends.
pid_t spawn(const std::vector<std::string>& command, const fs::path& log) {
    std::vector<char*> argv;
    for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const passwd* user = ::getuid() == 0 ? ::getpwnam("postgres") : nullptr;
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
    ::dup2(out, 1);
    ::dup2(out, 2);
    if (user && (::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)) ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

void run(const std::vector<std::string>& command, const fs::path& log) {
    int status = 0;
    ::waitpid(spawn(command, log), &status, 0);
    if (status != 0) throw std::runtime_error{command[0] + " failed, see " + log.string()};
}

}  // namespace

PgServer::PgServer(bool durable) : durable_{durable} {
    std::string pattern = (fs::temp_directory_path() / "millrace-pg-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error{"mkdtemp failed"};
    root_ = pattern;
    if (::getuid() == 0) {
        const passwd* user = ::getpwnam("postgres");
        if (!user || ::chown(root_.c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error{"chown failed"};
    }
    run({programs() / "initdb", "-D", root_ / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
         "--no-sync", "--no-instructions"},
        root_ / "initdb.log");
    start();
}

PgServer::~PgServer() {
    stop_at_once();
    std::error_code ignored;
    fs::remove_all(root_, ignored);
}

void PgServer::start() {
    const std::string safety = durable_ ? "on" : "off";
    postmaster_ = spawn({programs() / "postgres", "-D", root_ / "data", "-c", "listen_addresses=", "-c",
                         "unix_socket_directories=" + root_.string(), "-c", "fsync=" + safety, "-c",
                         "full_page_writes=" + safety, "-c", "max_connections=200", "-c", "shared_buffers=128MB"},
                        root_ / "postgres.log");
    for (int i = 0; i < 600; ++i) {
        if (PQping(url_of("postgres").c_str()) == PQPING_OK) return;
        if (::waitpid(postmaster_, nullptr, WNOHANG) == postmaster_) break;
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    throw std::runtime_error{"PostgreSQL did not start"};
}

void PgServer::stop_at_once() {
    if (postmaster_ <= 0) return;
    ::kill(postmaster_, SIGQUIT);
    ::waitpid(postmaster_, nullptr, 0);
    postmaster_ = -1;
}

std::string PgServer::url_of(const std::string& database) const {
    std::string host;
    for (const char c : root_.string()) host += c == '/' ? std::string{"%2F"} : std::string(1, c);
    return "postgresql://postgres@" + host + "/" + database;
}

std::string PgServer::create_database(const std::string& name, const std::string& copy_of) {
    psql(url_of("postgres"), "CREATE DATABASE \"" + name + "\" TEMPLATE \"" + copy_of + "\"");
    return url_of(name);
}

std::vector<std::string> psql(const std::string& url, const std::string& sql) {
    PGconn* connection = PQconnectdb(url.c_str());
    PGresult* result = PQexec(connection, sql.c_str());
    const auto status = PQresultStatus(result);
    const std::string why = PQerrorMessage(connection);
    std::vector<std::string> out;
    for (int row = 0; status == PGRES_TUPLES_OK && row < PQntuples(result); ++row) {
        std::string& line = out.emplace_back();
        for (int column = 0; column < PQnfields(result); ++column) {
            if (column > 0) line += '|';
            line += PQgetvalue(result, row, column);
        }
    }
    PQclear(result);
    PQfinish(connection);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) throw std::runtime_error{sql + ": " + why};
    return out;
}

}  // namespace millrace::test
