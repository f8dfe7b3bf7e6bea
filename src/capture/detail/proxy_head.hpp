#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/address_policy.hpp"

/// Heads as they pass a proxy (RFC 9112). Pure: bytes in, bytes out.
namespace millrace::capture::detail {

inline constexpr std::size_t head_bytes_max = 256 * 1024;

/// What a browser asks a proxy for.
struct ProxyRequest {
    bool tunnel = false;          ///< CONNECT
    http::Endpoint endpoint{};    ///< where to
    std::string head;             ///< what to send there; nothing for a tunnel
    std::uint64_t body_bytes = 0;  ///< that follow
};

/// `head` ends with its empty line. Nothing for what is no request to a proxy, or is one with a body of unknown length.
std::optional<ProxyRequest> read_request(std::string_view head);

/// The head of an answer that ends its connection, whatever the server says; nothing for what is no head. A head with status
/// 1xx is answered unchanged; 101 is nothing.
std::optional<std::string> closing_head(std::string_view head);

/// The status of an answer's head; 0 for what is none.
int status_of(std::string_view head);

}  // namespace millrace::capture::detail
