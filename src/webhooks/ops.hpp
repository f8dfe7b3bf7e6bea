#pragma once

#include "ledger/ledger.hpp"
#include "webhooks/webhook.hpp"

/// Every change of a webhook and its deliveries.
namespace millrace::webhooks {

// Guards

/// The webhook is there in this version. Else `lost`.
struct Unchanged : ledger::Op {
    Uuid webhook;
    int version = 1;
    Unchanged(Uuid w, int v) : webhook{w}, version{v} {}
};

/// The log of events has been looked through exactly this far. Else `lost`: another server was faster.
struct CursorAt : ledger::Op {
    std::int64_t seq = 0;
    explicit CursorAt(std::int64_t s) : seq{s} {}
};

/// The delivery is still claimed by whoever holds the token. Else `lost`.
struct Held : ledger::Op {
    Uuid delivery;
    Uuid token;
    Held(Uuid d, Uuid t) : delivery{d}, token{t} {}
};

// Ops

/// Inserts the webhook, or replaces what may change of it. Enabling it sets `after` to the newest event; disabling it
/// cancels what waits; a new URL holds for what waits, too.
struct Put : ledger::Op {
    Webhook webhook;
    explicit Put(Webhook w) : webhook{std::move(w)} {}
};

/// Removes the webhook. Its deliveries can no longer be seen and are swept away by Forget.
struct Remove : ledger::Op {
    Uuid webhook;
    Instant at;
    Remove(Uuid w, Instant t) : webhook{w}, at{t} {}
};

/// Disables an enabled webhook for `reason` and cancels what waits; event "webhook.disabled". With `silent_since` only
/// when nothing was delivered from then on.
struct Disable : ledger::Op {
    Uuid webhook;
    std::string reason;
    std::optional<Instant> silent_since;
    Instant at;
};

/// Nothing is sent to the webhook before `until`.
struct Hold : ledger::Op {
    Uuid webhook;
    Instant until;
    Hold(Uuid w, Instant u) : webhook{w}, until{u} {}
};

/// The log of events has been looked through up to here. Guard with CursorAt.
struct MoveCursor : ledger::Op {
    std::int64_t seq = 0;
    explicit MoveCursor(std::int64_t s) : seq{s} {}
};

/// Inserts a delivery, due at once or when the hold of its webhook ends. No effect when there is one of the same webhook
/// and event, or when the webhook is gone or disabled.
struct Enqueue : ledger::Op {
    Delivery delivery;
    explicit Enqueue(Delivery d) : delivery{std::move(d)} {}
};

/// An attempt and what follows it; gives up the claim. Guard with Held.
struct Record : ledger::Op {
    Attempt attempt;
    int round = 1;                                 ///< attempts of this round, this one included
    DeliveryState state = DeliveryState::pending;  ///< from now on
    Instant next_at{};                             ///< while pending
};

/// An attempt that the end of this process cut off: due again at once, and not counted. Guard with Held.
struct Release : ledger::Op {
    Uuid delivery;
    Instant at;
    Release(Uuid d, Instant t) : delivery{d}, at{t} {}
};

/// All claims are void: the only process of a SQLite directory has just started.
struct ReleaseAll : ledger::Op {
    Instant at;
    explicit ReleaseAll(Instant t) : at{t} {}
};

/// Once more from the start, due at once; one that waits becomes due. No effect while it is being sent and when the
/// webhook is disabled.
struct Redeliver : ledger::Op {
    Uuid delivery;
    Instant at;
    Redeliver(Uuid d, Instant t) : delivery{d}, at{t} {}
};

/// Removes deliveries that ended before `ended_before` and those whose webhook is gone, some at a time.
struct Forget : ledger::Op {
    Instant ended_before;
    explicit Forget(Instant t) : ended_before{t} {}
};

}  // namespace millrace::webhooks
