#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/deadline.hpp"
#include "storage/detail/session.hpp"

namespace millrace::storage::detail {

/// Gives jobs their place in a queue (start-time fair queueing): the jobs of one owner count up from the turn that is
/// being served, so a claim in the order of turns serves the owners in rotation, whatever each has waiting, and needs
/// no more than a walk along an index. Several processes on one database keep their own counts: then an owner may get
/// a turn more than its share, and nothing worse. Thread-safe.
class Turns {
public:
    /// Time is the system's, unless a test has its own.
    void use(const SteadyClock& steady) { steady_ = &steady; }
    /// The turn of the owner's next job.
    std::int64_t next(Session& db, const std::string& queue, int priority, const Uuid& owner);
    /// A job with this turn has been started: the others catch up with it.
    void served(const std::string& queue, int priority, std::int64_t turn);

private:
    struct Line {
        std::int64_t serving = 0;
        std::optional<Deadline> looked_at;
        std::map<Uuid, std::int64_t> last;  ///< by owner
    };
    void look(Session& db, Line& line, const std::string& queue, int priority);

    static inline const SystemSteadyClock system_;
    const SteadyClock* steady_ = &system_;
    std::mutex mutex_;
    std::map<std::pair<std::string, int>, Line> lines_;
};

}  // namespace millrace::storage::detail
