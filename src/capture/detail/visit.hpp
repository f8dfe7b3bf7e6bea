#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/descriptor.hpp"
#include "http/address_policy.hpp"

namespace millrace::capture::detail {

/// A host that a page was not let through to.
struct Refusal {
    std::string why;
    std::uint64_t times = 0;
};

/// What one capture may do on the network, and what it did. Shared by the connections that it opened: any thread.
class Visit {
public:
    /// `on_limit` is called once, when the capture has taken all the bytes it may.
    Visit(const http::AddressPolicy& policy, std::uint64_t bytes_max, std::function<void()> on_limit)
        : policy_{policy}, bytes_max_{bytes_max}, on_limit_{std::move(on_limit)} {}

    /// A socket connected to an address of the endpoint that the policy allows. The name is looked up once per capture, and
    /// must lead to allowed addresses only; what is judged is what is connected to. Empty when refused, or nobody answers.
    Descriptor connect(const http::Endpoint& endpoint, Deadline deadline);

    /// Counts bytes that came; false when there were too many.
    bool take(std::size_t bytes);

    /// Sockets that `close` ends. False when it has been called already.
    bool add(int socket);
    void remove(int socket);
    /// Ends every connection, and lets no further one begin.
    void close();

    std::uint64_t bytes() const { return bytes_; }
    bool is_over_limit() const { return bytes_ > bytes_max_; }
    /// Why no connection went to the host of the URL; nothing when one might have.
    std::optional<std::string> refusal(std::string_view url) const;
    std::map<std::string, Refusal> refusals() const;

private:
    struct Place {
        std::vector<http::IpAddress> addresses;
        std::string why;  ///< not to be connected to
    };
    Place find(const http::Endpoint& endpoint);
    Place judge(const http::Endpoint& endpoint) const;
    void note_refusal(const http::Endpoint& endpoint, const std::string& why);

    const http::AddressPolicy& policy_;
    const std::uint64_t bytes_max_;
    const std::function<void()> on_limit_;
    std::atomic<std::uint64_t> bytes_ = 0;
    mutable std::mutex mutex_;
    bool closed_ = false;
    std::set<int> sockets_;
    std::map<std::string, Place> places_;
    std::map<std::string, Refusal> refusals_;
};

}  // namespace millrace::capture::detail
