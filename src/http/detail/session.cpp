#include "http/detail/session.hpp"

#include "http/detail/answer.hpp"
#include "http/detail/session_pool.hpp"
#include "http/detail/text.hpp"

namespace millrace::http::detail {
namespace {

constexpr std::size_t read_bytes_first = 4096;
constexpr Duration linger_time = 1s;

/// An id that a client chose may stand in our log and in its own.
bool is_decent_id(std::string_view id) {
    if (id.empty() || id.size() > 64) return false;
    for (const char c : id) {
        const bool letter = lower(c) >= 'a' && lower(c) <= 'z';
        if (!letter && !is(c, digit_char) && c != '-' && c != '_' && c != '.') return false;
    }
    return true;
}

Error error_of(const Refusal& refusal) {
    const std::string why{refusal.why};
    switch (refusal.code) {
        case Code::head_too_large:
            return Error{refusal.code, {{"limit", why == "fields" ? "the allowed number of fields" : "the allowed number of bytes"}}};
        case Code::not_implemented:
            return Error{refusal.code, {{"what", why}}};
        default:
            return Error{refusal.code, {{"why", why}}};
    }
}

}  // namespace

Session::Session(Loop& loop, Socket socket, Peer peer)
    : loop_{loop},
      shared_{loop.shared},
      transport_{std::move(socket)},
      peer_{std::move(peer)},
      parser_{HeadLimits{shared_.settings.head_bytes_max, shared_.settings.header_fields_max}} {
    loop_.add(*this);
}

Session::~Session() {
    if (watching_) *watching_ = false;
    loop_.remove(*this);
}

Awaitable<void> Session::main(std::unique_ptr<Session> session) { co_await session->run(); }

// --- what others tell the connection

void Session::on_deadline() {
    timed_out_ = true;
    if (waiting_) woken_.set();
    else transport_.cancel();
}

void Session::on_wake() { woken_.set(); }

void Session::wind_down() {
    keep_alive_ = false;
    if (idle_) transport_.cancel();
    if (waiting_) woken_.set();
}

void Session::cut() {
    cut_ = true;
    transport_.kill();
    if (waiting_) woken_.set();
}

void Session::limit(Duration time) {
    timed_out_ = false;
    loop_.deadlines.set(*this, in(time));
}

void Session::unlimit() {
    timed_out_ = false;
    loop_.deadlines.clear(*this);
}

Awaitable<bool> Session::wait_for(Io::State want) {
    if (timed_out_ || cut_) co_return false;
    const bool ready = co_await transport_.ready(want);
    co_return ready && !timed_out_ && !cut_;
}

// --- the connection

Awaitable<void> Session::run() {
    limit(shared_.settings.head_timeout);
    const bool greeted = co_await handshake();
    if (!greeted) co_return;
    for (;;) {
        const bool complete = co_await read_head();
        if (!complete) break;
        co_await serve();
        if (handed_over_) co_return;
        if (!keep_alive_ || cut_) break;
        limit(shared_.settings.keepalive_timeout);
    }
    if (!cut_) co_await linger();
}

Awaitable<bool> Session::handshake() {
    const auto context = shared_.certificate();
    if (!context) co_return true;
    transport_.start_tls(*context);
    for (;;) {
        const Io io = transport_.handshake();
        if (io.state == Io::State::ok) co_return true;
        if (io.state == Io::State::closed || io.state == Io::State::failed) co_return false;
        const bool ready = co_await wait_for(io.state);
        if (!ready) co_return false;
    }
}

Io Session::read_more() {
    const std::size_t old = in_.size();
    // Grow by doubling; what is beyond the limit of the head is never needed here.
    const std::size_t room = old < read_bytes_first ? read_bytes_first : old;
    Io io{};
    in_.resize_and_overwrite(old + room, [&](char* data, std::size_t) {
        io = transport_.read(data + old, room);
        return old + (io.state == Io::State::ok ? io.bytes : 0);
    });
    return io;
}

Awaitable<bool> Session::read_head() {
    parser_.reset();
    bool first_byte_seen = false;
    for (;;) {
        if (!in_.empty()) {
            if (!std::exchange(first_byte_seen, true) && !first_) limit(shared_.settings.head_timeout);
            const auto state = parser_.feed(in_);
            if (state == HeadParser::State::done) {
                first_ = false;
                co_return true;
            }
            if (state == HeadParser::State::refused) {
                co_await refuse(parser_.refusal());
                co_return false;
            }
        } else {
            std::string{}.swap(in_);  // an idle connection holds no buffer
            if (loop_.stopping) co_return false;
        }
        // TLS may hold decrypted bytes, of which the socket knows nothing.
        const bool look_first = !in_.empty() || transport_.secure();
        Io io{Io::State::want_read};
        if (look_first) io = read_more();
        if (io.state == Io::State::ok) continue;
        if (in_.empty()) std::string{}.swap(in_);
        if (io.state == Io::State::closed || io.state == Io::State::failed) co_return false;
        idle_ = in_.empty();
        const bool ready = co_await wait_for(io.state);
        idle_ = false;
        if (!ready) {
            if (timed_out_ && !cut_ && !in_.empty()) {
                const Refusal late{408, Code::request_timeout, {}};
                co_await refuse(late);
            }
            co_return false;
        }
        const auto after = read_more();
        if (after.state == Io::State::closed || after.state == Io::State::failed) co_return false;
    }
}

/// Answers what cannot be a request, and ends the connection.
Awaitable<void> Session::refuse(Refusal refusal) {
    keep_alive_ = false;
    must_linger_ = true;
    started_ = Clock::now();
    bytes_in_ = bytes_out_ = 0;
    request_ = Request{};
    request_.request_id = loop_.next_request_id();
    Response response = problem(error_of(refusal));
    if (response.status != refusal.status) {
        response.status = refusal.status;  // 417, 505: no code of ours has them
        const auto at = response.body.find(R"("status":)") + 9;
        response.body.replace(at, 3, std::to_string(refusal.status));
    }
    co_await send_response(response);
    note_served();
}

Awaitable<void> Session::linger() {
    transport_.shutdown_send();
    if (!must_linger_) co_return;
    limit(linger_time);
    char sink[4096];
    for (;;) {
        const Io io = transport_.read(sink, sizeof sink);
        if (io.state == Io::State::closed || io.state == Io::State::failed) co_return;
        if (io.state == Io::State::ok && !timed_out_) continue;
        const bool ready = co_await wait_for(Io::State::want_read);
        if (!ready) co_return;
    }
}

// --- one request

Awaitable<void> Session::serve() {
    unlimit();
    started_ = Clock::now();
    bytes_in_ = bytes_out_ = 0;
    status_ = 0;
    answer_.reset();
    auto early = answer_without_handler();
    if (early) {
        answer_ = std::move(*early);
    } else if (request_.route->inline_) {
        begin();
    } else {
        const bool accepted = co_await begin_on_pool();
        if (!accepted) answer_ = problem(Error{Code::unavailable, {{"why", "too many requests are waiting"}}}, request_.language());
    }
    if (sink_) co_await receive_body();
    while (answer_ && std::holds_alternative<std::unique_ptr<Later>>(*answer_) && !cut_) co_await settle_later();
    co_await finish_request();
}

/// Takes the head apart and answers what no handler is needed for: bad targets, too many requests, no route, OPTIONS.
std::optional<Response> Session::answer_without_handler() {
    const Head& head = parser_.head();
    minor_version_ = head.minor_version;
    keep_alive_ = head.keep_alive && !loop_.stopping;
    expects_continue_ = head.expects_continue;
    decoder_ = {};
    body_left_ = head.content_length.value_or(0);
    body_done_ = !head.chunked && body_left_ == 0;
    std::optional<Response> early;
    try {
        request_ = make_request(head, in_);
    } catch (const Error& error) {
        request_ = Request{};
        request_.method = head.method.in(in_);
        request_.chunked = head.chunked;
        // A target of no known form may be a sign that the two sides disagree on where requests begin.
        if (error.code() == Code::bad_request) keep_alive_ = false;
        early = problem(error);
    }
    in_.erase(0, head.size);
    const auto given_id = request_.headers.get("x-request-id");
    request_.request_id = is_decent_id(given_id) ? std::string{given_id} : loop_.next_request_id();
    request_.remote = peer_.address;
    request_.remote_network = peer_.network;
    request_.secure = transport_.secure();
    const auto verdict = shared_.rate_limit.ask(peer_.network, started_);
    if (!verdict.allowed) {
        return problem(Error{Code::too_many_requests, {{"seconds", std::to_string(verdict.wait.count())}}}, request_.language());
    }
    if (early) return early;
    auto match = shared_.router.match(request_.method, request_.path);
    if (match.route) {
        request_.route = match.route;
        request_.params = std::move(match.params);
        return std::nullopt;
    }
    std::string allowed;
    for (const auto& method : match.allowed) allowed += (allowed.empty() ? "" : ", ") + method;
    if (request_.method == "OPTIONS" && (!allowed.empty() || request_.path == "*")) {
        Response response = Response::empty(204);
        if (!allowed.empty()) response.headers.add("Allow", allowed);
        return response;
    }
    if (allowed.empty()) return problem(Error{Code::not_found}, request_.language());
    return problem(Error{Code::method_not_allowed, {{"method", request_.method}, {"allowed", allowed}}}, request_.language());
}

Response Session::problem_of(const Error& error) const { return problem(error, request_.language()); }

void Session::begin() noexcept {
    sink_failed_ = false;
    guarded([&] {
        auto begun = request_.route->handler(request_);
        if (auto* sink = std::get_if<std::unique_ptr<BodySink>>(&begun)) {
            sink_ = std::move(*sink);
            // A small body that is there already needs no further trips to the pool.
            if (request_.chunked || body_left_ > in_.size()) return;
            if (body_left_ > 0) sink_->write({in_.data(), static_cast<std::size_t>(body_left_)});
            in_.erase(0, static_cast<std::size_t>(body_left_));
            bytes_in_ += std::exchange(body_left_, 0);
            body_done_ = true;
            answer_ = sink_->finish();
            sink_.reset();
            return;
        }
        std::visit([&](auto& value) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(value)>, std::unique_ptr<BodySink>>) answer_ = std::move(value);
        }, begun);
    });
}

