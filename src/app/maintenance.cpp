#include "app/maintenance.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "blobs/catalog.hpp"
#include "storage/storage.hpp"
#include "work/lock_file.hpp"

namespace millrace::app {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t GiB = std::uint64_t{1} << 30;

std::string why() { return std::generic_category().message(errno); }

/// The directory, or the nearest one above it that exists: what a new directory would be on.
fs::path existing(const fs::path& path) {
    auto at = fs::absolute(path);
    std::error_code error;
    while (!fs::exists(at, error) && at.has_relative_path()) at = at.parent_path();
    return at;
}

Finding check_directory(const fs::path& directory) {
    Finding finding{.check = "data directory"};
    struct stat info {};
    if (::stat(directory.c_str(), &info) != 0) {
        const auto above = existing(directory);
        if (::access(above.c_str(), W_OK | X_OK) == 0) {
            finding.found = directory.string() + " will be made at the first start";
        } else {
            finding = {finding.check, Verdict::fail, fmt::format("{} is not there and cannot be made in {}: {}", directory.string(), above.string(), why()),
                       "choose another one with --data-dir, or let this user write there"};
        }
        return finding;
    }
    if (!S_ISDIR(info.st_mode)) return {finding.check, Verdict::fail, directory.string() + " is not a directory", "choose another one with --data-dir"};
    if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
        return {finding.check, Verdict::fail, fmt::format("{} cannot be written by user {}", directory.string(), ::geteuid()),
                fmt::format("chown -R {} {}", ::geteuid(), directory.string())};
    }
    if ((info.st_mode & 077) != 0) {
        return {finding.check, Verdict::warn, fmt::format("{} is open to other users (mode {:03o})", directory.string(), info.st_mode & 0777U),
                "chmod 700 " + directory.string()};
    }
    finding.found = directory.string() + ", private to user " + std::to_string(::geteuid());
    return finding;
}

Finding check_space(const fs::path& directory) {
    struct statvfs info {};
    const auto place = existing(directory);
    if (::statvfs(place.c_str(), &info) != 0) return {"space", Verdict::warn, "it cannot be found out: " + why(), ""};
    const std::uint64_t free = std::uint64_t{info.f_bavail} * info.f_frsize;
    const auto found = fmt::format("{:.1f} GiB free", static_cast<double>(free) / GiB);
    if (free < GiB / 4) return {"space", Verdict::fail, found, "free some space: uploads will be refused"};
    if (free < 5 * GiB) return {"space", Verdict::warn, found, "an upload needs up to three times its size"};
    if (info.f_files > 0 && info.f_favail < 10'000) {
        return {"space", Verdict::warn, fmt::format("{}, but only {} more files", found, info.f_favail), "free some inodes"};
    }
    return {"space", Verdict::ok, found, ""};
}

Finding check_filesystem(const fs::path& directory) {
    struct statfs info {};
    if (::statfs(existing(directory).c_str(), &info) != 0) return {"file system", Verdict::warn, "it cannot be found out: " + why(), ""};
    switch (static_cast<unsigned long>(info.f_type)) {
        case 0x01021994:  // tmpfs
        case 0x858458f6:  // ramfs
            return {"file system", Verdict::warn, "it is in memory", "all data is gone when the machine stops; choose a disk"};
        case 0x6969:      // nfs
        case 0xff534d42:  // cifs
        case 0xfe534d42:  // smb2
            return {"file system", Verdict::warn, "it is a network file system", "SQLite needs a local disk; or use PostgreSQL (DATABASE_URL)"};
        default:
            return {"file system", Verdict::ok, "a local one", ""};
    }
}

/// Writes and syncs a file of its own: what every accepted upload and every commit waits for.
Finding check_sync(const fs::path& directory) {
    auto name = (existing(directory) / "doctor-XXXXXX").string();
    const int file = ::mkostemp(name.data(), O_CLOEXEC);
    if (file < 0) return {"sync", Verdict::fail, "no file can be made: " + why(), "see the data directory above"};
    ::unlink(name.c_str());
    std::vector<double> times;
    bool worked = true;
    for (int i = 0; i < 5 && worked; ++i) {
        const auto begun = std::chrono::steady_clock::now();
        worked = ::pwrite(file, "millrace", 8, i * 4096) == 8 && ::fdatasync(file) == 0;
        times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count());
    }
    const auto reason = why();
    ::close(file);
    if (!worked) return {"sync", Verdict::fail, "fdatasync failed: " + reason, "this disk cannot keep data safely; choose another one"};
    std::ranges::sort(times);
    const auto found = fmt::format("fdatasync takes {:.2f} ms", times[times.size() / 2]);
    if (times[times.size() / 2] > 50) return {"sync", Verdict::warn, found, "a slow disk: each commit waits that long"};
    return {"sync", Verdict::ok, found, ""};
}

Finding check_lock(const fs::path& directory, const Settings& settings) {
    if (!settings.database.url.empty()) return {"lock", Verdict::ok, "not needed with PostgreSQL", ""};
    const auto holder = work::holder_of(directory);
    if (!holder) return {"lock", Verdict::ok, "nobody uses the data directory", ""};
    return {"lock", Verdict::ok, fmt::format("a server runs on it: process {}{}", holder->pid, holder->url.empty() ? "" : " at " + holder->url), ""};
}

