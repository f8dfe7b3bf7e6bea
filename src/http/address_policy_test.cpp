#include "http/address_policy.hpp"

#include <doctest/doctest.h>

#include <boost/describe/enum_to_string.hpp>

using namespace millrace::http;

namespace {

std::string kind_of(std::string_view address) {
    const auto parsed = IpAddress::parse(address);
    return parsed ? boost::describe::enum_to_string(classify(*parsed), "") : "not an address";
}

/// As a webhook is judged whose host is an address: empty when it may be called.
std::string refusal_of(const AddressPolicy& policy, std::string_view url) {
    const auto endpoint = read_endpoint(url);
    return endpoint ? policy.refusal(*endpoint) : endpoint.error();
}

std::string refusal_at(const AddressPolicy& policy, std::string_view url, std::string_view address) {
    return policy.refusal(read_endpoint(url).value(), IpAddress::parse(address).value());
}

}  // namespace

TEST_CASE("addresses are of the kind that the registries say") {
    struct Row { const char* address; const char* kind; };
    for (const Row& row : std::initializer_list<Row>{
             {"8.8.8.8", "global"},
             {"1.1.1.1", "global"},
             {"93.184.216.34", "global"},
             {"11.0.0.1", "global"},
             {"9.255.255.255", "global"},
             {"172.15.255.255", "global"},
             {"172.32.0.0", "global"},
             {"100.63.255.255", "global"},
             {"100.128.0.0", "global"},
             {"192.167.255.255", "global"},
             {"192.169.0.0", "global"},
             {"198.17.255.255", "global"},
             {"198.20.0.0", "global"},
             {"223.255.255.255", "global"},
             {"0.0.0.0", "unspecified"},
             {"0.1.2.3", "unspecified"},
             {"10.0.0.0", "private_network"},
             {"10.255.255.255", "private_network"},
             {"172.16.0.0", "private_network"},
             {"172.31.255.255", "private_network"},
             {"192.168.0.0", "private_network"},
             {"192.168.255.255", "private_network"},
             {"100.64.0.0", "shared"},
             {"100.127.255.255", "shared"},
             {"127.0.0.1", "loopback"},
             {"127.255.255.254", "loopback"},
             {"169.254.0.1", "link_local"},
             {"169.254.169.254", "metadata"},
             {"100.100.100.200", "metadata"},
             {"168.63.129.16", "metadata"},
             {"192.0.0.192", "metadata"},
             {"192.0.0.1", "reserved"},
             {"192.0.2.1", "documentation"},
             {"198.51.100.7", "documentation"},
             {"203.0.113.7", "documentation"},
             {"192.88.99.1", "reserved"},
             {"198.18.0.1", "reserved"},
             {"198.19.255.255", "reserved"},
             {"224.0.0.1", "multicast"},
             {"239.255.255.255", "multicast"},
             {"240.0.0.1", "reserved"},
             {"255.255.255.255", "reserved"},

             {"2001:4860:4860::8888", "global"},
             {"2606:2800:220:1:248:1893:25c8:1946", "global"},
             {"2a00::1", "global"},
             {"::", "unspecified"},
             {"::1", "loopback"},
             {"::2", "reserved"},
             {"::7f00:1", "reserved"},  // IPv4-compatible, given up
             {"::127.0.0.1", "reserved"},
             {"fc00::1", "private_network"},
             {"fd12:3456::1", "private_network"},
             {"fd00:ec2::254", "metadata"},
             {"fd20:ce::254", "metadata"},
             {"fe80::1", "link_local"},
             {"febf::1", "link_local"},
             {"fec0::1", "private_network"},
             {"ff02::1", "multicast"},
             {"100::1", "reserved"},
             {"2001:db8::1", "documentation"},
             {"3fff::1", "documentation"},
             {"2001::1", "reserved"},  // Teredo
             {"4000::1", "reserved"},
             {"5f00::1", "reserved"},

             {"::ffff:8.8.8.8", "global"},
             {"::ffff:127.0.0.1", "loopback"},
             {"::ffff:7f00:1", "loopback"},
             {"::ffff:a00:1", "private_network"},
             {"::ffff:169.254.169.254", "metadata"},
             {"::ffff:0:127.0.0.1", "reserved"},
             {"64:ff9b::8.8.8.8", "global"},
             {"64:ff9b::10.0.0.1", "private_network"},
             {"64:ff9b::a9fe:a9fe", "metadata"},
             {"64:ff9b:1::8.8.8.8", "private_network"},
             {"2002:808:808::1", "global"},
             {"2002:7f00:1::1", "loopback"},
             {"2002:a00:1::1", "private_network"},
             {"2002:c0a8:101::1", "private_network"},
         }) {
        CAPTURE(row.address);
        CHECK(kind_of(row.address) == row.kind);
    }
}

