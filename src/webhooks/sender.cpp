#include "webhooks/sender.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/random.hpp"
#include "http/address_policy.hpp"
#include "http/client.hpp"
#include "http/retry_after.hpp"
#include "webhooks/fan_out.hpp"
#include "webhooks/ops.hpp"
#include "webhooks/payload.hpp"
#include "webhooks/signature.hpp"
#include "work/failpoint.hpp"
#include "work/pool.hpp"
#include "work/thread_name.hpp"

namespace millrace::webhooks {
namespace {

/// Events come in bursts; looking once per burst costs a commit for all of it and not for each.
constexpr Duration burst = 20ms;
constexpr Duration forget_every = 1min;

struct Counters {
    observe::Counter delivered, retried, failed, gone, interrupted, deliveries_delivered, deliveries_failed;
    observe::Histogram seconds;

    explicit Counters(observe::Metrics& metrics)
        : delivered{attempts(metrics, "delivered")},
          retried{attempts(metrics, "retried")},
          failed{attempts(metrics, "failed")},
          gone{attempts(metrics, "gone")},
          interrupted{attempts(metrics, "interrupted")},
          deliveries_delivered{deliveries(metrics, "delivered")},
          deliveries_failed{deliveries(metrics, "failed")},
          seconds{metrics.histogram("millrace_webhook_attempt_seconds", "Time of an attempt to send a webhook")} {}

    static observe::Counter attempts(observe::Metrics& metrics, const char* outcome) {
        return metrics.counter("millrace_webhook_attempts_total", "Attempts to send a webhook", {{"outcome", outcome}});
    }
    static observe::Counter deliveries(observe::Metrics& metrics, const char* outcome) {
        return metrics.counter("millrace_webhook_deliveries_total", "Webhook deliveries that ended", {{"outcome", outcome}});
    }
};

/// What is known of an error without the URL, which may hold a secret of its own.
std::string words_of(const Error& error, Duration timeout) {
    if (error.code() == Code::timed_out) return "no complete answer within " + to_string(timeout);
    const auto* why = error.arg("why");
    return why ? *why : std::string{to_string(error.code())};
}

}  // namespace

struct Sender::State {
    State(Settings s, Tools t, std::string agent)
        : settings{std::move(s)},
          tools{t},
          user_agent{std::move(agent)},
          policy{settings.allow_private},
          pauses{settings.pauses()},
          counters{tools.metrics},
          fan_out{tools.store, tools.events, tools.ledger, tools.clock},
          pool{{.name = "webhook", .threads = static_cast<std::size_t>(settings.parallel), .on_error = [this](std::exception_ptr failed) { log_failure("attempt", failed); }}} {}

    const Settings settings;
    const Tools tools;
    const std::string user_agent;
    const http::AddressPolicy policy;
    const std::vector<Duration> pauses;
    const Counters counters;
    SystemRandom random;
    FanOut fan_out;
    std::unique_ptr<events::Subscription> subscription;

    std::mutex mutex;
    std::condition_variable_any changed;  ///< something may be due, an attempt has ended
    bool wanted = true;                   ///< look again at the next turn
    bool events_came = true;              ///< there may be more in the log
    int running = 0;
    std::map<std::string, int> running_by_host;
    std::map<std::string, std::uint64_t> served;  ///< when a host last had its turn; those that wait only
    std::uint64_t turn = 0;
    std::vector<std::unique_ptr<http::Client>> clients;  ///< idle, with their connections

    std::stop_source breaking_off;
    work::Pool pool;
    std::jthread loop_thread;

    void log_failure(std::string_view what, std::exception_ptr failed) const {
        try {
            std::rethrow_exception(failed);
        } catch (const std::exception& error) {
            tools.log.warn("webhooks turn failed", {{"what", what}, {"error", error.what()}});
        }
    }

    /// A database that is away ends the turn, not the thread.
    void guarded(std::string_view what, const std::function<void()>& body) const {
        try {
            body();
        } catch (...) {
            log_failure(what, std::current_exception());
        }
    }

