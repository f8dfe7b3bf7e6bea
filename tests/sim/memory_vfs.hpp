#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace millrace::sim {

/// Files of SQLite in memory, with the one property of a disk that matters: what is written is lost when the power
/// fails, until it has been synced. One thread; one of these at a time, which is the default VFS while it lives.
class MemoryVfs {
public:
    MemoryVfs();
    ~MemoryVfs();
    MemoryVfs(const MemoryVfs&) = delete;
    MemoryVfs& operator=(const MemoryVfs&) = delete;

    /// All files as they are now, to begin another world with.
    using Image = std::map<std::string, std::vector<char>>;
    Image image() const;
    void restore(const Image& image);

    /// The power fails after `operations` more writes and syncs. From then on every call fails.
    void cut_after(std::uint64_t operations);
    bool is_cut() const { return cut_; }
    void cut() { cut_ = true; }
    /// The power is back: what was synced is there; of what was not, each write for which `keep` says so, since a disk
    /// writes in an order of its own. All connections must have been closed.
    void power_on(const std::function<bool()>& keep);

    std::uint64_t writes() const { return writes_; }
    std::uint64_t syncs() const { return syncs_; }

    /// What SQLite calls; in memory_vfs.cpp.
    struct Disk;

private:
    std::unique_ptr<Disk> disk_;
    bool cut_ = false;
    std::uint64_t cut_in_ = 0;  ///< 0: not planned
    std::uint64_t writes_ = 0, syncs_ = 0;
};

}  // namespace millrace::sim