TEST_CASE("only plain spellings are addresses") {
    for (const char* text : {"", "1", "127.1", "127.0.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.01", "00.0.0.0",
                             "127.0.0.1.", "127.0.0.1.1", "256.0.0.1", "1.2.3.-4", "1.2.3.+4", " 127.0.0.1", "127.0.0.1 ", "1.2.3.4/8",
                             "[::1]", "::1%lo", "fe80::1%25eth0", ":::", "1::2::3", "::ffff:127.1", "12345::", "localhost"}) {
        CAPTURE(text);
        CHECK_FALSE(IpAddress::parse(text));
    }
    CHECK(IpAddress::parse("::FFFF:127.0.0.1")->str() == "::ffff:127.0.0.1");
    CHECK(IpAddress::parse("2001:0db8:0:0:0:0:0:1")->str() == "2001:db8::1");
    CHECK(IpAddress::parse("192.168.1.20")->str() == "192.168.1.20");
}

TEST_CASE("a URL says where it leads") {
    struct Row { const char* url; bool https; const char* host; int port; };
    for (const Row& row : std::initializer_list<Row>{
             {"https://hooks.example", true, "hooks.example", 443},
             {"https://Hooks.Example./a?b=c", true, "hooks.example", 443},
             {"HTTPS://hooks.example:8443/", true, "hooks.example", 8443},
             {"http://hooks.example", false, "hooks.example", 80},
             {"https://hooks.example?x=https://other.example/", true, "hooks.example", 443},
             {"https://my_host.example/", true, "my_host.example", 443},
             {"https://xn--bcher-kva.example/", true, "xn--bcher-kva.example", 443},
             {"https://1.2.3.4:9000/x", true, "1.2.3.4", 9000},
             {"https://1.2.3.4./x", true, "1.2.3.4", 443},
             {"https://[2A00::1]/x", true, "2a00::1", 443},
             {"https://[2a00::1]:8443", true, "2a00::1", 8443},
             {"https://127.0.0.1.nip.example/", true, "127.0.0.1.nip.example", 443},
             {"https://hooks.example/p@th:80/", true, "hooks.example", 443},
         }) {
        CAPTURE(row.url);
        const auto endpoint = read_endpoint(row.url);
        REQUIRE(endpoint);
        CHECK(endpoint->https == row.https);
        CHECK(endpoint->host == row.host);
        CHECK(endpoint->port == row.port);
        CHECK(endpoint->literal.has_value() == (IpAddress::parse(row.host).has_value()));
    }
}

TEST_CASE("a URL that could be read in two ways is refused") {
    for (const char* url : {
             "", "hooks.example", "//hooks.example/", "ftp://hooks.example/", "file:///etc/passwd", "gopher://127.0.0.1:70/_x",
             "javascript:alert(1)", "view-source:https://hooks.example/", "https:hooks.example", "https:/hooks.example", "https://",
             "https:///path", "https://:443/", "https://user@hooks.example/", "https://user:pass@hooks.example/", "https://@hooks.example/",
             "https://hooks.example@10.0.0.1/", "https://10.0.0.1\\@hooks.example/", "https://hooks.example\\.evil/", "https://hooks.example/#x",
             "https://hooks.example#@evil/", "https://hooks example/", "https://hooks.example/a b", "https://hooks.example/\t", "https://hooks.example/\r\nX: y",
             "https://hooks.example:/", "https://hooks.example:0/", "https://hooks.example:65536/", "https://hooks.example:443:80/",
             "https://hooks.example:0x50/", "https://hooks.example:+80/", "https://hooks.example: 80/", "https://hooks..example/", "https://.example/",
             "https://-a.example/", "https://a-.example/", "https://a.example../", "https://%31%32%37.0.0.1/", "https://h%6foks.example/",
             "https://b\xC3\xBC" "cher.example/", "https://\xE2\x91\xA0\xE2\x91\xA1.example/", "https://1.2.3/", "https://0x7f.1/", "https://0x7f000001/",
             "https://2130706433/", "https://0177.0.0.1/", "https://127.1/", "https://127.0.0.1.0x1/", "https://a.1/", "https://[::1", "https://::1/",
             "https://[127.0.0.1]/", "https://[::1%25lo]/", "https://[fe80::1%eth0]/", "https://[v1.x]/", "https://[::1]x/", "https://[]/",
             "https://hooks.example,evil/", "https://hooks.example;x/", "https://hooks.example&x/", "https://hooks.example*x/", "https://(hooks).example/",
         }) {
        CAPTURE(url);
        CHECK_FALSE(read_endpoint(url));
    }
    CHECK_FALSE(read_endpoint("https://hooks.example/" + std::string(url_bytes_max, 'a')));
    CHECK_FALSE(read_endpoint("https://" + std::string(64, 'a') + ".example/"));
}

