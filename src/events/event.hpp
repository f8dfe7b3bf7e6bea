#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/scope.hpp"

namespace millrace::events {

struct Event;

/// What an event tells of its object: JSON, as the API shows it. Most events are never read, so it may be kept in a
/// shorter form of the object's module, which becomes JSON when somebody wants to see it.
class Data {
public:
    using Render = std::string (*)(const Event& event);

    Data() = default;
    Data(std::string json) : bytes_{std::move(json)} {}
    /// `render` makes JSON of an event with these bytes.
    Data(std::string bytes, Render render) : bytes_{std::move(bytes)}, render_{render} {}

    /// As it is kept.
    const std::string& bytes() const { return bytes_; }
    bool is_json() const { return render_ == nullptr; }

private:
    friend struct Event;
    std::string bytes_;
    Render render_ = nullptr;
};

/// Something that happened. Durable events (state and stage changes) have a `seq`: their place in commit order, the
/// id that streams carry. Ephemeral ones (percent ticks) have seq 0 and may be dropped.
struct Event {
    std::int64_t seq = 0;
    Instant at{};
    std::string type;  ///< "job.queued", "job.stage", "job.progress", "dataset.created", ...
    int version = 1;
    Uuid owner;
    Uuid org;
    Uuid subject;  ///< the object it is about
    Data data;

    bool durable() const { return seq != 0; }
    /// "job" of "job.stage": what topics name.
    std::string_view topic() const { return std::string_view{type}.substr(0, type.find('.')); }
    /// The data as JSON.
    std::string json() const { return data.render_ ? data.render_(*this) : data.bytes_; }
};

struct EventStore {
    virtual ~EventStore() = default;
    /// Durable events after `seq` in order, of all owners, at most `limit`.
    virtual std::vector<Event> after(std::int64_t seq, int limit) = 0;
    /// Those about one object, in order.
    /// In order, after a seq. Routine ones may be missing: see the store of what they are about.
    virtual std::vector<Event> of_subject(const Uuid& subject, std::int64_t after, int limit) = 0;
    /// The oldest and newest kept; {0, 0} when there is none.
    virtual std::pair<std::int64_t, std::int64_t> bounds() = 0;
};

}  // namespace millrace::events
