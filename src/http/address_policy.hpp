#pragma once

#include <boost/describe/enum.hpp>

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Which addresses a URL that a user gave may lead to. Everything here is pure: no DNS, no sockets. A name is judged
/// twice: as it is written, and by the address that a connection is about to be opened to
/// (ClientRequest::judge_address), so a name that changes its mind in between gains nothing.
namespace millrace::http {

struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};  ///< IPv4: the first four
    bool v6 = false;

    bool operator==(const IpAddress&) const = default;
    /// Only the plain spellings: "127.0.0.1" without leading zeros, or IPv6 without brackets and zone. The others that
    /// resolvers know ("0x7f.1", "2130706433", "127.1") are nothing.
    static std::optional<IpAddress> parse(std::string_view text);
    std::string str() const;
};

/// What an address is, by the special-purpose registries of IANA (RFC 6890 and its updates).
BOOST_DEFINE_ENUM_CLASS(AddressKind, global, unspecified, loopback, private_network, shared, link_local, metadata, multicast,
                        documentation, reserved)

/// An address that carries another one (IPv4-mapped, NAT64, 6to4) is what the other one is.
AddressKind classify(const IpAddress& address);

/// Where a URL leads, read strictly.
struct Endpoint {
    bool https = true;
    std::string host;  ///< lower case, without brackets and final dot
    std::uint16_t port = 443;
    std::optional<IpAddress> literal;  ///< the host is an address
};

inline constexpr std::size_t url_bytes_max = 2048;

/// Takes http and https URLs of printable ASCII, with a DNS name or a plainly spelt address, without user name, password
/// and fragment. Stricter than any client, so that no client reads another host out of it. Else says why not.
std::expected<Endpoint, std::string> read_endpoint(std::string_view url);

/// Global addresses over https, on port 80, 443 or from 1024 on; and whatever an operator lists.
class AddressPolicy {
public:
    /// `allowed`: names ("hooks.example"), addresses ("127.0.0.1") and ranges ("10.0.0.0/8", "fd00::/8"), for which
    /// neither https nor a global address is asked. Entries that are none of these allow nothing.
    explicit AddressPolicy(const std::vector<std::string>& allowed = {});

    /// Why an entry cannot be understood; empty when it can.
    static std::string problem_of(std::string_view entry);

    /// Why no connection may go there, as far as that can be said without looking the name up; empty when it may.
    std::string refusal(const Endpoint& endpoint) const;
    /// Why this connection may not be opened; empty when it may. The text does not name the address: a user need not
    /// learn how names resolve inside.
    std::string refusal(const Endpoint& endpoint, const IpAddress& address) const;

private:
    struct Range {
        IpAddress address;
        int bits;
    };
    static std::optional<Range> parse_range(std::string_view entry);
    bool lists(const Endpoint& endpoint) const;
    bool lists(const IpAddress& address) const;

    std::vector<std::string> names_;
    std::vector<Range> ranges_;
};

}  // namespace millrace::http
