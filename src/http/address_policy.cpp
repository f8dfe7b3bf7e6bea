#include "http/address_policy.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/describe/enum_to_string.hpp>
#include <charconv>
#include <cstring>

namespace millrace::http {
namespace {

struct Special {
    const char* address;
    int bits;
    AddressKind kind;
};

/// From the IANA IPv4 Special-Purpose Address Registry; the first that holds counts.
constexpr Special special_v4[] = {
    {"169.254.169.254", 32, AddressKind::metadata},  // most clouds
    {"100.100.100.200", 32, AddressKind::metadata},  // Alibaba
    {"168.63.129.16", 32, AddressKind::metadata},    // Azure; global by its number
    {"192.0.0.192", 32, AddressKind::metadata},      // Oracle
    {"0.0.0.0", 8, AddressKind::unspecified},        // 0.0.0.0 reaches loopback on Linux
    {"10.0.0.0", 8, AddressKind::private_network},
    {"100.64.0.0", 10, AddressKind::shared},
    {"127.0.0.0", 8, AddressKind::loopback},
    {"169.254.0.0", 16, AddressKind::link_local},
    {"172.16.0.0", 12, AddressKind::private_network},
    {"192.0.0.0", 24, AddressKind::reserved},
    {"192.0.2.0", 24, AddressKind::documentation},
    {"192.88.99.0", 24, AddressKind::reserved},  // 6to4 relays
    {"192.168.0.0", 16, AddressKind::private_network},
    {"198.18.0.0", 15, AddressKind::reserved},  // benchmarks between networks of one owner
    {"198.51.100.0", 24, AddressKind::documentation},
    {"203.0.113.0", 24, AddressKind::documentation},
    {"224.0.0.0", 4, AddressKind::multicast},
    {"240.0.0.0", 4, AddressKind::reserved},
};

/// From the IPv6 one. What is not global unicast (2000::/3) is reserved anyway.
constexpr Special special_v6[] = {
    {"::", 128, AddressKind::unspecified},
    {"::1", 128, AddressKind::loopback},
    {"fd00:ec2::254", 128, AddressKind::metadata},  // AWS
    {"fd20:ce::254", 128, AddressKind::metadata},   // Google
    {"fc00::", 7, AddressKind::private_network},
    {"64:ff9b:1::", 48, AddressKind::private_network},  // NAT64 of one's own network
    {"fe80::", 10, AddressKind::link_local},
    {"fec0::", 10, AddressKind::private_network},
    {"ff00::", 8, AddressKind::multicast},
    {"2001:db8::", 32, AddressKind::documentation},
    {"3fff::", 20, AddressKind::documentation},
    {"2001::", 23, AddressKind::reserved},  // Teredo, ORCHID and others that are no ordinary hosts
};

IpAddress constant(const char* text) {
    IpAddress out;
    out.v6 = ::inet_pton(AF_INET6, text, out.bytes.data()) == 1;
    if (!out.v6) ::inet_pton(AF_INET, text, out.bytes.data());
    return out;
}

bool within(const IpAddress& address, const IpAddress& network, int bits) {
    if (address.v6 != network.v6) return false;
    const auto whole = static_cast<std::size_t>(bits / 8);
    if (!std::equal(network.bytes.begin(), network.bytes.begin() + static_cast<std::ptrdiff_t>(whole), address.bytes.begin())) return false;
    const int rest = bits % 8;
    return rest == 0 || (address.bytes[whole] ^ network.bytes[whole]) >> (8 - rest) == 0;
}

template <std::size_t N>
std::optional<AddressKind> kind_in(const Special (&table)[N], const IpAddress& address) {
    for (const auto& special : table) {
        if (within(address, constant(special.address), special.bits)) return special.kind;
    }
    return std::nullopt;
}

IpAddress v4_at(const IpAddress& address, std::size_t offset) {
    IpAddress out;
    std::copy_n(address.bytes.begin() + static_cast<std::ptrdiff_t>(offset), 4, out.bytes.begin());
    return out;
}

/// The IPv4 address that packets to this IPv6 address end up at, if there is one.
std::optional<IpAddress> carried(const IpAddress& address) {
    if (within(address, constant("::ffff:0:0"), 96)) return v4_at(address, 12);
    if (within(address, constant("64:ff9b::"), 96)) return v4_at(address, 12);
    if (within(address, constant("2002::"), 16)) return v4_at(address, 2);
    return std::nullopt;
}

/// An IPv4-mapped address is the IPv4 address: the kernel makes no difference.
IpAddress unmapped(const IpAddress& address) {
    return address.v6 && within(address, constant("::ffff:0:0"), 96) ? v4_at(address, 12) : address;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](char c) { return lower(c); });
    return out;
}

