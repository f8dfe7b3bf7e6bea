#include "api/log_tails.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/v2/streams.hpp"
#include "work/thread_name.hpp"

namespace millrace::api {
namespace {

constexpr auto look_every = std::chrono::seconds{1};
constexpr int lines_at_once = 100;

}  // namespace

struct LogTails::Tail {
    jobs::LogRequest request;  ///< `after` moves on; of the thread only
    std::unique_ptr<events::Subscription> news;
    std::string text;  ///< complete events that the stream has not taken
    http::Wake wake;
    bool ready = false;  ///< the stream waits for the wake
    bool due = true;     ///< there may be something to read
    bool ended = false;  ///< nothing comes after the text
    Deadline look_at{};  ///< to be read by then in any case
};

/// What the server pulls from; it and the thread share the tail.
class LogTails::Source final : public http::StreamSource {
public:
    Source(std::shared_ptr<State> state, std::shared_ptr<Tail> tail) : state_{std::move(state)}, tail_{std::move(tail)} {}
    ~Source() override {
        const std::lock_guard lock{state_->mutex};
        std::erase(state_->tails, tail_);
    }

    void on_ready(http::Wake wake) override {
        const std::lock_guard lock{state_->mutex};
        tail_->wake = std::move(wake);
        tail_->ready = true;
        state_->changed.notify_all();
    }

    Pull next(std::string& out, std::size_t bytes_max, bool) override {
        const std::lock_guard lock{state_->mutex};
        std::string& text = tail_->text;
        if (!text.empty()) {
            const auto piece = std::min(text.size(), bytes_max);
            out.append(text, 0, piece);
            text.erase(0, piece);
            return Pull::text;
        }
        if (tail_->ended) return Pull::end;
        state_->changed.notify_all();
        return Pull::idle;
    }

private:
    const std::shared_ptr<State> state_;
    const std::shared_ptr<Tail> tail_;
};

LogTails::LogTails(jobs::JobStore& store, events::Hub& hub) : store_{store}, hub_{hub} {
    thread_ = std::jthread{[this](std::stop_token stop) {
        work::name_this_thread("logs");
        loop(stop);
    }};
}

LogTails::~LogTails() = default;

std::unique_ptr<http::StreamSource> LogTails::open(const jobs::LogRequest& request, const Scope& scope) {
    auto tail = std::make_shared<Tail>();
    tail->request = request;
    tail->request.limit = lines_at_once;
    events::Interest interest{.scope = scope, .subject = request.job,
                              .types = {"job.log", "job.completed", "job.failed", "job.cancelled", "job.running"}};
    interest.scope.reach = Scope::Reach::all;
    tail->news = hub_.subscribe(std::move(interest));
    tail->news->on_ready([state = state_, known = std::weak_ptr{tail}] {
        const auto one = known.lock();
        const std::lock_guard lock{state->mutex};
        if (one) one->due = true;
        state->changed.notify_all();
    });
    {
        const std::lock_guard lock{state_->mutex};
        state_->tails.push_back(tail);
    }
    return std::make_unique<Source>(state_, std::move(tail));
}

void LogTails::loop(std::stop_token stop) {
    const auto wanted = [](const Tail& tail, Deadline now) {
        return tail.ready && tail.text.empty() && !tail.ended && (tail.due || tail.look_at <= now);
    };
    while (!stop.stop_requested()) {
        std::vector<std::shared_ptr<Tail>> now_due;
        {
            std::unique_lock lock{state_->mutex};
            const auto look = [&] {
                now_due.clear();
                for (const auto& tail : state_->tails) {
                    if (wanted(*tail, std::chrono::steady_clock::now())) now_due.push_back(tail);
                }
                return !now_due.empty();
            };
            state_->changed.wait_for(lock, stop, look_every, look);
            for (const auto& tail : now_due) tail->due = false;
        }
        for (const auto& tail : now_due) read(*tail);
    }
}

void LogTails::read(Tail& tail) {
    std::string text;
    bool more = false, ended = false;
    try {
        tail.news->take(SIZE_MAX);
        // The state first: what an attempt has logged is there when it is seen to have ended.
        const auto job = store_.get(tail.request.job);
        const auto lines = store_.log(tail.request);
        for (const auto& line : lines) v2::append_event(text, line.seq, "log", to_json(line));
        if (!lines.empty()) tail.request.after = lines.back().seq;
        more = lines.size() == static_cast<std::size_t>(lines_at_once);
        const bool passed = job && tail.request.attempt && job->attempt > *tail.request.attempt;
        ended = !more && (!job || is_terminal(job->state) || passed);
        if (ended) v2::append_event(text, std::nullopt, "end", fmt::format(R"({{"state":"{}"}})", job ? word(job->state) : ""));
    } catch (const std::exception&) {
        // The database is away; the next look is in a second.
    }
    http::Wake wake;
    {
        const std::lock_guard lock{state_->mutex};
        tail.text += text;
        tail.ended = ended;
        tail.due = tail.due || more;
        tail.look_at = in(look_every);
        if (!text.empty()) wake = tail.wake;
    }
    wake();
}

}  // namespace millrace::api
