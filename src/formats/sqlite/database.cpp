#include "formats/sqlite/detail/database.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>

#include "formats/detail/render.hpp"

namespace millrace::formats::sqlite {
namespace {

constexpr std::int64_t heap_bytes_max = 256 << 20;
constexpr std::size_t tables_max = 10'000;
constexpr int version_at = 18;  ///< two bytes of the file: 1 for a rollback journal, 2 for a log

}  // namespace

/// The one file of the database, as SQLite wants to read it. No exception passes through SQLite.
struct Database::File {
    /// What SQLite allocates for an open file; `methods` has to be first.
    struct Open {
        const sqlite3_io_methods* methods;
        File* file;
    };

    Source& source;
    std::exception_ptr failure;
    std::uint64_t bytes_read = 0;
    bool log = false;
    sqlite3_vfs vfs{};
    std::string name;

    explicit File(Source& s) : source{s}, name{"source-" + std::to_string(reinterpret_cast<std::uintptr_t>(this))} {
        vfs.iVersion = 1;
        vfs.szOsFile = sizeof(Open);
        vfs.mxPathname = 64;
        vfs.zName = name.c_str();
        vfs.pAppData = this;
        vfs.xOpen = open;
        vfs.xDelete = [](sqlite3_vfs*, const char*, int) { return SQLITE_IOERR_DELETE; };
        vfs.xAccess = [](sqlite3_vfs*, const char*, int, int* found) { return *found = 0, SQLITE_OK; };
        vfs.xFullPathname = [](sqlite3_vfs*, const char* path, int size, char* out) { return sqlite3_snprintf(size, out, "%s", path), SQLITE_OK; };
        vfs.xRandomness = [](sqlite3_vfs*, int size, char* out) { return std::memset(out, 0, static_cast<std::size_t>(size)), size; };
        vfs.xSleep = [](sqlite3_vfs*, int) { return 0; };
        vfs.xCurrentTime = [](sqlite3_vfs*, double* out) { return *out = 0, SQLITE_OK; };
        vfs.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
        if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK) throw std::bad_alloc{};
    }
    ~File() { sqlite3_vfs_unregister(&vfs); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    static int open(sqlite3_vfs* vfs, const char*, sqlite3_file* opened, int flags, int* out_flags) {
        auto& open = *reinterpret_cast<Open*>(opened);
        open.methods = nullptr;
        if ((flags & SQLITE_OPEN_MAIN_DB) == 0) return SQLITE_CANTOPEN;
        static const sqlite3_io_methods methods = make_methods();
        open = {&methods, static_cast<File*>(vfs->pAppData)};
        if (out_flags != nullptr) *out_flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB;
        return SQLITE_OK;
    }

    static File& of(sqlite3_file* opened) { return *reinterpret_cast<Open*>(opened)->file; }

    static int read(sqlite3_file* opened, void* to, int size, sqlite3_int64 offset) {
        auto& self = of(opened);
        const std::span into{static_cast<char*>(to), static_cast<std::size_t>(size)};
        try {
            const auto got = self.source.read(static_cast<std::uint64_t>(offset), into);
            self.bytes_read += got;
            std::ranges::fill(into.subspan(got), '\0');
            // The log of a database that is in use elsewhere is not here; without it the file says what it said last.
            for (auto at = std::max<sqlite3_int64>(offset, version_at); at < std::min<sqlite3_int64>(offset + size, version_at + 2); ++at) {
                auto& version = into[static_cast<std::size_t>(at - offset)];
                if (version == 2) self.log = true, version = 1;
            }
            return got < into.size() ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
        } catch (...) {
            self.failure = std::current_exception();
            return SQLITE_IOERR_READ;
        }
    }

    static sqlite3_io_methods make_methods() {
        sqlite3_io_methods methods{};
        methods.iVersion = 1;
        methods.xClose = [](sqlite3_file*) { return SQLITE_OK; };
        methods.xRead = read;
        methods.xWrite = [](sqlite3_file*, const void*, int, sqlite3_int64) { return SQLITE_READONLY; };
        methods.xTruncate = [](sqlite3_file*, sqlite3_int64) { return SQLITE_READONLY; };
        methods.xSync = [](sqlite3_file*, int) { return SQLITE_OK; };
        methods.xFileSize = [](sqlite3_file* file, sqlite3_int64* out) { return *out = static_cast<sqlite3_int64>(of(file).source.size()), SQLITE_OK; };
        methods.xLock = [](sqlite3_file*, int) { return SQLITE_OK; };
        methods.xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; };
        methods.xCheckReservedLock = [](sqlite3_file*, int* out) { return *out = 0, SQLITE_OK; };
        methods.xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; };
        methods.xSectorSize = [](sqlite3_file*) { return 4096; };
        methods.xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_IMMUTABLE; };
        return methods;
    }
};

