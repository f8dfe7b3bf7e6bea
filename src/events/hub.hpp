#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <unordered_map>

#include "events/event.hpp"

namespace millrace::events {

using EventPtr = std::shared_ptr<const Event>;

/// What a subscriber wants to see.
struct Interest {
    Scope scope;
    std::optional<Uuid> subject;    ///< one object only
    std::set<std::string> topics;   ///< empty: all
    std::set<std::string> types;    ///< empty: all
    bool ephemeral = true;          ///< percent ticks too
    bool shows = true;              ///< what is wanted will be shown; else it only wakes somebody
    std::function<bool(const Event&)> where{};  ///< and this holds; called under a lock, must be quick

    bool wants(const Event& event) const;
};

class Hub;

/// A reader's place in the stream of events. Owned by one reader; `take` never blocks on anything but a short lock.
/// The events themselves are shared by all readers; a reader holds a place in the hub's ring, not a queue of its own.
class Subscription {
public:
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

    struct Batch {
        std::vector<EventPtr> events;
        bool behind = false;  ///< the reader fell out of the ring: tell it to start anew
    };
    /// What has come since the last call, at most about `bytes_max` of data. Of several ticks of one job the last
    /// stands for all.
    Batch take(std::size_t bytes_max);
    /// The same for a slow reader: when more than `waiting_bytes_max` of durable data wait for it, they are skipped and
    /// the batch says `behind`.
    Batch take_or_skip(std::size_t bytes_max, std::size_t waiting_bytes_max);
    /// Called (from the publisher's thread, must not block) whenever there may be something to take.
    void on_ready(std::function<void()> wake);
    const Interest& interest() const { return interest_; }
    /// The newest durable event published before this subscription began: it delivers exactly what came after it.
    std::int64_t since() const { return since_; }

private:
    friend class Hub;
    Subscription(Hub& hub, Interest interest, std::uint64_t position, std::int64_t since);

    Batch take_locked(std::size_t bytes_max);
    Batch skip_locked();

    Hub& hub_;
    const Interest interest_;
    std::uint64_t position_;  ///< next entry of the ring to look at
    const std::int64_t since_;
    std::function<void()> wake_;
    bool signalled_ = false;
};

/// One durable log, many readers: what the ledger has committed is published here and read by SSE, WebSocket, long
/// poll and webhooks. Knows no socket. Thread-safe.
class Hub {
public:
    /// `capacity` events stay readable for those who lag or resume; older ones come from the EventStore.
    explicit Hub(std::size_t capacity = 8192);

    /// Publishes in the order given; durable events must come in increasing seq (already known ones are ignored).
    void publish(std::vector<Event> events);

    /// Wakes those who want such an event, though there is none: what they look for stands in a store.
    void nudge(const Event& event);

    /// A subscription from now on.
    std::unique_ptr<Subscription> subscribe(Interest interest);

    struct Resumed {
        std::unique_ptr<Subscription> subscription;
        std::vector<EventPtr> missed;  ///< durable, of this interest, after the id and before the subscription's start
        bool reset = false;            ///< the id is unknown or too old: start anew with a snapshot
    };
    /// Goes on after durable event `seq`: from the ring when it reaches back that far, else from the store.
    Resumed resume(Interest interest, std::int64_t seq, EventStore& store);

    /// The seq of the newest durable event published; a snapshot taken after this call holds at least all of it.
    std::int64_t last() const;
    /// Says which events came before this process started.
    void start_after(std::int64_t seq);

    std::size_t subscribers(const Uuid& user) const;
    std::size_t subscribers() const;
    /// Does anybody look at percent ticks?
    bool has_viewers() const;

private:
    friend class Subscription;
    void remove(Subscription& subscription);
    void signal(const std::vector<EventPtr>& events, std::vector<std::function<void()>>& wakes);
    bool will_be_shown(const Event& event) const;
    void render_wanted(std::vector<Event>& events);

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::deque<EventPtr> ring_;
    std::uint64_t ring_start_ = 0;       ///< position of ring_.front()
    std::int64_t last_ = 0;              ///< newest durable seq
    std::int64_t oldest_missing_ = 0;    ///< durable events up to here are not in the ring
    std::set<Subscription*> wide_;       ///< look beyond one user
    std::unordered_map<Uuid, std::set<Subscription*>> by_user_;
};

}  // namespace millrace::events
