#pragma once

#include <cstdint>

namespace millrace::datasets {

/// While it lives, what SQLite allocates on this thread is counted, and refused beyond the limit: a query then ends with
/// "out of memory" instead of taking what others need. Not nested.
class MemoryBudget {
public:
    explicit MemoryBudget(std::size_t limit);
    ~MemoryBudget();
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;
};

}  // namespace millrace::datasets
