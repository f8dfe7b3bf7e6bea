#include "memory_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

namespace millrace::sim {
namespace {

constexpr int shm_locks = SQLITE_SHM_NLOCK;

/// A change that no sync has covered.
struct Change {
    std::uint64_t at = 0;
    std::vector<char> bytes;
    bool truncate = false;
};

struct Content {
    std::vector<char> now;      ///< what reads see
    std::vector<char> durable;  ///< what a loss of power leaves
    std::vector<Change> unsynced;

    // Locks of the file and of its shared memory, over all connections.
    int shared = 0;
    const void* reserved = nullptr;
    const void* exclusive = nullptr;
    std::vector<std::unique_ptr<char[]>> regions;
    std::array<int, shm_locks> shm_shared{};
    std::array<const void*, shm_locks> shm_exclusive{};
    int shm_users = 0;
};

void redo(std::vector<char>& to, const Change& change) {
    if (change.truncate) {
        to.resize(change.at);
        return;
    }
    if (to.size() < change.at + change.bytes.size()) to.resize(change.at + change.bytes.size());
    std::memcpy(to.data() + change.at, change.bytes.data(), change.bytes.size());
}

struct File {
    sqlite3_file base;
    MemoryVfs::Disk* disk;
    std::shared_ptr<Content>* content;
    int level;
    bool shm_open;
    std::array<bool, shm_locks>* shm_shared;
    bool delete_on_close;
    std::string* name;
};

}  // namespace

struct MemoryVfs::Disk {
    MemoryVfs& owner;
    sqlite3_vfs vfs{};
    sqlite3_vfs* before = nullptr;
    std::map<std::string, std::shared_ptr<Content>> files;
    std::uint64_t random = 0x9E3779B97F4A7C15ull;

    explicit Disk(MemoryVfs& o) : owner{o} {}

