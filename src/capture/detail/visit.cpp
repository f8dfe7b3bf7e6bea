#include "capture/detail/visit.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace millrace::capture::detail {
namespace {

constexpr std::size_t places_max = 4096;  ///< of one capture; more hosts are refused

/// A page may be read without TLS; everything else that the policy says of https is asked of it too.
http::Endpoint as_https(http::Endpoint endpoint) {
    endpoint.https = true;
    return endpoint;
}

std::string key_of(const http::Endpoint& endpoint) { return endpoint.host + ':' + std::to_string(endpoint.port); }

std::vector<http::IpAddress> look_up(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return {};
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned{list, ::freeaddrinfo};
    std::vector<http::IpAddress> found;
    for (const auto* each = list; each; each = each->ai_next) {
        http::IpAddress address;
        if (each->ai_family == AF_INET) {
            std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in*>(each->ai_addr)->sin_addr, 4);
        } else if (each->ai_family == AF_INET6) {
            address.v6 = true;
            std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(each->ai_addr)->sin6_addr, 16);
        } else {
            continue;
        }
        found.push_back(address);
    }
    return found;
}

bool wait_connected(int socket, Deadline deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        pollfd wanted{.fd = socket, .events = POLLOUT, .revents = 0};
        const int got = ::poll(&wanted, 1, static_cast<int>(std::max<long>(0, left)));
        if (got == 0) return false;
        if (got < 0 && errno == EINTR) continue;
        int error = 0;
        socklen_t size = sizeof error;
        return got > 0 && ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
    }
}

Descriptor connect_to(const http::IpAddress& address, std::uint16_t port, Deadline deadline) {
    sockaddr_storage storage{};
    socklen_t size = 0;
    if (address.v6) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
        size = sizeof v6;
    } else {
        auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
        size = sizeof v4;
    }
    Descriptor socket{::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket) return socket;
    const bool done = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0;
    if (!done && (errno != EINPROGRESS || !wait_connected(socket.get(), deadline))) socket.reset();
    return socket;
}

}  // namespace

Visit::Place Visit::judge(const http::Endpoint& endpoint) const {
    const auto wanted = as_https(endpoint);
    Place place;
    place.why = policy_.refusal(wanted);
    if (!place.why.empty()) return place;
    if (endpoint.literal) place.addresses = {*endpoint.literal};
    else place.addresses = look_up(endpoint.host);
    for (const auto& address : place.addresses) {
        place.why = policy_.refusal(wanted, address);
        if (!place.why.empty()) break;
    }
    return place;
}

Visit::Place Visit::find(const http::Endpoint& endpoint) {
    const auto key = key_of(endpoint);
    {
        const std::lock_guard hold{mutex_};
        if (const auto known = places_.find(key); known != places_.end()) return known->second;
        if (places_.size() >= places_max) return {.addresses = {}, .why = "the page asks for too many hosts"};
    }
    auto place = judge(endpoint);
    const std::lock_guard hold{mutex_};
    // The first answer of two that were asked for at the same time is the one.
    return places_.try_emplace(key, std::move(place)).first->second;
}

Descriptor Visit::connect(const http::Endpoint& endpoint, Deadline deadline) {
    const auto place = find(endpoint);
    if (!place.why.empty()) {
        note_refusal(endpoint, place.why);
        return Descriptor{};
    }
    for (const auto& address : place.addresses) {
        if (auto socket = connect_to(address, endpoint.port, deadline)) return socket;
    }
    return Descriptor{};
}

void Visit::note_refusal(const http::Endpoint& endpoint, const std::string& why) {
    const std::lock_guard hold{mutex_};
    auto key = key_of(endpoint);
    if (refusals_.size() >= places_max && !refusals_.contains(key)) return;
    auto& refusal = refusals_[std::move(key)];
    refusal.why = why;
    ++refusal.times;
}

bool Visit::take(std::size_t bytes) {
    const auto before = bytes_.fetch_add(bytes);
    if (before + bytes <= bytes_max_) return true;
    if (before <= bytes_max_) on_limit_();
    return false;
}

bool Visit::add(int socket) {
    const std::lock_guard hold{mutex_};
    if (!closed_) sockets_.insert(socket);
    return !closed_;
}

void Visit::remove(int socket) {
    const std::lock_guard hold{mutex_};
    sockets_.erase(socket);
}

void Visit::close() {
    const std::lock_guard hold{mutex_};
    closed_ = true;
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
}

std::optional<std::string> Visit::refusal(std::string_view url) const {
    // The path may be longer than read_endpoint takes.
    const auto slashes = url.find("://");
    const auto end = slashes == url.npos ? url.npos : url.find_first_of("/?#", slashes + 3);
    const auto endpoint = http::read_endpoint(std::string{url.substr(0, end)} + '/');
    if (!endpoint) return std::nullopt;
    const std::lock_guard hold{mutex_};
    const auto found = refusals_.find(key_of(*endpoint));
    return found == refusals_.end() ? std::nullopt : std::optional{found->second.why};
}

std::map<std::string, Refusal> Visit::refusals() const {
    const std::lock_guard hold{mutex_};
    return refusals_;
}

}  // namespace millrace::capture::detail
