// Writing answers.
#include <array>

#include "http/detail/answer.hpp"
#include "http/detail/session_pool.hpp"
#include "http/detail/stream.hpp"

namespace millrace::http::detail {
namespace {

constexpr std::size_t download_block_bytes = 64 * 1024;
constexpr std::string_view no_text;

iovec part(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

}  // namespace

Awaitable<void> Session::send_answer() {
    if (!body_done_ && !can_drain()) {
        keep_alive_ = false;
        must_linger_ = true;
    }
    if (loop_.stopping) keep_alive_ = false;
    if (auto* response = std::get_if<Response>(&*answer_)) {
        co_await send_response(*response);
    } else if (auto* download = std::get_if<Download>(&*answer_)) {
        co_await send_download(*download);
    } else if (auto* stream = std::get_if<EventStream>(&*answer_)) {
        hand_over(std::move(*stream));
    }
}

std::string_view Session::head_text(int status, const Headers& headers, std::optional<std::uint64_t> length, bool chunked,
                                    std::string_view etag) {
    status_ = status;
    Envelope envelope;
    envelope.status = status;
    envelope.length = length;
    envelope.chunked = chunked;
    envelope.keep_alive = keep_alive_;
    envelope.minor_version = minor_version_;
    envelope.date = loop_.date();
    envelope.request_id = request_.request_id;
    envelope.etag = etag;
    envelope.more = &request_.answer_headers;
    loop_.scratch.clear();
    append_head(loop_.scratch, envelope, headers);
    return loop_.scratch;
}

bool Session::not_modified(int status, std::string_view etag) const {
    const bool conditional = status == 200 && (request_.method == "GET" || request_.method == "HEAD");
    return conditional && etag_matches(request_.headers.get("if-none-match"), etag);
}

Awaitable<void> Session::send_response(Response& response) {
    const int status = not_modified(response.status, response.etag) ? 304 : response.status;
    std::optional<std::uint64_t> length;
    if (status != 304 && status != 204) length = response.body.size();
    const bool bodiless = !length || request_.method == "HEAD";
    const auto head = head_text(status, response.headers, length, false, response.etag);
    const auto body = bodiless ? std::string_view{} : std::string_view{response.body};
    const bool sent = co_await send(head, body);
    if (!sent) cut_ = true;
}

Awaitable<void> Session::send_download(Download& download) {
    Headers& headers = download.headers;
    headers.set("Content-Type", download.content_type);
    if (!download.filename.empty()) headers.set("Content-Disposition", content_disposition(download.filename));
    int status = not_modified(download.status, download.etag) ? 304 : download.status;
    std::uint64_t offset = 0;
    auto size = download.size;
    if (size && status == 200 && !download.etag.empty()) {
        headers.set("Accept-Ranges", "bytes");
        const auto if_range = request_.headers.find("if-range");
        const bool wanted = request_.method == "GET" && (!if_range || (*if_range == download.etag && !if_range->starts_with("W/")));
        ByteRange range{};
        const auto verdict = wanted ? judge_range(request_.headers.get("range"), *size, range) : RangeVerdict::whole;
        if (verdict == RangeVerdict::unsatisfiable) {
            Response refused = problem_of(Error{Code::range_not_satisfiable, {{"size", std::to_string(*size)}}});
            co_await send_response(refused);
            co_return;
        }
        if (verdict == RangeVerdict::part) {
            status = 206;
            headers.set("Content-Range", "bytes " + std::to_string(range.first) + '-' +
                                             std::to_string(range.first + range.size - 1) + '/' + std::to_string(*size));
            offset = range.first;
            size = range.size;
        }
    }
    const bool bodiless = status == 304 || request_.method == "HEAD" || size == 0;
    if (!size && minor_version_ == 0) keep_alive_ = false;
    if (!bodiless) {
        // The first block comes before the head: what fails at once is still answered as a problem.
        download_block_ = std::make_unique_for_overwrite<char[]>(download_block_bytes);
        const bool read = co_await read_block(download, offset, size);
        if (!read) {
            Response failed = problem_of(*download_error_);
            co_await send_response(failed);
            co_return;
        }
    }
    const bool chunked = !size && minor_version_ == 1 && status != 304;
    const auto head = head_text(status, headers, status == 304 ? std::nullopt : size, chunked, download.etag);
    bool sent = false;
    if (bodiless) sent = co_await send(head, no_text);
    else sent = co_await send_blocks(download, offset, size);
    download_block_.reset();
    if (!sent) cut_ = true;
}

/// Sends what stands in the scratch, the block that has been read, and all blocks after it.
Awaitable<bool> Session::send_blocks(Download& download, std::uint64_t offset, std::optional<std::uint64_t> size) {
    const bool chunked = !size && minor_version_ == 1;
    bool first = true;
    for (;;) {
        const std::string_view block{download_block_.get(), download_bytes_};
        if (!first) loop_.scratch.clear();
        if (chunked) {
            if (!first) loop_.scratch += "\r\n";  // the end of the chunk before
            if (!block.empty()) append_chunk_head(loop_.scratch, block.size());
            else loop_.scratch += "0\r\n\r\n";
        }
        first = false;
        offset += block.size();
        if (size) *size -= block.size();
        const bool sent = co_await send(loop_.scratch, block);
        if (!sent) co_return false;
        if (block.empty() || size == 0) co_return true;
        const bool read = co_await read_block(download, offset, size);
        if (!read) co_return false;
    }
}

/// Reads the next block on the file pool; on failure `download_error_` says why.
Awaitable<bool> Session::read_block(Download& download, std::uint64_t offset, std::optional<std::uint64_t> left) {
    const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(download_block_bytes, left.value_or(download_block_bytes)));
    download_error_.reset();
    auto task = [this, &download, offset, want, known = left.has_value()] {
        try {
            download_bytes_ = std::min(download.read(offset, {download_block_.get(), want}), want);
            if (download_bytes_ == 0 && known) {
                shared_.report("download ended early", {{"request_id", request_.request_id}});
                download_error_.emplace(Code::internal);
            }
        } catch (const Error& error) {
            shared_.report("download failed", {{"request_id", request_.request_id}, {"what", error.what()}});
            download_error_ = error;
        } catch (const std::exception& error) {
            shared_.report("download failed", {{"request_id", request_.request_id}, {"what", error.what()}});
            download_error_.emplace(Code::internal);
        }
    };
    const bool accepted = co_await on_pool(shared_.files, task);
    if (!accepted) download_error_.emplace(Code::unavailable);
    co_return !download_error_;
}

void Session::hand_over(EventStream stream) {
    keep_alive_ = false;
    handed_over_ = true;
    const bool socket = !stream.web_socket_accept.empty();
    const auto framing = socket ? Framing::web_socket
                         : minor_version_ == 1 && request_.method != "HEAD" ? Framing::chunked : Framing::none;
    if (socket) {
        stream.headers.set("Upgrade", "websocket");
        stream.headers.set("Sec-WebSocket-Accept", stream.web_socket_accept);
    } else {
        stream.headers.set("Content-Type", "text/event-stream; charset=utf-8");
        stream.headers.set("X-Accel-Buffering", "no");  // nginx would collect events otherwise
    }
    std::string head{head_text(socket ? 101 : 200, stream.headers, std::nullopt, framing == Framing::chunked, {})};
    if (request_.method == "HEAD") stream.source.reset();
    Stream::start(loop_, std::move(transport_), std::move(stream.source), std::move(head), framing, in_);
}

Awaitable<bool> Session::send(std::string_view head, std::string_view body) {
    const std::array parts{part(head), part(body)};
    const Io io = transport_.write(parts);
    if (io.state == Io::State::closed || io.state == Io::State::failed) co_return false;
    bytes_out_ += io.bytes;
    if (io.bytes == head.size() + body.size()) co_return true;
    if (io.bytes < head.size()) {
        pending_ = head.substr(io.bytes);  // the scratch is another's as soon as we wait
        const bool sent = co_await flush(pending_);
        if (!sent) co_return false;
    } else {
        body.remove_prefix(io.bytes - head.size());
    }
    const bool sent = co_await flush(body);
    co_return sent;
}

Awaitable<bool> Session::flush(std::string_view rest) {
    limit(shared_.settings.body_idle_timeout);
    while (!rest.empty()) {
        const std::array parts{part(rest)};
        const Io io = transport_.write(parts);
        if (io.state == Io::State::closed || io.state == Io::State::failed) co_return false;
        if (io.state == Io::State::ok) {
            rest.remove_prefix(io.bytes);
            bytes_out_ += io.bytes;
            if (io.bytes > 0) limit(shared_.settings.body_idle_timeout);
            continue;
        }
        const bool ready = co_await wait_for(io.state);
        if (!ready) co_return false;
    }
    unlimit();
    co_return true;
}

}  // namespace millrace::http::detail