    void watch_events();
    void loop(std::stop_token stop);
    void make_deliveries();
    std::optional<Instant> send_due();
    std::vector<Claim> choose(const std::vector<WaitingHost>& hosts);
    void begin(Claimed claimed);
    void ended(const std::string& host);
    void run(const Claimed& claimed);
    http::ClientRequest request_for(const Claimed& claimed, const http::Endpoint& endpoint, Instant now);
    std::optional<Instant> send(const Claimed& claimed, Attempt& attempt);
    void settle(const Claimed& claimed, const Attempt& attempt, std::optional<Instant> retry_after);
    void hand_back(const Claimed& claimed);
    void count(const Next& next);
    std::unique_ptr<http::Client> take_client();
    void wake() {
        const std::lock_guard lock{mutex};
        wanted = true;
        changed.notify_all();
    }
};

Sender::Sender(Settings settings, Tools tools, std::string user_agent)
    : state_{new State{std::move(settings), tools, std::move(user_agent)}} {}

Sender::~Sender() { drain(0s); }

void Sender::wake() { state_->wake(); }

void Sender::start(bool restart) {
    State& s = *state_;
    if (restart) s.tools.ledger.commit(std::move(ledger::Commit{}.add(ReleaseAll{s.tools.clock.now()})));
    s.watch_events();
    s.loop_thread = std::jthread{[&s](std::stop_token stop) {
        work::name_this_thread("webhooks");
        s.loop(stop);
    }};
}

void Sender::State::watch_events() {
    events::Interest interest;
    interest.scope.role = Role::admin;
    interest.scope.reach = Scope::Reach::all;
    interest.ephemeral = false;
    subscription = tools.hub.subscribe(std::move(interest));
    subscription->on_ready([this] {
        const std::lock_guard lock{mutex};
        wanted = events_came = true;
        changed.notify_all();
    });
}

void Sender::State::loop(std::stop_token stop) {
    const auto steady = [] { return std::chrono::steady_clock::now(); };
    auto next_forget = in(forget_every);
    Deadline next_look = steady();  // not earlier, when events come
    Deadline next_poll = steady();
    while (!stop.stop_requested()) {
        if (bool look = steady() >= next_poll; look || steady() >= next_look) {
            {
                const std::lock_guard lock{mutex};
                look = std::exchange(events_came, false) || look;
            }
            if (look) guarded("fan-out", [&] { make_deliveries(); });
            next_look = in(burst);
            next_poll = in(settings.poll);
        }
        std::optional<Instant> due;
        guarded("send", [&] { due = send_due(); });
        if (steady() >= next_forget) {
            guarded("forget", [&] {
                tools.ledger.commit(std::move(ledger::Commit{}.add(Forget{tools.clock.now() - settings.history})));
            });
            next_forget = in(forget_every);
        }
        std::unique_lock lock{mutex};
        Duration wait = settings.poll;
        if (due) wait = std::min(wait, *due - tools.clock.now());
        if (events_came) wait = std::min(wait, std::chrono::ceil<Duration>(next_look - steady()));
        changed.wait_for(lock, stop, std::max<Duration>(wait, 1ms), [&] { return wanted; });
        wanted = false;
    }
    guarded("cursor", [&] { fan_out.save(); });
}

void Sender::State::make_deliveries() {
    // Only the wake-up counts: the events are read from the log, where also those of other servers stand.
    subscription->take_or_skip(0, 0);
    if (!fan_out.step().more) return;
    const std::lock_guard lock{mutex};
    wanted = events_came = true;
}

/// Claims as much as there are free places and begins it. Answers when the next delivery is due, as far as there will be
/// a place for it without an attempt having to end first.
std::optional<Instant> Sender::State::send_due() {
    const auto hosts = tools.store.waiting();
    const auto claims = choose(hosts);
    std::optional<Instant> next;
    for (const auto& [host, due_at] : hosts) {
        if (due_at > tools.clock.now()) next = std::min(next.value_or(due_at), due_at);
    }
    if (claims.empty()) return next;
    auto claimed = tools.store.claim(claims);
    if (!claimed.empty()) wake();  // there may be more
    for (auto& one : claimed) begin(std::move(one));
    return next;
}

/// Place by place, first to hosts that wait longest for their turn: one that answers slowly, or never, holds its own
/// places only.
std::vector<Claim> Sender::State::choose(const std::vector<WaitingHost>& hosts) {
    const auto now = tools.clock.now();
    const std::lock_guard lock{mutex};
    struct Candidate {
        std::uint64_t served;
        const std::string* host;
        int places;
        int given = 0;
    };
    std::vector<Candidate> candidates;
    std::map<std::string, std::uint64_t> still_waiting;
    for (const auto& [host, due_at] : hosts) {
        const auto last = served.contains(host) ? served[host] : 0;
        still_waiting[host] = last;
        const auto busy = running_by_host.contains(host) ? running_by_host[host] : 0;
        if (due_at <= now && busy < settings.parallel_per_host) candidates.push_back({last, &host, settings.parallel_per_host - busy});
    }
    served = std::move(still_waiting);
    std::ranges::sort(candidates, {}, &Candidate::served);
    int free = settings.parallel - running;
    for (bool any = true; any && free > 0;) {
        any = false;
        for (auto& candidate : candidates) {
            if (free == 0 || candidate.given == candidate.places) continue;
            ++candidate.given;
            --free;
            any = true;
        }
    }
    std::vector<Claim> claims;
    // Twice the longest attempt: time enough to note how it ended.
    for (const auto& candidate : candidates) {
        if (candidate.given == 0) break;
        served[*candidate.host] = ++turn;
        claims.push_back({.host = *candidate.host, .limit = candidate.given, .now = now, .until = now + 2 * settings.timeout});
    }
    return claims;
}

void Sender::State::begin(Claimed claimed) {
    const auto host = claimed.delivery.host;
    {
        const std::lock_guard lock{mutex};
        ++running;
        ++running_by_host[host];
    }
    const bool taken = pool.submit([this, host, claimed = std::move(claimed)] {
        guarded("attempt", [&] { run(claimed); });
        ended(host);
    });
    if (!taken) ended(host);
}

void Sender::State::ended(const std::string& host) {
    const std::lock_guard lock{mutex};
    --running;
    if (--running_by_host[host] == 0) running_by_host.erase(host);
    wanted = true;
    changed.notify_all();
}

void Sender::State::run(const Claimed& claimed) {
    if (breaking_off.stop_requested()) return hand_back(claimed);
    Attempt attempt;
    attempt.delivery = claimed.delivery.id;
    attempt.number = claimed.delivery.attempts + 1;
    attempt.at = tools.clock.now();
    const auto begun = std::chrono::steady_clock::now();
    const auto retry_after = send(claimed, attempt);
    if (attempt.error_code == to_string(Code::interrupted)) return hand_back(claimed);
    attempt.took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun);
    counters.seconds.observe_seconds(attempt.took);
    work::failpoint("webhooks.sent");
    settle(claimed, attempt, retry_after);
}

