#pragma once

#include <memory>

#include "events/hub.hpp"
#include "ledger/ledger.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "webhooks/settings.hpp"
#include "webhooks/store.hpp"

namespace millrace::webhooks {

/// What the sender works with; all of it outlives it.
struct Tools {
    WebhookStore& store;
    events::EventStore& events;
    ledger::Ledger& ledger;
    events::Hub& hub;
    const Clock& clock;
    const observe::Log& log;
    observe::Metrics& metrics;
};

/// Turns events into deliveries and sends them, on threads of its own. One per process; any number of processes on one
/// PostgreSQL database share the work: the cursor of events is guarded, deliveries are claimed for a while.
class Sender {
public:
    /// `user_agent`: as servers see us, e.g. "millrace/0.1.0".
    Sender(Settings settings, Tools tools, std::string user_agent);
    ~Sender();

    /// `restart`: this is the only process of a SQLite directory; what its predecessor was sending is due at once.
    void start(bool restart);
    /// Starts nothing new, waits up to `grace` for what is being sent, then breaks it off and hands it back.
    void drain(Duration grace);
    /// Something may be due. Never blocks.
    void wake();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::webhooks
