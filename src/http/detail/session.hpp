#pragma once

#include <optional>
#include <string>

#include "http/detail/chunked.hpp"
#include "http/detail/head.hpp"
#include "http/detail/loop.hpp"
#include "http/detail/shared.hpp"
#include "http/detail/transport.hpp"

namespace millrace::http::detail {

struct Peer {
    std::string address;      ///< without port
    std::uint64_t network;  ///< see Request::remote_network
};

/// One connection from accept to close, or until it becomes a Stream. Lives on its loop; while a handler runs on a pool,
/// `request_`, `answer_`, `sink_` and the body in `in_` belong to the handler.
class Session final : public Client {
public:
    Session(Loop& loop, Socket socket, Peer peer);
    ~Session() override;

    /// Serves the connection until its end.
    static Awaitable<void> main(std::unique_ptr<Session> session);

    void on_deadline() override;
    void on_wake() override;
    void wind_down() override;
    void cut() override;

private:
    Awaitable<void> run();
    Awaitable<bool> handshake();

    // Reading. `false`: the connection is of no more use, or has been answered for the last time.
    Awaitable<bool> read_head();
    Awaitable<void> refuse(Refusal refusal);
    Awaitable<bool> wait_for(Io::State want);
    Io read_more();

    // Answering.
    Awaitable<void> serve();
    std::optional<Response> answer_without_handler();
    void begin() noexcept;
    template <class F>
    void guarded(F work) noexcept;
    Response problem_of(const Error& error) const;
    Awaitable<bool> begin_on_pool();
    Awaitable<void> settle_later();
    Awaitable<void> finish_request();

    // The body.
    enum class BodyEnd { complete, closed, late, broken };
    Awaitable<void> receive_body();
    Awaitable<BodyEnd> pump_body();
    Io fill(char* block, std::size_t& filled);
    void write_block(Blocks::Block block, std::size_t size, bool last);
    void sink_block(std::size_t size, bool last) noexcept;
    Awaitable<void> abort_sink(BodyEnd end);
    Awaitable<bool> drain_body();
    bool can_drain() const;

    // Writing.
    Awaitable<void> send_answer();
    Awaitable<void> send_response(Response& response);
    Awaitable<void> send_download(Download& download);
    Awaitable<bool> send_blocks(Download& download, std::uint64_t offset, std::optional<std::uint64_t> size);
    Awaitable<bool> read_block(Download& download, std::uint64_t offset, std::optional<std::uint64_t> left);
    bool not_modified(int status, std::string_view etag) const;
    void hand_over(EventStream stream);
    /// Writes both, the first one being a view of the loop's scratch.
    Awaitable<bool> send(std::string_view head, std::string_view body);
    Awaitable<bool> flush(std::string_view rest);
    Awaitable<void> linger();
    std::string_view head_text(int status, const Headers& headers, std::optional<std::uint64_t> length, bool chunked,
                               std::string_view etag);

    void limit(Duration time);
    void unlimit();
    template <class F>
    Awaitable<bool> on_pool(Workers& pool, F task, std::size_t queue_max = SIZE_MAX);
    void watch_for_hangup();
    void stop_watching();
    void note_served();

    Loop& loop_;
    Shared& shared_;
    Transport transport_;
    const Peer peer_;
    HeadParser parser_;
    std::string in_;  ///< received and not used yet

    // Of the connection.
    bool keep_alive_ = true;
    bool must_linger_ = false;  ///< the peer may be sending still: closing at once could destroy our answer
    bool handed_over_ = false;
    bool first_ = true;  ///< no request has come yet: the limit for its head runs since the accept
    bool timed_out_ = false;
    bool cut_ = false;
    bool idle_ = false;     ///< waits for a request of which nothing has come
    bool waiting_ = false;  ///< a Later is being waited for
    bool gone_ = false;     ///< the client left during that
    Deadline limit_later_;
    Signal hop_;            ///< a pool task is done
    Signal woken_;
    std::shared_ptr<bool> watching_;  ///< of the look-out for a client that leaves; false = nobody listens any more

    // Of the request.
    Request request_;
    std::optional<Answer> answer_;
    std::unique_ptr<BodySink> sink_;
    ChunkDecoder decoder_;
    std::uint64_t body_left_ = 0;
    bool body_done_ = true;
    bool expects_continue_ = false;
    Blocks::Block writing_block_;
    bool writing_ = false;
    bool sink_failed_ = false;
    Signal written_;
    std::string small_;  ///< body of a slow client, until it is worth a block
    std::string pending_;
    int minor_version_ = 1;
    int status_ = 0;
    std::uint64_t bytes_in_ = 0, bytes_out_ = 0;
    Clock::time_point started_;

    // Of a download: the block being read on the file pool.
    std::unique_ptr<char[]> download_block_;
    std::size_t download_bytes_ = 0;
    std::optional<Error> download_error_;
};

}  // namespace millrace::http::detail
