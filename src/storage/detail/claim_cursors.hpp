#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.hpp"

namespace millrace::storage::detail {

/// A job's place in its queue: claims go in this order.
struct Place {
    std::int64_t back = 0;  ///< minus its priority
    std::int64_t turn = 0;
    Uuid id;
    auto operator<=>(const Place&) const = default;
};

/// Where the claims of this process go on. On PostgreSQL the entries of jobs that were claimed stay in the index until a
/// vacuum, which an open snapshot elsewhere puts off: a claim from the start would step over all of them. What comes to
/// the queue before the place puts it back. Thread-safe.
class ClaimCursors {
public:
    struct Start {
        std::optional<Place> after;  ///< nothing: from the start
        std::uint64_t version = 0;   ///< changes when somebody has put it back
    };
    struct Line {
        std::string queue;
        std::string kinds;  ///< JSON of those that are claimed together
        auto operator<=>(const Line&) const = default;
    };

    Start start(const Line& line) {
        const std::lock_guard lock{mutex_};
        const auto& cursor = cursors_[line];
        return {cursor.after, cursor.version};
    }
    /// A claim is committed, the last job of which stood here.
    void passed(const Line& line, const Place& last, std::uint64_t version) {
        const std::lock_guard lock{mutex_};
        auto& cursor = cursors_[line];
        if (cursor.version == version) cursor.after = last;
    }
    /// A job stands here now, committed.
    void came(const std::string& queue, const Place& place) {
        const std::lock_guard lock{mutex_};
        for (auto it = cursors_.lower_bound({queue, ""}); it != cursors_.end() && it->first.queue == queue; ++it) {
            auto& [after, version] = it->second;
            ++version;
            if (!after || *after < place) continue;
            // Everything that has this turn is looked at again.
            after = Place{place.back, place.turn - 1, highest};
        }
    }
    std::vector<Line> lines() const {
        const std::lock_guard lock{mutex_};
        std::vector<Line> out;
        for (const auto& [line, cursor] : cursors_) out.push_back(line);
        return out;
    }

private:
    struct Cursor {
        std::optional<Place> after;
        std::uint64_t version = 0;
    };
    static constexpr Uuid highest{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

    mutable std::mutex mutex_;
    std::map<Line, Cursor> cursors_;
};

}  // namespace millrace::storage::detail