std::optional<std::array<std::uint8_t, 4>> parse_quad(std::string_view text) {
    std::array<std::uint8_t, 4> out{};
    for (std::size_t i = 0; i < 4; ++i) {
        const auto part = text.substr(0, text.find('.'));
        if (part.empty() || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return std::nullopt;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), out[i]);
        if (error != std::errc{} || end != part.data() + part.size()) return std::nullopt;
        if ((i < 3) != (part.size() < text.size())) return std::nullopt;
        if (i < 3) text.remove_prefix(part.size() + 1);
    }
    return out;
}

/// As resolvers see it: the last label is a number in some notation, so the whole is taken for an IPv4 address.
bool looks_numeric(std::string_view host) {
    const auto dot = host.rfind('.');
    const auto last = dot == host.npos ? host : host.substr(dot + 1);
    if (last.starts_with("0x")) return true;
    return !last.empty() && std::ranges::all_of(last, is_digit);
}

bool is_dns_name(std::string_view host) {
    if (host.empty() || host.size() > 253) return false;
    for (std::size_t at = 0; at <= host.size();) {
        const auto end = std::min(host.find('.', at), host.size());
        const auto label = host.substr(at, end - at);
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
        const bool plain = std::ranges::all_of(label, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_'; });
        if (!plain) return false;
        at = end + 1;
    }
    return true;
}

/// Reads "host", "host:port", "[v6]" or "[v6]:port".
std::string read_authority(std::string_view authority, Endpoint& out) {
    std::string_view host = authority, port;
    bool has_port = false;
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        if (end == authority.npos) return "the host has no closing bracket";
        host = authority.substr(1, end - 1);
        const auto rest = authority.substr(end + 1);
        has_port = rest.starts_with(':');
        if (!rest.empty() && !has_port) return "the host is not valid";
        if (has_port) port = rest.substr(1);
        out.literal = IpAddress::parse(host);
        if (!out.literal || !out.literal->v6) return "the address in brackets is not a plain IPv6 address";
        out.host = lower(host);
    } else {
        if (const auto colon = authority.find(':'); colon != authority.npos) {
            has_port = true;
            port = authority.substr(colon + 1);
            host = authority.substr(0, colon);
        }
        out.host = lower(host);
        if (out.host.ends_with('.')) out.host.pop_back();
        if (looks_numeric(out.host)) {
            out.literal = IpAddress::parse(out.host);
            if (!out.literal) return "the address is not spelt plainly; write it like 203.0.113.7";
        } else if (!is_dns_name(out.host)) {
            return "the host is not a DNS name (write international names in their xn-- form)";
        }
    }
    if (!has_port) return "";
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc{} || end != port.data() + port.size() || out.port == 0) return "the port is not a number from 1 to 65535";
    return "";
}

std::string_view words(AddressKind kind) {
    switch (kind) {
        case AddressKind::global: return "a global";
        case AddressKind::unspecified: return "an unspecified";
        case AddressKind::loopback: return "a loopback";
        case AddressKind::private_network: return "a private";
        case AddressKind::shared: return "a shared (carrier-grade NAT)";
        case AddressKind::link_local: return "a link-local";
        case AddressKind::metadata: return "a cloud metadata";
        case AddressKind::multicast: return "a multicast";
        case AddressKind::documentation: return "a documentation";
        case AddressKind::reserved: return "a reserved";
    }
    return "";
}

constexpr const char* https_required = "https is required";

bool is_usual_port(std::uint16_t port) { return port == 80 || port == 443 || port >= 1024; }

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    IpAddress out;
    if (const auto quad = parse_quad(text)) {
        std::ranges::copy(*quad, out.bytes.begin());
        return out;
    }
    if (!text.contains(':') || text.contains('\0')) return std::nullopt;
    out.v6 = true;
    if (::inet_pton(AF_INET6, std::string{text}.c_str(), out.bytes.data()) != 1) return std::nullopt;
    return out;
}