/// Fills in what came of it; answers the pause that the server asks for.
std::optional<Instant> Sender::State::send(const Claimed& claimed, Attempt& attempt) {
    std::unique_ptr<http::Client> client = take_client();
    std::optional<Instant> retry_after;
    try {
        const auto endpoint = http::read_endpoint(claimed.webhook.url);
        auto why = endpoint ? policy.refusal(*endpoint) : endpoint.error();
        if (!why.empty()) throw Error{Code::address_refused, {{"why", std::move(why)}}};
        auto response = client->send(request_for(claimed, *endpoint, attempt.at));
        attempt.status = response.status;
        attempt.response = std::move(response.body);
        if (response.status / 100 != 2) attempt.error = "the server answered " + std::to_string(response.status);
        if (const auto header = response.headers.find("retry-after")) retry_after = http::read_retry_after(*header, tools.clock.now());
    } catch (const Error& error) {
        attempt.error_code = to_string(error.code());
        attempt.error = words_of(error, settings.timeout);
    }
    const std::lock_guard lock{mutex};
    clients.push_back(std::move(client));
    return retry_after;
}

http::ClientRequest Sender::State::request_for(const Claimed& claimed, const http::Endpoint& endpoint, Instant now) {
    const auto& [delivery, webhook, token] = claimed;
    const auto id = delivery.id.str();
    http::ClientRequest request;
    request.method = "POST";
    request.url = webhook.url;
    request.headers.set("Content-Type", content_type(delivery.format));
    request.headers.set("User-Agent", user_agent);
    request.headers.set("webhook-id", id);
    request.headers.set("webhook-timestamp", std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count()));
    request.headers.set("webhook-signature", signature_header(webhook, id, now, delivery.body));
    request.body = delivery.body;
    request.body_bytes_kept = response_bytes_max;
    request.deadline = in(settings.timeout);
    request.stop = breaking_off.get_token();
    request.judge_address = [this, endpoint](std::string_view text) {
        const auto address = http::IpAddress::parse(text);
        return address ? policy.refusal(endpoint, *address) : std::string{"its host has no internet address"};
    };
    return request;
}