Awaitable<bool> Session::begin_on_pool() {
    auto task = [this] { begin(); };
    const bool accepted = co_await on_pool(shared_.pool(request_.route->lane), task, shared_.settings.queue_max);
    co_return accepted;
}

/// Waits for an answer that comes later, and polls it on the pool.
Awaitable<void> Session::settle_later() {
    auto later = std::move(std::get<std::unique_ptr<Later>>(*answer_));
    answer_.reset();
    const auto target = std::make_shared<Wake::Target>(loop_.mailbox, *this);
    woken_.clear();
    bool expired = false;
    bool started = false;
    gone_ = false;
    for (;;) {
        // Set before the poll: its result decides, and a wake meanwhile is kept.
        auto poll = [&] {
            guarded([&] {
                if (!std::exchange(started, true)) {
                    limit_later_ = later->deadline();
                    later->on_ready(Wake{target});
                }
                if (auto got = later->poll(expired)) answer_ = std::move(*got);
                else if (expired) throw Error{Code::internal};
            });
            if (answer_) later.reset();
        };
        const bool accepted = co_await on_pool(shared_.pool(request_.route->lane), poll);
        if (!accepted) answer_ = problem_of(Error{Code::unavailable, {{"why", "the server stops"}}});
        if (answer_ || cut_) break;
        timed_out_ = false;
        loop_.deadlines.set(*this, limit_later_);
        waiting_ = true;
        watch_for_hangup();
        if (!loop_.stopping) co_await woken_.wait();
        waiting_ = false;
        expired = timed_out_ || loop_.stopping;
        if (gone_ || cut_) break;
    }
    target->waker = nullptr;
    unlimit();
    stop_watching();
    if (gone_) cut_ = true;
}

