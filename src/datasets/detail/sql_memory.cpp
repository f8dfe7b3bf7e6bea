#include "datasets/detail/sql_memory.hpp"

#include <sqlite3.h>

#include <cassert>

namespace millrace::datasets {
namespace {

struct Account {
    bool counting = false;
    std::int64_t used = 0;
    std::int64_t limit = 0;
};
thread_local Account account;

sqlite3_mem_methods plain{};  ///< those that SQLite came with

bool may_take(std::int64_t size) { return !account.counting || account.used + size <= account.limit; }
void count(std::int64_t size) {
    if (account.counting) account.used += size;
}

void* take(int size) {
    if (!may_take(size)) return nullptr;
    void* memory = plain.xMalloc(size);
    if (memory) count(plain.xSize(memory));
    return memory;
}

void give_back(void* memory) {
    if (memory) count(-plain.xSize(memory));
    plain.xFree(memory);
}

void* resize(void* memory, int size) {
    const int before = memory ? plain.xSize(memory) : 0;
    if (!may_take(size - before)) return nullptr;
    void* moved = plain.xRealloc(memory, size);
    if (moved) count(plain.xSize(moved) - before);
    return moved;
}

/// SQLite takes no other allocator once it is in use, so this happens before main. It costs a look at a thread's own flag.
const bool counts = [] {
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) != SQLITE_OK) return false;
    auto counting = plain;
    counting.xMalloc = take;
    counting.xFree = give_back;
    counting.xRealloc = resize;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &counting) == SQLITE_OK;
}();

}  // namespace

MemoryBudget::MemoryBudget(std::size_t limit) {
    assert(counts && !account.counting);
    account = {.counting = true, .used = 0, .limit = static_cast<std::int64_t>(limit)};
}

MemoryBudget::~MemoryBudget() { account.counting = false; }

}  // namespace millrace::datasets
