#pragma once

#include "http/address_policy.hpp"
#include "http/client.hpp"

namespace millrace::http {

/// A file to be fetched from an address that a user has given.
struct Fetch {
    std::string url;
    std::uint64_t bytes_max = 0;
    int redirects_max = 5;
    std::string user_agent = "millrace";
    Duration idle_timeout = 60s;
    std::optional<Deadline> deadline;
    std::stop_token stop;
    /// The bytes as they come; `total` when the server has told how many there will be.
    std::function<void(std::string_view block, std::optional<std::uint64_t> total)> on_body;
};

struct Fetched {
    std::string filename;  ///< as the server names it, else the end of the address: data, not a path
    std::string media_type;
    std::uint64_t bytes = 0;
};

/// Every address on the way, of redirects too, is judged by the policy before a connection is opened to it. Throws
/// Error{address_refused}, Error{bad_request} for an answer that trying again will not change, Error{payload_too_large}
/// as soon as that is known, and what Client::send throws.
Fetched fetch(const Fetch& wanted, const AddressPolicy& policy);

/// The last segment of the path, decoded; else the host.
std::string filename_of_url(std::string_view url);

}  // namespace millrace::http
