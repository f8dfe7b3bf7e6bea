#include "http/fetch.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include <algorithm>

#include "base/utf8.hpp"
#include "http/detail/text.hpp"

namespace millrace::http {
namespace {

constexpr std::size_t filename_bytes_max = 255;

[[noreturn]] void refuse_address(const std::string& url, std::string why) { throw Error{Code::address_refused, {{"url", url}, {"why", std::move(why)}}}; }

[[noreturn]] void refuse_answer(const std::string& url, const std::string& why) { throw Error{Code::bad_request, {{"why", url + " cannot be fetched, " + why}}}; }

Endpoint judged(const std::string& url, const AddressPolicy& policy) {
    auto endpoint = read_endpoint(url);
    if (!endpoint) refuse_address(url, endpoint.error());
    if (auto why = policy.refusal(*endpoint); !why.empty()) refuse_address(url, std::move(why));
    return std::move(*endpoint);
}

/// One answer, whose body goes to `wanted` when it is the file.
ClientResponse get(const std::string& url, const Fetch& wanted, const AddressPolicy& policy, Fetched& got) {
    const auto endpoint = judged(url, policy);
    const auto limit = [&](std::uint64_t bytes) {
        if (bytes > wanted.bytes_max) throw Error{Code::payload_too_large, {{"limit", std::to_string(wanted.bytes_max)}}};
    };
    std::optional<std::uint64_t> total;
    ClientRequest request;
    request.url = url;
    request.headers.set("User-Agent", wanted.user_agent);
    request.headers.set("Accept", "*/*");
    request.on_head = [&](const Headers& headers) {
        if (const auto length = headers.find("content-length")) total = detail::parse_length(*length);
        limit(total.value_or(0));
    };
    request.on_body = [&](std::string_view block) {
        got.bytes += block.size();
        limit(got.bytes);
        wanted.on_body(block, total);
        return true;
    };
    request.body_bytes_kept = 0;
    request.judge_address = [&](std::string_view text) {
        const auto address = IpAddress::parse(text);
        return address ? policy.refusal(endpoint, *address) : std::string{"its host has no internet address"};
    };
    request.idle_timeout = wanted.idle_timeout;
    request.deadline = wanted.deadline;
    request.stop = wanted.stop;
    // A connection that is kept was judged for another request.
    return Client{}.send(request);
}

bool is_redirect(int status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

/// Where a redirect leads, seen from `url`.
std::string resolved(const std::string& url, std::string_view location) {
    const auto base = boost::urls::parse_uri(url);
    const auto reference = boost::urls::parse_uri_reference(location);
    boost::urls::url out;
    if (!base || !reference || !boost::urls::resolve(*base, *reference, out)) refuse_answer(url, "it leads to an address that cannot be read");
    out.remove_fragment();
    return std::string{out.buffer()};
}

/// May the same request have another answer later?
bool is_passing(int status) { return status >= 500 || status == 408 || status == 425 || status == 429; }

bool is_name(std::string_view text) {
    if (text.empty() || text.size() > filename_bytes_max || first_invalid_utf8(text) != std::string_view::npos) return false;
    return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// The name in a Content-Disposition (RFC 6266).
std::optional<std::string> disposition_name(const Headers& headers) {
    const auto value = headers.find("content-disposition");
    if (!value) return std::nullopt;
    if (const auto extended = detail::header_parameter(*value, "filename*")) {
        // charset'language'text
        const auto quote = extended->rfind('\'');
        auto name = quote == std::string::npos ? std::nullopt : detail::percent_decode(std::string_view{*extended}.substr(quote + 1), false);
        if (name && is_name(*name)) return name;
    }
    auto name = detail::header_parameter(*value, "filename");
    return name && is_name(*name) ? name : std::nullopt;
}

}  // namespace

std::string filename_of_url(std::string_view url) {
    const auto scheme = url.find("://");
    auto rest = url.substr(scheme == url.npos ? 0 : scheme + 3);
    rest = rest.substr(0, rest.find_first_of("?#"));
    const auto slash = rest.rfind('/');
    if (slash != rest.npos) {
        if (auto name = detail::percent_decode(rest.substr(slash + 1), false); name && is_name(*name)) return *name;
    }
    return std::string{rest.substr(0, rest.find_first_of("/:"))};
}

Fetched fetch(const Fetch& wanted, const AddressPolicy& policy) {
    std::string url = wanted.url;
    for (int redirects = 0;; ++redirects) {
        Fetched got;
        const auto answer = get(url, wanted, policy, got);
        if (answer.status / 100 == 2) {
            got.filename = disposition_name(answer.headers).value_or(filename_of_url(url));
            got.media_type = answer.headers.get("content-type");
            return got;
        }
        const auto location = answer.headers.find("location");
        if (is_redirect(answer.status) && location) {
            if (redirects == wanted.redirects_max) refuse_answer(wanted.url, "it leads from address to address");
            url = resolved(url, *location);
        } else if (is_passing(answer.status)) {
            throw Error{Code::unreachable, {{"url", url}, {"why", "it answers " + std::to_string(answer.status)}}};
        } else {
            refuse_answer(url, "it answers " + std::to_string(answer.status));
        }
    }
}

}  // namespace millrace::http
