#pragma once

#include "events/event.hpp"
#include "ledger/ledger.hpp"
#include "webhooks/store.hpp"

namespace millrace::webhooks {

/// Makes deliveries of events: goes through the durable log from a cursor that all servers share. The cursor moves in
/// the same commit as the deliveries of the events it passes, and only from where it was: of several servers that look
/// at the same events one succeeds, and a crash leaves either both or neither. For one thread at a time.
class FanOut {
public:
    FanOut(WebhookStore& store, events::EventStore& events, ledger::Ledger& ledger, const Clock& clock)
        : store_{store}, events_{events}, ledger_{ledger}, clock_{clock} {}

    struct Step {
        std::size_t deliveries = 0;
        bool more = false;  ///< look again at once
    };
    /// Looks at the next events. Throws Error{database_unavailable}; then the step is done again.
    Step step();
    /// Keeps how far it has looked, so that nobody looks there again.
    void save();

    static constexpr int events_max = 500;           ///< of one step
    static constexpr std::size_t deliveries_max = 1000;
    /// The cursor is kept on its own only after so many events for nobody: it need not cost a commit for each.
    static constexpr std::int64_t unsaved_max = 1000;

private:
    void load();
    ledger::Commit commit_for(const std::vector<events::Event>& events, std::int64_t& end, Step& step);
    bool move(ledger::Commit commit, std::int64_t end);

    WebhookStore& store_;
    events::EventStore& events_;
    ledger::Ledger& ledger_;
    const Clock& clock_;
    bool loaded_ = false;
    std::int64_t saved_ = 0;     ///< the shared cursor as last seen
    std::int64_t position_ = 0;  ///< how far this one has looked; from saved_ to here was nothing to send
};

}  // namespace millrace::webhooks
