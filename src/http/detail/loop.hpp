#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/detail/deadlines.hpp"
#include "http/detail/list.hpp"
#include "http/detail/signal.hpp"
#include "http/server.hpp"

namespace millrace::http::detail {

/// Something that can be woken through a Wake.
struct Waker {
    virtual ~Waker() = default;
    virtual void on_wake() = 0;
};

/// Wakes on their way to one io thread. One system call per batch, however many there are.
class Mailbox : public std::enable_shared_from_this<Mailbox> {
public:
    explicit Mailbox(asio::io_context& io) : io_{&io} {}
    void push(std::shared_ptr<Wake::Target> target);
    /// Later wakes go nowhere; a Wake may outlive the server.
    void close();

private:
    void drain();

    std::mutex mutex_;
    std::vector<std::shared_ptr<Wake::Target>> waiting_;
    std::deque<std::shared_ptr<Wake::Target>> draining_;  ///< io thread only
    asio::io_context* io_;
    bool closed_ = false;
};

/// Memory for bodies, in blocks of 256 KiB. At most a fixed number is out at a time; others wait in order.
class Blocks {
public:
    static constexpr std::size_t block_bytes = 256 * 1024;
    Blocks(asio::io_context& io, std::size_t blocks_max) : io_{io}, left_{blocks_max} {}

    class Block {
    public:
        Block() = default;
        Block(Blocks& home, std::unique_ptr<char[]> memory) : home_{&home}, memory_{std::move(memory)} {}
        Block(Block&& other) noexcept : home_{std::exchange(other.home_, nullptr)}, memory_{std::move(other.memory_)} {}
        Block& operator=(Block&& other) noexcept {
            std::swap(home_, other.home_);
            std::swap(memory_, other.memory_);
            return *this;
        }
        ~Block() { release(); }
        void release();
        char* data() { return memory_.get(); }
        explicit operator bool() const { return memory_ != nullptr; }

    private:
        Blocks* home_ = nullptr;
        std::unique_ptr<char[]> memory_;
    };
    Awaitable<Block> take();

private:
    void give_back(std::unique_ptr<char[]> memory);

    asio::io_context& io_;
    std::size_t left_;
    std::vector<std::unique_ptr<char[]>> spare_;
    std::deque<Signal*> waiting_;
};

/// A connection of either kind, as the loop sees it when it stops.
struct Client : Timed, Waker {
    struct Node : ListNode {
        Client* owner = nullptr;
    } membership;
    /// Ends soon: at once when nothing is under way, else after it.
    virtual void wind_down() = 0;
    /// Ends now.
    virtual void cut() = 0;
};

struct Shared;

/// One io thread and what lives on it. All members but `io` and `mailbox` belong to that thread.
class Loop {
public:
    Loop(Shared& server, std::size_t blocks_max);
    ~Loop();

    void add(Client& client);
    void remove(Client& client);
    std::string_view date();  ///< for the Date field, made once a second
    std::string next_request_id();
    void wind_down();
    void cut_all();

    Shared& shared;
    asio::io_context io{1};
    std::shared_ptr<Mailbox> mailbox;
    Deadlines deadlines;
    Blocks blocks;
    std::string scratch;  ///< heads and stream text on their way out; never kept over a wait
    bool stopping = false;

private:
    List clients_;
    std::string date_;
    std::time_t date_second_ = 0;
    std::string id_prefix_;
    std::uint64_t id_next_ = 0;
};

}  // namespace millrace::http::detail

namespace millrace::http {

struct Wake::Target {
    Target(std::shared_ptr<detail::Mailbox> to, detail::Waker& who) : mailbox{std::move(to)}, waker{&who} {}
    std::shared_ptr<detail::Mailbox> mailbox;  ///< outlives its loop when the source does
    detail::Waker* waker;                      ///< io thread only; null once the connection is gone
    std::atomic<bool> pending = false;
};

}  // namespace millrace::http