TEST_CASE("without a list only global addresses over https may be called") {
    const AddressPolicy policy;
    struct Row { const char* url; const char* refusal; };
    for (const Row& row : std::initializer_list<Row>{
             {"https://hooks.example/", ""},
             {"https://hooks.example:8443/", ""},
             {"https://hooks.example:80/", ""},
             {"https://93.184.216.34/", ""},
             {"https://[2606:2800:220:1:248:1893:25c8:1946]/", ""},
             {"http://hooks.example/", "https is required"},
             {"http://93.184.216.34/", "https is required"},
             {"https://hooks.example:22/", "port 22 is not one to call; use 443 or one from 1024 on"},
             {"https://93.184.216.34:25/", "port 25 is not one to call; use 443 or one from 1024 on"},
             {"https://127.0.0.1/", "its host has a loopback address"},
             {"https://[::1]/", "its host has a loopback address"},
             {"https://[::ffff:10.0.0.1]/", "its host has a private address"},
             {"https://10.1.2.3/", "its host has a private address"},
             {"https://169.254.169.254/latest/meta-data", "its host has a cloud metadata address"},
             {"https://0.0.0.0/", "its host has an unspecified address"},
         }) {
        CAPTURE(row.url);
        CHECK(refusal_of(policy, row.url) == row.refusal);
    }
}

TEST_CASE("a name is judged by the address it leads to") {
    const AddressPolicy policy;
    CHECK(refusal_at(policy, "https://hooks.example/", "93.184.216.34").empty());
    CHECK(refusal_at(policy, "https://hooks.example/", "127.0.0.1") == "its host has a loopback address");
    CHECK(refusal_at(policy, "https://hooks.example/", "::ffff:192.168.0.1") == "its host has a private address");
    CHECK(refusal_at(policy, "http://hooks.example/", "93.184.216.34") == "https is required");
}

TEST_CASE("what an operator lists may be called, and nothing beside it") {
    const AddressPolicy policy{{"hooks.internal", "127.0.0.0/8", "fd00::/8", "192.168.7.9"}};

    CHECK(refusal_of(policy, "http://127.0.0.1:9000/").empty());
    CHECK(refusal_of(policy, "http://[::ffff:127.0.0.1]:9000/").empty());
    CHECK(refusal_of(policy, "http://127.0.0.1:22/").empty());
    CHECK(refusal_of(policy, "http://[fd00::5]/").empty());
    CHECK(refusal_of(policy, "http://192.168.7.9/").empty());
    CHECK(refusal_of(policy, "http://192.168.7.8/") == "its host has a private address");
    CHECK(refusal_of(policy, "https://[::1]/") == "its host has a loopback address");
    CHECK(refusal_of(policy, "http://Hooks.Internal:81/").empty());
    CHECK(refusal_at(policy, "http://hooks.internal/", "10.0.0.1").empty());
    CHECK(refusal_at(policy, "http://x.hooks.internal/", "10.0.0.1") == "its host has a private address");
    // A name that is not listed may lead into a listed range, and only its address tells.
    CHECK(refusal_of(policy, "http://other.example/").empty());
    CHECK(refusal_at(policy, "http://other.example/", "127.0.0.1").empty());
    CHECK(refusal_at(policy, "http://other.example/", "93.184.216.34") == "https is required");
    CHECK(refusal_at(policy, "https://other.example:25/", "93.184.216.34").starts_with("port 25"));
}

TEST_CASE("entries of the list that mean nothing are named and allow nothing") {
    for (const char* entry : {"", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "10/8", "fd00::/129", "host/8", "*.example", "http://a",
                              "a:80", "[::1]", "127.1", "0x7f000001"}) {
        CAPTURE(entry);
        CHECK_FALSE(AddressPolicy::problem_of(entry).empty());
        CHECK(refusal_of(AddressPolicy{{entry}}, "https://127.0.0.1/") == "its host has a loopback address");
    }
    for (const char* entry : {"localhost", "hooks.internal", "10.0.0.0/8", "127.0.0.1", "::1", "::/0", "0.0.0.0/0"}) {
        CAPTURE(entry);
        CHECK(AddressPolicy::problem_of(entry).empty());
    }
}
