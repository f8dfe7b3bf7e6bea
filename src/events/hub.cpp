#include "events/hub.hpp"

#include <algorithm>

namespace millrace::events {

bool Interest::wants(const Event& event) const {
    if (!scope.sees(event.owner, event.org)) return false;
    if (subject && *subject != event.subject) return false;
    if (!ephemeral && !event.durable()) return false;
    if (!topics.empty() && !topics.contains(std::string{event.topic()})) return false;
    if (!types.empty() && !types.contains(event.type)) return false;
    return !where || where(event);
}

Subscription::Subscription(Hub& hub, Interest interest, std::uint64_t position, std::int64_t since)
    : hub_{hub}, interest_{std::move(interest)}, position_{position}, since_{since} {}

Subscription::~Subscription() { hub_.remove(*this); }

void Subscription::on_ready(std::function<void()> wake) {
    const std::lock_guard lock{hub_.mutex_};
    wake_ = std::move(wake);
}

Subscription::Batch Subscription::take(std::size_t bytes_max) {
    const std::lock_guard lock{hub_.mutex_};
    return take_locked(bytes_max);
}

Subscription::Batch Subscription::take_or_skip(std::size_t bytes_max, std::size_t waiting_bytes_max) {
    const std::lock_guard lock{hub_.mutex_};
    std::size_t waiting = 0;
    for (auto at = std::max(position_, hub_.ring_start_); at < hub_.ring_start_ + hub_.ring_.size(); ++at) {
        const Event& event = *hub_.ring_[at - hub_.ring_start_];
        if (!event.durable() || !interest_.wants(event)) continue;
        waiting += event.data.bytes().size();
        if (waiting > waiting_bytes_max) return skip_locked();
    }
    return take_locked(bytes_max);
}

Subscription::Batch Subscription::skip_locked() {
    signalled_ = false;
    position_ = hub_.ring_start_ + hub_.ring_.size();
    return {.events = {}, .behind = true};
}

Subscription::Batch Subscription::take_locked(std::size_t bytes_max) {
    if (position_ < hub_.ring_start_) return skip_locked();
    signalled_ = false;
    Batch batch;
    std::size_t bytes = 0;
    for (; position_ < hub_.ring_start_ + hub_.ring_.size() && bytes < bytes_max; ++position_) {
        const EventPtr& event = hub_.ring_[position_ - hub_.ring_start_];
        if (!interest_.wants(*event)) continue;
        if (!event->durable()) {
            // A newer tick, or a durable event, of the same job says more than an older tick.
            std::erase_if(batch.events, [&](const EventPtr& e) { return !e->durable() && e->subject == event->subject; });
        }
        bytes += event->data.bytes().size();
        batch.events.push_back(event);
    }
    return batch;
}

Hub::Hub(std::size_t capacity) : capacity_{capacity} {}

bool Hub::will_be_shown(const Event& event) const {
    const auto shows = [&](const Subscription* s) { return s->interest_.shows && s->interest_.wants(event); };
    const auto own = by_user_.find(event.owner);
    return (own != by_user_.end() && std::ranges::any_of(own->second, shows)) || std::ranges::any_of(wide_, shows);
}

/// Once for all readers. One who comes later renders for himself.
void Hub::render_wanted(std::vector<Event>& events) {
    std::vector<Event*> wanted;
    {
        const std::lock_guard lock{mutex_};
        for (auto& event : events) {
            if (!event.data.is_json() && will_be_shown(event)) wanted.push_back(&event);
        }
    }
    for (auto* event : wanted) event->data = event->json();
}

void Hub::publish(std::vector<Event> events) {
    render_wanted(events);
    std::vector<EventPtr> fresh;
    std::vector<std::function<void()>> wakes;
    {
        const std::lock_guard lock{mutex_};
        for (auto& event : events) {
            if (event.durable() && event.seq <= last_) continue;
            if (event.durable()) last_ = event.seq;
            fresh.push_back(std::make_shared<const Event>(std::move(event)));
            ring_.push_back(fresh.back());
        }
        for (; ring_.size() > capacity_; ++ring_start_) {
            if (ring_.front()->durable()) oldest_missing_ = ring_.front()->seq;
            ring_.pop_front();
        }
        signal(fresh, wakes);
    }
    for (const auto& wake : wakes) wake();
}

void Hub::nudge(const Event& event) {
    std::vector<std::function<void()>> wakes;
    {
        const std::lock_guard lock{mutex_};
        signal({std::make_shared<const Event>(event)}, wakes);
    }
    for (const auto& wake : wakes) wake();
}

void Hub::signal(const std::vector<EventPtr>& events, std::vector<std::function<void()>>& wakes) {
    const auto consider = [&](Subscription* s, const Event& event) {
        if (s->signalled_ || !s->wake_ || !s->interest_.wants(event)) return;
        s->signalled_ = true;
        wakes.push_back(s->wake_);
    };
    for (const auto& event : events) {
        if (const auto own = by_user_.find(event->owner); own != by_user_.end()) {
            for (auto* s : own->second) consider(s, *event);
        }
        for (auto* s : wide_) consider(s, *event);
    }
}

std::unique_ptr<Subscription> Hub::subscribe(Interest interest) {
    const std::lock_guard lock{mutex_};
    const bool wide = interest.scope.reach != Scope::Reach::own;
    const auto user = interest.scope.user;
    std::unique_ptr<Subscription> s{new Subscription{*this, std::move(interest), ring_start_ + ring_.size(), last_}};
    (wide ? wide_ : by_user_[user]).insert(s.get());
    return s;
}

Hub::Resumed Hub::resume(Interest interest, std::int64_t seq, EventStore& store) {
    Resumed resumed;
    resumed.subscription = subscribe(std::move(interest));
    Subscription& s = *resumed.subscription;
    const auto remember = [&](EventPtr event) {
        if (s.interest_.wants(*event)) resumed.missed.push_back(std::move(event));
    };

    std::int64_t ring_reaches_back_to = 0;
    {
        const std::lock_guard lock{mutex_};
        if (seq > last_) {
            resumed.reset = true;
            return resumed;
        }
        ring_reaches_back_to = oldest_missing_;
    }
    std::int64_t at = seq;
    if (at < ring_reaches_back_to) {
        const auto [oldest, newest] = store.bounds();
        if (at + 1 < oldest) {
            resumed.reset = true;
            return resumed;
        }
        while (at < ring_reaches_back_to) {
            const auto events = store.after(at, 1000);
            if (events.empty()) break;
            for (const auto& event : events) {
                if (event.seq <= ring_reaches_back_to) remember(std::make_shared<const Event>(event));
                at = event.seq;
            }
        }
        at = ring_reaches_back_to;
    }
    const std::lock_guard lock{mutex_};
    if (oldest_missing_ > at) {  // the ring moved on meanwhile
        resumed.reset = true;
        resumed.missed.clear();
        return resumed;
    }
    for (std::uint64_t i = ring_start_; i < s.position_; ++i) {
        const EventPtr& event = ring_[i - ring_start_];
        if (event->durable() && event->seq > at) remember(event);
    }
    return resumed;
}

std::int64_t Hub::last() const {
    const std::lock_guard lock{mutex_};
    return last_;
}

void Hub::start_after(std::int64_t seq) {
    const std::lock_guard lock{mutex_};
    last_ = seq;
    oldest_missing_ = seq;
}

std::size_t Hub::subscribers(const Uuid& user) const {
    const std::lock_guard lock{mutex_};
    const auto own = by_user_.find(user);
    std::size_t count = own == by_user_.end() ? 0 : own->second.size();
    for (const auto* s : wide_) count += s->interest_.scope.user == user ? 1 : 0;
    return count;
}

std::size_t Hub::subscribers() const {
    const std::lock_guard lock{mutex_};
    std::size_t count = wide_.size();
    for (const auto& [user, own] : by_user_) count += own.size();
    return count;
}

bool Hub::has_viewers() const {
    const std::lock_guard lock{mutex_};
    const auto views = [](const Subscription* s) { return s->interest_.shows && s->interest_.ephemeral; };
    return std::ranges::any_of(wide_, views) ||
           std::ranges::any_of(by_user_, [&](const auto& own) { return std::ranges::any_of(own.second, views); });
}

void Hub::remove(Subscription& subscription) {
    const std::lock_guard lock{mutex_};
    wide_.erase(&subscription);
    const auto own = by_user_.find(subscription.interest_.scope.user);
    if (own == by_user_.end()) return;
    own->second.erase(&subscription);
    if (own->second.empty()) by_user_.erase(own);
}

}  // namespace millrace::events
