#include "webhooks/fan_out.hpp"

#include <algorithm>
#include <set>

#include "webhooks/ops.hpp"
#include "webhooks/payload.hpp"

namespace millrace::webhooks {

void FanOut::load() {
    if (loaded_) return;
    saved_ = store_.cursor();
    position_ = std::max(position_, saved_);
    loaded_ = true;
}

FanOut::Step FanOut::step() {
    load();
    // The events first and then the webhooks: one that is enabled in between gets what comes after it in any case.
    const auto newest = events_.bounds().second;
    if (newest <= position_) return {};
    if (!store_.any_enabled()) {
        position_ = newest;
        if (position_ - saved_ >= unsaved_max) save();
        return {};
    }
    const auto events = events_.after(position_, events_max);
    if (events.empty()) return {};
    Step step{.more = events.size() == static_cast<std::size_t>(events_max)};
    std::int64_t end = events.back().seq;
    auto commit = commit_for(events, end, step);
    if (step.deliveries == 0) {
        position_ = end;
        if (position_ - saved_ >= unsaved_max) save();
        return step;
    }
    if (!move(std::move(commit), end)) return {.deliveries = 0, .more = true};
    return step;
}

ledger::Commit FanOut::commit_for(const std::vector<events::Event>& events, std::int64_t& end, Step& step) {
    std::set<Uuid> owners;
    for (const auto& event : events) owners.insert(event.owner);
    const auto webhooks = store_.enabled({owners.begin(), owners.end()});
    const auto now = clock_.now();
    ledger::Commit commit;
    for (const auto& event : events) {
        if (step.deliveries >= deliveries_max) {
            step.more = true;
            break;
        }
        end = event.seq;
        for (const auto& webhook : webhooks) {
            if (webhook.owner != event.owner || event.seq <= webhook.after || !wants(webhook, event.type)) continue;
            commit.add(Enqueue{delivery_of(webhook, event, now)});
            ++step.deliveries;
        }
    }
    return commit;
}

bool FanOut::move(ledger::Commit commit, std::int64_t end) {
    commit.guard(CursorAt{saved_}).add(MoveCursor{end});
    loaded_ = false;  // unless all goes well: whether it was applied is unknown when this throws
    if (!ledger_.commit(std::move(commit))) return false;
    saved_ = position_ = end;
    loaded_ = true;
    return true;
}

void FanOut::save() {
    load();
    if (position_ > saved_) move({}, position_);
}

}  // namespace millrace::webhooks