    bool off() const { return owner.cut_; }
    /// Counts a write or sync; false when the power fails at it.
    bool step() {
        if (owner.cut_) return false;
        if (owner.cut_in_ > 0 && --owner.cut_in_ == 0) owner.cut_ = true;
        return !owner.cut_;
    }
    void wrote() { ++owner.writes_; }
    void synced() { ++owner.syncs_; }
};

namespace {

File& file_of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
Content& content_of(sqlite3_file* file) { return **file_of(file).content; }
MemoryVfs::Disk& disk_of(sqlite3_vfs* vfs) { return *static_cast<MemoryVfs::Disk*>(vfs->pAppData); }

int io_unlock(sqlite3_file* f, int level) {
    File& file = file_of(f);
    Content& c = content_of(f);
    if (file.level > SQLITE_LOCK_SHARED && level <= SQLITE_LOCK_SHARED) {
        if (c.reserved == f) c.reserved = nullptr;
        if (c.exclusive == f) c.exclusive = nullptr;
    }
    if (file.level >= SQLITE_LOCK_SHARED && level == SQLITE_LOCK_NONE) --c.shared;
    file.level = std::min(file.level, level);
    return SQLITE_OK;
}

int io_lock(sqlite3_file* f, int level) {
    File& file = file_of(f);
    Content& c = content_of(f);
    if (file.level >= level) return SQLITE_OK;
    if (file.level == SQLITE_LOCK_NONE) {
        if (c.exclusive && c.exclusive != f) return SQLITE_BUSY;
        ++c.shared;
        file.level = SQLITE_LOCK_SHARED;
    }
    if (level >= SQLITE_LOCK_RESERVED) {
        if (c.reserved && c.reserved != f) return SQLITE_BUSY;
        c.reserved = f;
        file.level = SQLITE_LOCK_RESERVED;
    }
    if (level == SQLITE_LOCK_EXCLUSIVE) {
        if (c.shared > 1) return SQLITE_BUSY;
        c.exclusive = f;
        file.level = SQLITE_LOCK_EXCLUSIVE;
    }
    return SQLITE_OK;
}

int io_reserved(sqlite3_file* f, int* out) {
    *out = content_of(f).reserved != nullptr;
    return SQLITE_OK;
}

int io_shm_unmap(sqlite3_file* f, int) {
    File& file = file_of(f);
    if (!file.shm_open) return SQLITE_OK;
    Content& c = content_of(f);
    for (int i = 0; i < shm_locks; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if ((*file.shm_shared)[at]) --c.shm_shared[at];
        if (c.shm_exclusive[at] == f) c.shm_exclusive[at] = nullptr;
        (*file.shm_shared)[at] = false;
    }
    file.shm_open = false;
    if (--c.shm_users == 0) c.regions.clear();
    return SQLITE_OK;
}

int io_close(sqlite3_file* f) {
    File& file = file_of(f);
    io_shm_unmap(f, 0);
    io_unlock(f, SQLITE_LOCK_NONE);
    if (file.delete_on_close && !file.disk->off()) file.disk->files.erase(*file.name);
    delete file.content;
    delete file.shm_shared;
    delete file.name;
    return SQLITE_OK;
}

int io_read(sqlite3_file* f, void* to, int count, sqlite3_int64 offset) {
    if (file_of(f).disk->off()) return SQLITE_IOERR_READ;
    const auto& bytes = content_of(f).now;
    const auto begin = static_cast<std::size_t>(offset);
    const std::size_t have = begin >= bytes.size() ? 0 : std::min(bytes.size() - begin, static_cast<std::size_t>(count));
    std::memcpy(to, bytes.data() + begin, have);
    if (have == static_cast<std::size_t>(count)) return SQLITE_OK;
    std::memset(static_cast<char*>(to) + have, 0, static_cast<std::size_t>(count) - have);
    return SQLITE_IOERR_SHORT_READ;
}

int io_write(sqlite3_file* f, const void* from, int count, sqlite3_int64 offset) {
    File& file = file_of(f);
    if (!file.disk->step()) return SQLITE_IOERR_WRITE;
    file.disk->wrote();
    const auto* bytes = static_cast<const char*>(from);
    Content& c = content_of(f);
    c.unsynced.push_back({static_cast<std::uint64_t>(offset), {bytes, bytes + count}});
    redo(c.now, c.unsynced.back());
    return SQLITE_OK;
}

int io_truncate(sqlite3_file* f, sqlite3_int64 size) {
    File& file = file_of(f);
    if (!file.disk->step()) return SQLITE_IOERR_TRUNCATE;
    Content& c = content_of(f);
    c.unsynced.push_back({static_cast<std::uint64_t>(size), {}, true});
    redo(c.now, c.unsynced.back());
    return SQLITE_OK;
}

int io_sync(sqlite3_file* f, int) {
    File& file = file_of(f);
    if (!file.disk->step()) return SQLITE_IOERR_FSYNC;
    file.disk->synced();
    Content& c = content_of(f);
    for (const auto& change : c.unsynced) redo(c.durable, change);
    c.unsynced.clear();
    return SQLITE_OK;
}

int io_size(sqlite3_file* f, sqlite3_int64* out) {
    if (file_of(f).disk->off()) return SQLITE_IOERR_FSTAT;
    *out = static_cast<sqlite3_int64>(content_of(f).now.size());
    return SQLITE_OK;
}

int io_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int io_sector(sqlite3_file*) { return 4096; }
/// Neither atomic nor ordered: the plain disk.
int io_traits(sqlite3_file*) { return 0; }

int io_shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
    File& file = file_of(f);
    Content& c = content_of(f);
    if (!file.shm_open) {
        file.shm_open = true;
        ++c.shm_users;
    }
    const auto wanted = static_cast<std::size_t>(page);
    if (wanted >= c.regions.size() && !extend) {
        *out = nullptr;
        return SQLITE_OK;
    }
    while (c.regions.size() <= wanted) c.regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
    *out = c.regions[wanted].get();
    return SQLITE_OK;
}

int io_shm_lock(sqlite3_file* f, int first, int count, int flags) {
    File& file = file_of(f);
    Content& c = content_of(f);
    const auto begin = static_cast<std::size_t>(first), end = begin + static_cast<std::size_t>(count);
    const bool shared = (flags & SQLITE_SHM_SHARED) != 0;
    if (flags & SQLITE_SHM_UNLOCK) {
        for (auto i = begin; i < end; ++i) {
            if (shared && (*file.shm_shared)[i]) {
                (*file.shm_shared)[i] = false;
                --c.shm_shared[i];
            } else if (!shared && c.shm_exclusive[i] == f) {
                c.shm_exclusive[i] = nullptr;
            }
        }
        return SQLITE_OK;
    }
    for (auto i = begin; i < end; ++i) {
        if (c.shm_exclusive[i] && c.shm_exclusive[i] != f) return SQLITE_BUSY;
        const int others = c.shm_shared[i] - ((*file.shm_shared)[i] ? 1 : 0);
        if (!shared && others > 0) return SQLITE_BUSY;
    }
    for (auto i = begin; i < end; ++i) {
        if (!shared) {
            c.shm_exclusive[i] = f;
        } else if (!(*file.shm_shared)[i]) {
            (*file.shm_shared)[i] = true;
            ++c.shm_shared[i];
        }
    }
    return SQLITE_OK;
}

void io_shm_barrier(sqlite3_file*) {}

const sqlite3_io_methods methods{
    .iVersion = 2,
    .xClose = io_close,
    .xRead = io_read,
    .xWrite = io_write,
    .xTruncate = io_truncate,
    .xSync = io_sync,
    .xFileSize = io_size,
    .xLock = io_lock,
    .xUnlock = io_unlock,
    .xCheckReservedLock = io_reserved,
    .xFileControl = io_control,
    .xSectorSize = io_sector,
    .xDeviceCharacteristics = io_traits,
    .xShmMap = io_shm_map,
    .xShmLock = io_shm_lock,
    .xShmBarrier = io_shm_barrier,
    .xShmUnmap = io_shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int vfs_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags, int* out_flags) {
    auto& disk = disk_of(vfs);
    f->pMethods = nullptr;
    if (disk.off()) return SQLITE_CANTOPEN;
    const std::string path = name ? name : "temporary";
    auto found = name ? disk.files.find(path) : disk.files.end();
    if (found == disk.files.end() && !(flags & SQLITE_OPEN_CREATE) && name) return SQLITE_CANTOPEN;
    std::shared_ptr<Content> content = found == disk.files.end() ? std::make_shared<Content>() : found->second;
    if (name) disk.files[path] = content;
    auto& file = file_of(f);
    file.base.pMethods = &methods;
    file.disk = &disk;
    file.content = new std::shared_ptr<Content>{std::move(content)};
    file.level = SQLITE_LOCK_NONE;
    file.shm_open = false;
    file.shm_shared = new std::array<bool, shm_locks>{};
    file.delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    file.name = new std::string{path};
    if (out_flags) *out_flags = flags;
    return SQLITE_OK;
}

/// Names are durable at once: what SQLite does about directories is not under test.
int vfs_delete(sqlite3_vfs* vfs, const char* name, int) {
    auto& disk = disk_of(vfs);
    if (!disk.step()) return SQLITE_IOERR_DELETE;
    return disk.files.erase(name) > 0 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

int vfs_access(sqlite3_vfs* vfs, const char* name, int, int* out) {
    *out = disk_of(vfs).files.contains(name);
    return SQLITE_OK;
}

int vfs_full_path(sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
}

int vfs_random(sqlite3_vfs* vfs, int count, char* out) {
    auto& state = disk_of(vfs).random;
    for (int i = 0; i < count; ++i) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        out[i] = static_cast<char>(state >> 56);
    }
    return count;
}

int vfs_sleep(sqlite3_vfs*, int micros) { return micros; }
int vfs_time(sqlite3_vfs*, sqlite3_int64* out) {
    *out = 212'100'000'000'000;  // some day; nothing may depend on it
    return SQLITE_OK;
}
int vfs_last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

MemoryVfs::MemoryVfs() : disk_{std::make_unique<Disk>(*this)} {
    sqlite3_initialize();
    disk_->before = sqlite3_vfs_find(nullptr);
    sqlite3_vfs& vfs = disk_->vfs;
    vfs.iVersion = 2;
    vfs.szOsFile = sizeof(File);
    vfs.mxPathname = 512;
    vfs.zName = "memory";
    vfs.pAppData = disk_.get();
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    vfs.xAccess = vfs_access;
    vfs.xFullPathname = vfs_full_path;
    vfs.xRandomness = vfs_random;
    vfs.xSleep = vfs_sleep;
    vfs.xGetLastError = vfs_last_error;
    vfs.xCurrentTimeInt64 = vfs_time;
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) throw std::runtime_error{"the VFS cannot be registered"};
}

MemoryVfs::~MemoryVfs() {
    sqlite3_vfs_unregister(&disk_->vfs);
    sqlite3_vfs_register(disk_->before, 1);
}

MemoryVfs::Image MemoryVfs::image() const {
    Image out;
    for (const auto& [name, content] : disk_->files) out.emplace(name, content->now);
    return out;
}

void MemoryVfs::restore(const Image& image) {
    disk_->files.clear();
    for (const auto& [name, bytes] : image) {
        auto content = std::make_shared<Content>();
        content->now = content->durable = bytes;
        disk_->files.emplace(name, std::move(content));
    }
    cut_ = false;
    cut_in_ = 0;
}

void MemoryVfs::cut_after(std::uint64_t operations) { cut_in_ = operations; }

void MemoryVfs::power_on(const std::function<bool()>& keep) {
    for (auto& [name, content] : disk_->files) {
        for (const auto& change : content->unsynced) {
            if (keep()) redo(content->durable, change);
        }
        auto bytes = std::move(content->durable);
        content = std::make_shared<Content>();
        content->now = content->durable = std::move(bytes);
    }
    cut_ = false;
    cut_in_ = 0;
}

}  // namespace millrace::sim
