#include "storage/postgres/publisher.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>

#include "work/thread_name.hpp"

namespace millrace::storage::postgres {
namespace {

constexpr int events_at_once = 1000;
/// How often ticks of other processes are looked for while somebody wants to see them.
constexpr auto look_at_ticks = std::chrono::milliseconds{250};
constexpr std::size_t shown_max = 20'000;
/// Notifications closer together than this are one.
constexpr auto debounce = std::chrono::milliseconds{5};
/// The listening session is asked something this often: a half-open connection is silent for ever otherwise.
constexpr auto ping_every = std::chrono::seconds{15};

}  // namespace

Publisher::Publisher(events::Hub& hub, ConnectionSettings connection, const detail::Statements& statements,
                     const ParameterTypes& types, std::chrono::milliseconds poll, Read read, ReadTicks read_ticks, observe::Log log)
    : hub_{hub},
      connection_{std::move(connection)},
      statements_{statements},
      types_{types},
      poll_{poll},
      read_{std::move(read)},
      read_ticks_{std::move(read_ticks)},
      log_{std::move(log)},
      wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
      thread_{[this](std::stop_token stop) {
          work::name_this_thread("pg-events");
          loop(stop);
      }} {}

Publisher::~Publisher() {
    stop();
    ::close(wake_);
}

void Publisher::stop() {
    thread_.request_stop();
    ::eventfd_write(wake_, 1);
    if (thread_.joinable()) thread_.join();
}

void Publisher::committed(std::vector<events::Event> events, std::int64_t newest_before) noexcept {
    {
        const std::lock_guard lock{publishing_};
        const auto last = hub_.last();
        try {
            if (newest_before <= last) {
                // Known already when another thread of ours read them from the table meanwhile.
                hub_.publish(std::move(events));
            } else {
                const auto until = events.back().seq;
                for (auto at = last; at < until;) {
                    auto between = read_(at, events_at_once);
                    if (between.empty()) break;
                    at = between.back().seq;
                    hub_.publish(std::move(between));
                }
            }
        } catch (const std::exception& error) {
            log_.warn("events come later", {{"error", error.what()}});
        }
    }
    tell_ = true;
    ::eventfd_write(wake_, 1);
}

void Publisher::show(std::vector<events::Event> ticks) noexcept {
    try {
        show_fresh(std::move(ticks));
    } catch (const std::exception& error) {
        log_.warn("ticks are not shown", {{"error", error.what()}});
    }
}

/// Those of other processes are read again and again; each is shown once.
void Publisher::show_fresh(std::vector<events::Event> ticks) {
    const std::lock_guard lock{publishing_};
    if (shown_.size() > shown_max) shown_.clear();
    std::erase_if(ticks, [&](const events::Event& tick) {
        auto& last = shown_[tick.subject];
        if (tick.at <= last) return true;
        last = tick.at;
        return false;
    });
    if (ticks.empty()) return;
    catch_up(ticks);
    hub_.publish(std::move(ticks));
}

void Publisher::catch_up() {
    const std::lock_guard lock{publishing_};
    std::vector<events::Event> none;
    catch_up(none);
}

/// Ticks of the jobs that the events tell of are left out. Under the lock `publishing_`.
void Publisher::catch_up(std::vector<events::Event>& ticks) {
    while (true) {
        auto events = read_(hub_.last(), events_at_once);
        std::erase_if(ticks, [&](const events::Event& tick) {
            return std::ranges::find(events, tick.subject, &events::Event::subject) != events.end();
        });
        const bool more = events.size() == events_at_once;
        if (!events.empty()) hub_.publish(std::move(events));
        if (!more) return;
    }
}

void Publisher::loop(std::stop_token stop) {
    for (auto pause = std::chrono::milliseconds{50}; !stop.stop_requested();
         pause = std::min(pause * 2, std::chrono::milliseconds{5000})) {
        const auto begun = std::chrono::steady_clock::now();
        try {
            listen(stop);
        } catch (const std::exception& error) {
            log_.warn("listening to PostgreSQL failed", {{"error", error.what()}});
        }
        if (stop.stop_requested()) return;
        if (std::chrono::steady_clock::now() - begun > std::chrono::seconds{10}) pause = std::chrono::milliseconds{50};
        std::mutex mutex;
        std::unique_lock lock{mutex};
        std::condition_variable_any{}.wait_for(lock, stop, pause, [] { return false; });
    }
}

void Publisher::listen(std::stop_token stop) {
    Connection connection{connection_, statements_, types_};
    connection.later_command("LISTEN millrace_event");
    connection.flush();
    auto asked = std::chrono::steady_clock::now();
    auto told = asked - debounce;
    auto looked = asked - poll_;
    bool notified = false;
    while (!stop.stop_requested()) {
        if (notified || tell_ || std::chrono::steady_clock::now() - looked >= poll_) {
            catch_up();
            looked = std::chrono::steady_clock::now();
        }
        // Whoever begins to watch is seen after this time, without anybody being told.
        notified = connection.wait_notified(wake_, std::min(poll_, look_at_ticks));
        if (hub_.has_viewers()) show_fresh(read_ticks_());
        const auto now = std::chrono::steady_clock::now();
        if (tell_.exchange(false)) {
            if (now - told < debounce) std::this_thread::sleep_for(debounce - (now - told));
            connection.later_command("NOTIFY millrace_event");
            connection.flush();
            asked = told = std::chrono::steady_clock::now();
        } else if (now - asked > ping_every) {
            connection.later_command("SELECT 1");
            connection.flush();
            asked = now;
        }
    }
}

}  // namespace millrace::storage::postgres
