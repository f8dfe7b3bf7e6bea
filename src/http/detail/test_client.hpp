#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

/// A client for tests that sends bytes as they are and reads with a deadline.
namespace millrace::http::detail {

class TestClient {
public:
    explicit TestClient(std::uint16_t port, int receive_buffer = 0) : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    ~TestClient() { ::close(fd_); }
    TestClient(const TestClient&) = delete;
    TestClient& operator=(const TestClient&) = delete;

    bool connected() const { return connected_; }

    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    void half_close() { ::shutdown(fd_, SHUT_WR); }

    struct Answer {
        int status = 0;  ///< 0: none came
        std::string head;
        std::string body;
        std::string header(std::string_view name) const {
            std::size_t at = head.find("\r\n");
            while (at != head.npos && at + 2 < head.size()) {
                const auto end = head.find("\r\n", at + 2);
                const auto line = std::string_view{head}.substr(at + 2, end - at - 2);
                const auto colon = line.find(": ");
                if (colon != line.npos && same_name(line.substr(0, colon), name)) return std::string{line.substr(colon + 2)};
                at = end;
            }
            return {};
        }
    };
    /// One complete answer; `bodiless` for an answer to HEAD.
    Answer read(bool bodiless = false) {
        Answer answer;
        answer.head = read_until("\r\n\r\n");
        if (answer.head.size() < 12) return answer;
        answer.status = std::stoi(answer.head.substr(9, 3));
        if (bodiless || answer.status == 204 || answer.status == 304 || answer.status < 200) return answer;
        if (answer.header("transfer-encoding") == "chunked") {
            for (;;) {
                const auto line = read_until("\r\n");
                const auto size = line.empty() ? 0 : std::stoul(line, nullptr, 16);
                answer.body += read_bytes(size);
                read_bytes(2);
                if (size == 0) return answer;
            }
        }
        const auto length = answer.header("content-length");
        answer.body = length.empty() ? read_all() : read_bytes(std::stoul(length));
        return answer;
    }
    Answer ask(std::string_view bytes, bool bodiless = false) {
        send(bytes);
        return read(bodiless);
    }

    /// Up to and including `end`; what came so far when the time is up or the server closes.
    std::string read_until(std::string_view end) {
        for (;;) {
            const auto at = buffer_.find(end);
            if (at != buffer_.npos) return take(at + end.size());
            if (!more()) return take(buffer_.size());
        }
    }
    std::string read_bytes(std::size_t size) {
        while (buffer_.size() < size && more()) {}
        return take(std::min(size, buffer_.size()));
    }
    std::string read_all() {
        while (more()) {}
        return take(buffer_.size());
    }
    /// Has the server closed its side, within the patience, with nothing more to read?
    bool closed() {
        while (more()) {}
        return buffer_.empty() && at_end_;
    }
    std::chrono::milliseconds patience{10'000};

private:
    bool more() {
        if (at_end_) return false;
        pollfd wait{fd_, POLLIN, 0};
        if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) return false;
        char chunk[65536];
        const auto n = ::recv(fd_, chunk, sizeof chunk, 0);
        if (n <= 0) {
            at_end_ = true;
            return false;
        }
        buffer_.append(chunk, static_cast<std::size_t>(n));
        return true;
    }
    std::string take(std::size_t size) {
        std::string out = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return out;
    }

    int fd_;
    bool connected_ = false;
    bool at_end_ = false;
    std::string buffer_;
};

}  // namespace millrace::http::detail