void Sender::State::settle(const Claimed& claimed, const Attempt& attempt, std::optional<Instant> retry_after) {
    const auto& delivery = claimed.delivery;
    const auto at = attempt.at + attempt.took;
    const auto next = after_attempt(delivery, attempt, retry_after, pauses, random.uniform());
    Record record;
    record.attempt = attempt;
    record.round = delivery.round + 1;
    record.next_at = next.at;
    Disable disable;
    disable.webhook = delivery.webhook;
    disable.at = at;
    switch (next.kind) {
        case Next::Kind::delivered:
            record.state = DeliveryState::delivered;
            break;
        case Next::Kind::retry:
            break;
        case Next::Kind::gone:
            record.state = DeliveryState::failed;
            disable.reason = reason_gone;
            break;
        case Next::Kind::failed:
            record.state = DeliveryState::failed;
            if (!delivery.is_test()) disable.reason = reason_failing;
            disable.silent_since = delivery.round_at;
    }
    ledger::Commit commit;
    commit.guard(Held{delivery.id, claimed.token}).add(std::move(record));
    if (next.hold_until) commit.add(Hold{delivery.webhook, *next.hold_until});
    if (!disable.reason.empty()) commit.add(std::move(disable));
    if (!tools.ledger.commit(std::move(commit))) {
        // It took longer than its claim: somebody else sends it again, under the same id.
        tools.log.warn("webhook claim lost", {{"delivery", delivery.id}, {"webhook", delivery.webhook}});
        return;
    }
    count(next);
    tools.log.debug("webhook attempt", {{"delivery", delivery.id}, {"webhook", delivery.webhook}, {"attempt", attempt.number},
                                        {"status", attempt.status.value_or(0)}, {"error", attempt.error_code}, {"ms", attempt.took}});
}

void Sender::State::hand_back(const Claimed& claimed) {
    counters.interrupted.add();
    tools.ledger.commit(std::move(ledger::Commit{}
                                      .guard(Held{claimed.delivery.id, claimed.token})
                                      .add(Release{claimed.delivery.id, tools.clock.now()})));
}

void Sender::State::count(const Next& next) {
    switch (next.kind) {
        case Next::Kind::delivered:
            counters.delivered.add();
            counters.deliveries_delivered.add();
            return;
        case Next::Kind::retry:
            counters.retried.add();
            return;
        case Next::Kind::gone:
            counters.gone.add();
            counters.deliveries_failed.add();
            return;
        case Next::Kind::failed:
            counters.failed.add();
            counters.deliveries_failed.add();
    }
}

std::unique_ptr<http::Client> Sender::State::take_client() {
    const std::lock_guard lock{mutex};
    if (clients.empty()) return std::make_unique<http::Client>();
    auto client = std::move(clients.back());
    clients.pop_back();
    return client;
}

void Sender::drain(Duration grace) {
    State& s = *state_;
    if (!s.loop_thread.joinable()) return;
    s.loop_thread.request_stop();
    s.loop_thread.join();
    {
        std::unique_lock lock{s.mutex};
        s.changed.wait_for(lock, grace, [&] { return s.running == 0; });
    }
    s.breaking_off.request_stop();
    s.pool.stop();
    s.subscription.reset();
}

}  // namespace millrace::webhooks