void Session::watch_for_hangup() {
    if (watching_) return;
    watching_ = std::make_shared<bool>(true);
    transport_.socket().async_wait(Socket::wait_read, [this, watching = watching_](const boost::system::error_code& error) {
        if (!*watching || error) return;
        if (!transport_.hung_up()) return;  // it sent its next request: from now on only a write can tell
        gone_ = true;
        if (waiting_) woken_.set();
    });
}

void Session::stop_watching() {
    if (!watching_) return;
    *watching_ = false;
    watching_.reset();
    transport_.cancel();
}

Awaitable<void> Session::finish_request() {
    if (sink_) {  // cut while the body came
        sink_.reset();
    }
    if (answer_ && !cut_) co_await send_answer();
    note_served();
    answer_.reset();
    if (handed_over_ || cut_) co_return;
    if (!body_done_ && keep_alive_) {
        const bool drained = co_await drain_body();
        if (!drained) {
            keep_alive_ = false;
            must_linger_ = true;
        }
    }
}

void Session::note_served() {
    if (!shared_.hooks.on_request) return;
    const std::chrono::duration<double> elapsed = Clock::now() - started_;
    const Served served{request_.method,
                        request_.route ? std::string_view{request_.route->pattern} : std::string_view{},
                        gone_ || status_ == 0 ? 499 : status_,
                        elapsed.count(),
                        bytes_in_,
                        bytes_out_,
                        request_.request_id,
                        peer_.address,
                        request_.headers.get("traceparent")};
    shared_.hooks.on_request(served);
}

}  // namespace millrace::http::detail