namespace {

/// Only what a SELECT from a table needs: no function, no pragma, no view of anything else.
int authorize(void*, int action, const char*, const char*, const char*, const char*) {
    return action == SQLITE_SELECT || action == SQLITE_READ ? SQLITE_OK : SQLITE_DENY;
}

void distrust(sqlite3* handle, std::uint64_t value_bytes_max) {
    for (const auto& [setting, on] : {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1}, {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                      {SQLITE_DBCONFIG_ENABLE_VIEW, 0}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0}}) {
        sqlite3_db_config(handle, setting, on, nullptr);
    }
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, static_cast<int>(std::min<std::uint64_t>(value_bytes_max, 1 << 30)));
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(handle, SQLITE_LIMIT_EXPR_DEPTH, 100);
    sqlite3_limit(handle, SQLITE_LIMIT_VDBE_OP, 100'000);
    sqlite3_exec(handle, "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0", nullptr, nullptr, nullptr);
    sqlite3_set_authorizer(handle, authorize, nullptr);
}

std::string text_of(sqlite3_stmt* row, int column) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
    return text == nullptr ? "" : std::string{text, static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}

}  // namespace

std::string quoted(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) out.append(c == '"' ? 2 : 1, c);
    return out += '"';
}

Database::Database(Source& source, std::uint64_t value_bytes_max) : file_{std::make_unique<File>(source)} {
    sqlite3_hard_heap_limit64(heap_bytes_max);
    const int result = sqlite3_open_v2("source", &handle_, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, file_->name.c_str());
    if (handle_ == nullptr) throw std::bad_alloc{};
    try {
        if (result != SQLITE_OK) fail();
        distrust(handle_, value_bytes_max);
    } catch (...) {
        sqlite3_close_v2(handle_);
        throw;
    }
}

Database::~Database() { sqlite3_close_v2(handle_); }

void Database::fail() {
    if (file_->failure) std::rethrow_exception(std::exchange(file_->failure, nullptr));
    const int code = sqlite3_errcode(handle_) & 0xff;
    if (code == SQLITE_NOMEM) throw std::bad_alloc{};
    if (code == SQLITE_TOOBIG) throw Error{Code::parser_limits, {{"format", "sqlite"}, {"why", "a value is too large"}}};
    throw Error{Code::malformed_file, {{"format", "sqlite"}, {"why", with_valid_utf8(sqlite3_errmsg(handle_))}}};
}

Statement Database::prepare(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(handle_, sql.c_str(), static_cast<int>(sql.size()), 0, &statement, nullptr) != SQLITE_OK) fail();
    return Statement{statement};
}

bool Database::step(sqlite3_stmt* statement) {
    const int result = sqlite3_step(statement);
    if (result != SQLITE_ROW && result != SQLITE_DONE) fail();
    return result == SQLITE_ROW;
}

std::vector<TableInfo> Database::tables() {
    std::vector<TableInfo> tables;
    std::vector<std::string> indexes;  // virtual tables, which keep what is theirs in tables named after them
    const auto rows = prepare("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'");
    while (step(rows.get())) {
        auto name = text_of(rows.get(), 0);
        if (name.starts_with("sqlite_")) continue;
        if (sqlite3_column_int64(rows.get(), 1) == 0) indexes.push_back(name + "_");
        else tables.push_back({with_valid_utf8(name), false});
        if (tables.size() > tables_max) throw Error{Code::parser_limits, {{"format", "sqlite"}, {"why", "too many tables"}}};
    }
    for (auto& table : tables) {
        table.hidden = std::ranges::any_of(indexes, [&](const std::string& index) { return table.name.starts_with(index); });
    }
    return tables;
}

bool Database::has_log() const { return file_->log; }
std::uint64_t Database::bytes_read() const { return file_->bytes_read; }

}  // namespace millrace::formats::sqlite