/// Looks without opening it for writing, so that nothing is migrated by a question.
Finding check_database(const fs::path& directory, const Settings& settings) {
    const bool embedded = settings.database.url.empty();
    if (const auto holder = embedded ? work::holder_of(directory) : std::nullopt) {
        return {"database", Verdict::ok, "SQLite, open in process " + std::to_string(holder->pid), ""};
    }
    try {
        const auto state = schema(settings);
        const std::string kind = embedded ? "SQLite" : "PostgreSQL";
        if (state.version == 0) return {"database", Verdict::ok, kind + ", made at the first start", ""};
        const auto found = fmt::format("{}, schema {} of {}", kind, state.version, state.known);
        if (state.pending.empty()) return {"database", Verdict::ok, found, ""};
        return {"database", Verdict::warn, fmt::format("{}, {} migration(s) to come", found, state.pending.size()),
                "the next start applies them, or `millrace migrate` now; back up first"};
    } catch (const Error& error) {
        return {"database", Verdict::fail, error.what(), embedded ? "restore a backup, or use the release that made it" : "start the database, or correct DATABASE_URL"};
    }
}

/// Nothing when objects are on this machine.
std::optional<Finding> check_objects(const fs::path& directory, const Settings& settings) {
    try {
        const auto log = observe::Log{};
        const auto found = blobs::kind(settings.blobs).check({.settings = settings.blobs, .directory = directory, .object_bytes_max = settings.upload.max_bytes, .log = log});
        if (found.empty()) return std::nullopt;
        return Finding{"objects", Verdict::ok, found, ""};
    } catch (const Error& error) {
        return Finding{"objects", Verdict::fail, error.what(), "correct the settings blobs.s3.*, or start the service"};
    }
}

Finding check_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {"descriptors", Verdict::warn, "the limit cannot be found out", ""};
    const auto found = limit.rlim_max == RLIM_INFINITY ? std::string{"no limit"} : fmt::format("at most {}", limit.rlim_max);
    if (limit.rlim_max < 4096) return {"descriptors", Verdict::warn, found, "each connection needs one: raise the limit (LimitNOFILE=65536, ulimit -Hn)"};
    return {"descriptors", Verdict::ok, found, ""};
}

Finding check_clock() {
    const auto now = SystemClock{}.now();
    if (now < *from_rfc3339("2025-01-01T00:00:00Z")) {
        return {"clock", Verdict::fail, "it says " + to_rfc3339(now), "set it: tokens and schedules depend on it"};
    }
    timex state{};
    const int answer = ::adjtimex(&state);
    if (answer == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
        return {"clock", Verdict::warn, to_rfc3339(now) + ", not synchronised", "let NTP keep it (systemd-timesyncd, chrony), else tokens of other machines may be refused"};
    }
    return {"clock", Verdict::ok, to_rfc3339(now) + ", synchronised", ""};
}

struct AddressList {
    addrinfo* first = nullptr;
    ~AddressList() {
        if (first) ::freeaddrinfo(first);
    }
};

/// May this "address:port" be listened on?
Finding check_port(const std::string& address, const std::optional<work::Holder>& holder) {
    Finding finding{.check = "port", .found = address + " is free"};
    const auto colon = address.rfind(':');
    if (colon == address.npos) return {"port", Verdict::fail, address + " has no port", "write it as 127.0.0.1:8000"};
    auto host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    AddressList list;
    if (const int error = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), address.substr(colon + 1).c_str(), &hints, &list.first); error != 0) {
        return {"port", Verdict::fail, address + ": " + ::gai_strerror(error), "correct http.listen"};
    }
    const int probe = ::socket(list.first->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(probe, list.first->ai_addr, list.first->ai_addrlen) != 0) {
        const bool ours = holder && holder->url.ends_with(address);
        finding = ours ? Finding{"port", Verdict::ok, address + " is that of the running server", ""}
                       : Finding{"port", Verdict::fail, address + ": " + why(), "stop what listens there, or choose another with --listen"};
    }
    ::close(probe);
    return finding;
}

Finding check_credentials(const Settings& settings) {
    const auto& accounts = settings.accounts;
    if (accounts.dev) return {"credentials", Verdict::warn, "--dev: nobody needs any", "for trying out on this machine only"};
    if (accounts.jwt_secret && !accounts.jwt_secret->empty()) return {"credentials", Verdict::ok, "JWT_SECRET is set", ""};
    if (!accounts.jwks.empty()) return {"credentials", Verdict::ok, "keys from " + accounts.jwks, ""};
    return {"credentials", Verdict::warn, "no key for tokens is configured", "set JWT_SECRET (openssl rand -hex 32) or accounts.jwks; --dev to try out"};
}

}  // namespace

std::vector<Finding> examine(const Settings& settings) {
    const fs::path directory{settings.data_dir};
    const auto holder = work::holder_of(directory);
    std::vector<Finding> findings{check_directory(directory), check_space(directory),          check_filesystem(directory),
                                  check_sync(directory),      check_lock(directory, settings), check_database(directory, settings),
                                  check_descriptors(),        check_clock(),                   check_credentials(settings)};
    if (auto objects = check_objects(directory, settings)) findings.push_back(std::move(*objects));
    for (const auto& address : settings.http.listen) findings.push_back(check_port(address, holder));
    return findings;
}

storage::Schema schema(const Settings& settings) {
    return settings.database.url.empty() ? storage::inspect_sqlite(settings.data_dir)
                                         : storage::inspect_postgres(settings.database.url.expose());
}

void migrate(const Settings& settings, observe::Log log) {
    events::Hub hub;
    if (!settings.database.url.empty()) {
        storage::open_postgres({.url = settings.database.url.expose()}, hub, log)->close();
        return;
    }
    fs::create_directories(settings.data_dir);
    const work::LockFile lock{settings.data_dir};
    storage::open_sqlite({.directory = settings.data_dir}, hub, log)->close();
}

}  // namespace millrace::app