std::string IpAddress::str() const {
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), text, sizeof text);
    return text;
}

AddressKind classify(const IpAddress& address) {
    if (!address.v6) return kind_in(special_v4, address).value_or(AddressKind::global);
    if (const auto inner = carried(address)) return classify(*inner);
    if (const auto kind = kind_in(special_v6, address)) return *kind;
    return within(address, constant("2000::"), 3) ? AddressKind::global : AddressKind::reserved;
}

std::expected<Endpoint, std::string> read_endpoint(std::string_view url) {
    if (url.size() > url_bytes_max) return std::unexpected{fmt::format("it is longer than {} characters", url_bytes_max)};
    const bool printable = std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7f && !std::strchr("\"<>\\^`{|}", c); });
    if (!printable) return std::unexpected{"it holds characters that must be percent-encoded"};
    if (url.contains('#')) return std::unexpected{"it has a fragment (#), which is never sent"};
    const auto end = url.find("://");
    const auto scheme = lower(url.substr(0, end == url.npos ? 0 : end));
    if (scheme != "http" && scheme != "https") return std::unexpected{"it must start with https://"};
    Endpoint out;
    out.https = scheme == "https";
    out.port = out.https ? 443 : 80;
    const auto rest = url.substr(end + 3);
    const auto authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.contains('@')) return std::unexpected{"it holds a user name or password"};
    if (auto why = read_authority(authority, out); !why.empty()) return std::unexpected{std::move(why)};
    return out;
}

AddressPolicy::AddressPolicy(const std::vector<std::string>& allowed) {
    for (const auto& entry : allowed) {
        if (const auto range = parse_range(entry)) ranges_.push_back(*range);
        else if (problem_of(entry).empty()) names_.push_back(lower(entry));
    }
}

std::optional<AddressPolicy::Range> AddressPolicy::parse_range(std::string_view entry) {
    const auto slash = entry.find('/');
    const auto address = IpAddress::parse(entry.substr(0, slash));
    if (!address) return std::nullopt;
    int bits = address->v6 ? 128 : 32;
    if (slash != entry.npos) {
        const auto text = entry.substr(slash + 1);
        int given = -1;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), given);
        if (error != std::errc{} || end != text.data() + text.size() || given < 0 || given > bits) return std::nullopt;
        bits = given;
    }
    return Range{*address, bits};
}

std::string AddressPolicy::problem_of(std::string_view entry) {
    if (parse_range(entry)) return "";
    const auto name = lower(entry);
    if (!entry.contains('/') && !looks_numeric(name) && is_dns_name(name)) return "";
    return fmt::format("\"{}\" is no host name, address or range such as 10.0.0.0/8", entry);
}

bool AddressPolicy::lists(const Endpoint& endpoint) const { return std::ranges::find(names_, endpoint.host) != names_.end(); }

bool AddressPolicy::lists(const IpAddress& address) const {
    const auto plain = unmapped(address);
    return std::ranges::any_of(ranges_, [&](const Range& range) { return within(plain, range.address, range.bits); });
}

std::string AddressPolicy::refusal(const Endpoint& endpoint) const {
    if (lists(endpoint)) return "";
    if (endpoint.literal) return refusal(endpoint, *endpoint.literal);
    // A name may lead into a range that is listed; only its address tells.
    if (!ranges_.empty()) return "";
    if (!endpoint.https) return https_required;
    if (!is_usual_port(endpoint.port)) return fmt::format("port {} is not one to call; use 443 or one from 1024 on", endpoint.port);
    return "";
}

std::string AddressPolicy::refusal(const Endpoint& endpoint, const IpAddress& address) const {
    if (lists(endpoint) || lists(address)) return "";
    if (const auto kind = classify(address); kind != AddressKind::global) {
        return fmt::format("its host has {} address", words(kind));
    }
    if (!endpoint.https) return https_required;
    if (!is_usual_port(endpoint.port)) return fmt::format("port {} is not one to call; use 443 or one from 1024 on", endpoint.port);
    return "";
}

}  // namespace millrace::http
