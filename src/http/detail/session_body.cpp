// Reading bodies: the socket fills one block while the sink writes the one before.
#include <cstring>

#include "http/detail/session_pool.hpp"

namespace millrace::http::detail {
namespace {

/// Below this, bytes of a slow client wait in a small buffer: a block is never held by somebody who does not send. The
/// first bytes are handed over as they come: the head of a form is in them, and what it names is to be seen at once.
constexpr std::size_t worth_a_block = 16 * 1024;
/// A refused body up to this size is read to its end, so that the connection can go on.
constexpr std::uint64_t drain_bytes_max = 64 * 1024;
constexpr std::string_view no_text;
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

bool ended(Io::State state) { return state == Io::State::closed || state == Io::State::failed; }

}  // namespace

Awaitable<void> Session::receive_body() {
    small_.clear();
    sink_failed_ = false;
    BodyEnd end = BodyEnd::complete;
    if (expects_continue_ && in_.empty()) {
        const bool sent = co_await send(go_on, no_text);
        if (!sent) end = BodyEnd::closed;
    }
    expects_continue_ = false;
    if (end == BodyEnd::complete) end = co_await pump_body();
    while (writing_) co_await written_.wait();
    unlimit();
    if (sink_failed_) {
        keep_alive_ = keep_alive_ && body_done_;
        must_linger_ = !body_done_;
        co_return;
    }
    if (end != BodyEnd::complete) co_await abort_sink(end);
}

/// Moves the body to the sink. The last block carries `finish` with it.
Awaitable<Session::BodyEnd> Session::pump_body() {
    for (;;) {
        Blocks::Block block = co_await loop_.blocks.take();
        std::size_t filled = small_.size();
        std::memcpy(block.data(), small_.data(), filled);
        small_.clear();
        Io io = fill(block.data(), filled);
        if (writing_ && !body_done_ && io.state != Io::State::ok) {
            // The sink is still busy: what arrives meanwhile goes into the same block.
            while (writing_) co_await written_.wait();
            if (!ended(io.state)) io = fill(block.data(), filled);
        }
        if (cut_) co_return BodyEnd::closed;
        const bool broken = !decoder_.why().empty();
        const bool over = body_done_ || broken || ended(io.state);
        if (filled >= worth_a_block || bytes_in_ <= worth_a_block || over) {
            while (writing_) co_await written_.wait();
            if (sink_failed_) co_return BodyEnd::broken;
            if (filled > 0 || body_done_) write_block(std::move(block), filled, body_done_);
        } else {
            small_.assign(block.data(), filled);
        }
        if (body_done_) co_return BodyEnd::complete;
        if (broken) co_return BodyEnd::broken;
        if (ended(io.state)) co_return BodyEnd::closed;
        if (io.state == Io::State::ok) continue;
        block.release();
        limit(shared_.settings.body_idle_timeout);
        const bool ready = co_await wait_for(io.state);
        if (!ready) co_return timed_out_ ? BodyEnd::late : BodyEnd::closed;
    }
}

/// Reads until the block is full (ok), the body ends (ok), or the socket has nothing more (its state).
Io Session::fill(char* block, std::size_t& filled) {
    while (filled < Blocks::block_bytes && !body_done_) {
        std::size_t room = Blocks::block_bytes - filled;
        if (!request_.chunked) room = static_cast<std::size_t>(std::min<std::uint64_t>(room, body_left_));
        std::size_t got = std::min(room, in_.size());
        if (got > 0) {
            std::memcpy(block + filled, in_.data(), got);
            in_.erase(0, got);
        } else {
            const Io io = transport_.read(block + filled, room);
            if (io.state != Io::State::ok) return io;
            got = io.bytes;
        }
        bytes_in_ += got;
        if (!request_.chunked) {
            filled += got;
            body_left_ -= got;
            body_done_ = body_left_ == 0;
            continue;
        }
        const auto result = decoder_.decode(block + filled, got);
        body_done_ = result.state == ChunkDecoder::State::done;
        if (body_done_) in_.insert(0, block + filled + result.used, got - result.used);
        filled += result.size;
        if (result.state == ChunkDecoder::State::refused) break;
    }
    return {Io::State::ok};
}

void Session::write_block(Blocks::Block block, std::size_t size, bool last) {
    writing_block_ = std::move(block);
    writing_ = true;
    auto job = [this, size, last] {
        sink_block(size, last);
        asio::post(loop_.io, [this] {
            writing_block_.release();
            writing_ = false;
            if (sink_failed_) transport_.cancel();  // whoever waits for more of the body need not
            written_.set();
        });
    };
    if (!shared_.pool(request_.route->lane).submit(std::move(job))) std::terminate();  // pools outlive sessions
}

void Session::sink_block(std::size_t size, bool last) noexcept {
    guarded([&] {
        if (size > 0) sink_->write({writing_block_.data(), size});
        if (!last) return;
        answer_ = sink_->finish();
        sink_.reset();
    });
}

/// Tells the sink why its body ends here; what had arrived has been written (an interrupted upload can be resumed).
Awaitable<void> Session::abort_sink(BodyEnd end) {
    const std::string received = std::to_string(bytes_in_);
    std::optional<Error> reason;
    if (end == BodyEnd::late) reason.emplace(Code::request_timeout, Error::Args{{"received", received}});
    else if (decoder_.why().empty()) reason.emplace(Code::upload_aborted, Error::Args{{"received", received}});
    else reason.emplace(Code::bad_request, Error::Args{{"why", std::string{decoder_.why()}}});
    auto task = [this, &reason] {
        guarded([&] {
            if (!small_.empty()) sink_->write({small_.data(), small_.size()});
            sink_->abort(*reason);
            sink_.reset();
        });
    };
    const bool accepted = co_await on_pool(shared_.pool(request_.route->lane), task);
    if (!accepted) sink_.reset();
    answer_ = problem_of(*reason);
    keep_alive_ = false;
    must_linger_ = true;
}

/// Reads away a small body nobody wants, so that the next request can be read.
Awaitable<bool> Session::drain_body() {
    limit(shared_.settings.body_idle_timeout);
    char waste[4096];
    while (body_left_ > 0) {
        std::size_t got = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, in_.size()));
        if (got > 0) {
            in_.erase(0, got);
        } else {
            const Io io = transport_.read(waste, static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, sizeof waste)));
            if (ended(io.state)) co_return false;
            if (io.state != Io::State::ok) {
                const bool ready = co_await wait_for(io.state);
                if (!ready) co_return false;
                continue;
            }
            got = io.bytes;
        }
        body_left_ -= got;
        bytes_in_ += got;
    }
    body_done_ = true;
    unlimit();
    co_return true;
}

bool Session::can_drain() const {
    return !request_.chunked && !expects_continue_ && body_left_ <= drain_bytes_max;
}

}  // namespace millrace::http::detail
