#include "storage/detail/turns.hpp"

#include <algorithm>

namespace millrace::storage::detail {
namespace {

constexpr auto look_every = std::chrono::seconds{1};
constexpr std::size_t owners_max = 100'000;

}  // namespace

std::int64_t Turns::next(Session& db, const std::string& queue, int priority, const Uuid& owner) {
    const std::lock_guard lock{mutex_};
    Line& line = lines_[{queue, priority}];
    const auto now = steady_->now();
    if (!line.looked_at || now - *line.looked_at > look_every) {
        look(db, line, queue, priority);
        line.looked_at = now;
    }
    auto known = line.last.find(owner);
    if (known == line.last.end()) {
        std::int64_t last = 0;
        db.run(Statement::turns_last, args(owner, queue, priority),
               [&](const Row& row) { last = Reader{row}.maybe_integer().value_or(0); });
        known = line.last.emplace(owner, last).first;
    }
    return known->second = std::max(known->second, line.serving) + 1;
}

void Turns::served(const std::string& queue, int priority, std::int64_t turn) {
    const std::lock_guard lock{mutex_};
    Line& line = lines_[{queue, priority}];
    line.serving = std::max(line.serving, turn);
}

/// What other processes have served meanwhile.
void Turns::look(Session& db, Line& line, const std::string& queue, int priority) {
    std::optional<std::int64_t> head;
    db.run(Statement::turns_head, args(queue, priority, line.serving), [&](const Row& row) { head = row.integer(0); });
    if (head) {
        line.serving = std::max(line.serving, *head - 1);
    } else {
        // Nobody waits, so nobody is owed anything.
        for (const auto& [owner, last] : line.last) line.serving = std::max(line.serving, last);
    }
    // An owner whose last job has been served needs no entry.
    if (line.last.size() > owners_max) {
        std::erase_if(line.last, [&](const auto& entry) { return entry.second <= line.serving; });
    }
}

}  // namespace millrace::storage::detail
