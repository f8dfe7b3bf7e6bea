#include "http/detail/loop.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>

#include "base/random.hpp"
#include "http/detail/shared.hpp"
#include "work/thread_name.hpp"

namespace millrace::http {

void Wake::operator()() const {
    if (target_) target_->mailbox->push(target_);
}

}  // namespace millrace::http

namespace millrace::http::detail {

// --- Mailbox

void Mailbox::push(std::shared_ptr<Wake::Target> target) {
    if (target->pending.exchange(true)) return;
    const std::lock_guard lock{mutex_};
    if (closed_) return;
    waiting_.push_back(std::move(target));
    if (waiting_.size() == 1) asio::post(*io_, [self = shared_from_this()] { self->drain(); });
}

void Mailbox::drain() {
    {
        const std::lock_guard lock{mutex_};
        draining_.insert(draining_.end(), std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
        waiting_.clear();
    }
    // A batch may be all clients of this thread: requests get their turn in between.
    for (std::size_t i = 0; i < 256 && !draining_.empty(); ++i) {
        const auto target = std::move(draining_.front());
        draining_.pop_front();
        target->pending = false;  // before the look, so that news after it wake again
        if (target->waker) target->waker->on_wake();
    }
    if (!draining_.empty()) asio::post(*io_, [self = shared_from_this()] { self->drain(); });
}

void Mailbox::close() {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    waiting_.clear();
    draining_.clear();
}

// --- Blocks

Awaitable<Blocks::Block> Blocks::take() {
    if (left_ == 0) {
        Signal turn;
        waiting_.push_back(&turn);
        co_await turn.wait();  // whoever gave a block back has counted it as ours
    } else {
        --left_;
    }
    std::unique_ptr<char[]> memory;
    if (spare_.empty()) {
        memory = std::make_unique_for_overwrite<char[]>(block_bytes);
    } else {
        memory = std::move(spare_.back());
        spare_.pop_back();
    }
    Block block{*this, std::move(memory)};
    co_return std::move(block);
}

void Blocks::give_back(std::unique_ptr<char[]> memory) {
    if (spare_.size() < 16) spare_.push_back(std::move(memory));
    if (waiting_.empty()) {
        ++left_;
        return;
    }
    Signal* next = waiting_.front();
    waiting_.pop_front();
    // Posted, not called: who gets the block may give it back at once, and so on through all who wait.
    asio::post(io_, [next] { next->set(); });
}

void Blocks::Block::release() {
    if (memory_) home_->give_back(std::move(memory_));
}

// --- Loop

Loop::Loop(Shared& server, std::size_t blocks_max)
    : shared{server},
      mailbox{std::make_shared<Mailbox>(io)},
      deadlines{io},
      blocks{io, blocks_max},
      id_prefix_{random_base62(10)} {}

Loop::~Loop() { mailbox->close(); }

void Loop::add(Client& client) {
    client.membership.owner = &client;
    clients_.push_back(client.membership);
    shared.connections.fetch_add(1, std::memory_order_relaxed);
    if (stopping) client.wind_down();
}

void Loop::remove(Client& client) {
    client.membership.unlink();
    shared.connections.fetch_sub(1, std::memory_order_relaxed);
    if (stopping) shared.note_progress();
}

std::string_view Loop::date() {
    const std::time_t now = std::time(nullptr);
    if (now != date_second_) {
        date_second_ = now;
        std::tm utc{};
        gmtime_r(&now, &utc);
        // Not strftime: its names follow the locale.
        static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        date_ = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                            months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    }
    return date_;
}

std::string Loop::next_request_id() { return fmt::format("{}-{:x}", id_prefix_, id_next_++); }

void Loop::wind_down() {
    stopping = true;
    for (ListNode *node = clients_.next, *next = nullptr; node != &clients_; node = next) {
        next = node->next;  // winding down may end the client, which leaves the list; it ends no other
        static_cast<Client::Node*>(node)->owner->wind_down();
    }
}

void Loop::cut_all() {
    for (ListNode *node = clients_.next, *next = nullptr; node != &clients_; node = next) {
        next = node->next;
        static_cast<Client::Node*>(node)->owner->cut();
    }
}

}  // namespace millrace::http::detail
