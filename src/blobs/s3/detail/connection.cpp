#include "blobs/s3/detail/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <thread>

#include "base/hash.hpp"
#include "http/address_policy.hpp"

namespace millrace::blobs::s3 {
namespace {

constexpr Duration pause_max = 5s;
constexpr Duration retry_after_max = 30s;
constexpr std::size_t answer_bytes_max = 16 << 20;  ///< a listing of 1,000 names is far below 1 MiB
constexpr std::size_t said_bytes_max = 200;
constexpr std::size_t clients_kept = 64;

SystemClock system_clock;

std::optional<Duration> retry_after(const http::Headers& headers) {
    const auto text = headers.get("retry-after");
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return std::chrono::seconds{seconds};
}

/// What the service says of a refusal. Its other elements may have what was signed in them and are never shown.
std::string said(const Answer& answer) {
    const auto root = answer.xml();
    auto text = root ? root->text_of("Message") : std::string{};
    if (text.size() > said_bytes_max) text.resize(said_bytes_max);
    return text.empty() ? answer.error : answer.error + ", " + text;
}

bool is_full(const Answer& answer) { return answer.status == 507 || answer.error.contains("StorageFull") || answer.error.contains("Quota"); }

/// May the same request have another answer soon?
bool is_passing(const Answer& answer) {
    if (is_full(answer)) return false;
    return answer.status >= 500 || answer.status == 408 || answer.status == 429 || answer.error == "SlowDown" || answer.error == "RequestTimeout" ||
           answer.error == "InternalError" || answer.error == "ServiceUnavailable" || answer.error == "OperationAborted";
}

/// The code of a refusal, which may also come with a good status: a copy and a completion answer first and fail later.
std::string error_of(const Answer& answer) {
    const bool may_hide = answer.status == 200 && answer.body.contains("<Error>");
    if (answer.status < 300 && !may_hide) return {};
    if (const auto root = answer.xml(); root && root->name == "Error") return root->text_of("Code");
    return may_hide ? std::string{"InternalError"} : std::to_string(answer.status);
}

}  // namespace

/// What one attempt came to: an answer, or why there was none.
struct Connection::Tried {
    Answer answer;
    std::string unreachable;
};

Duration pause_before_retry(int attempt, std::optional<Duration> retry_after, Random& random) {
    const auto most = std::min<Duration>(pause_max, Duration{100ms} * (1 << std::min(attempt, 10)));
    const auto jittered = Duration{static_cast<Duration::rep>(random.uniform() * static_cast<double>(most.count()))};
    return std::max(jittered, std::min(retry_after.value_or(0s), retry_after_max));
}

Connection::Connection(const Settings& settings, const observe::Log& log)
    : settings_{settings}, log_{log}, key_{settings.access_key, settings.secret_key, settings.session_token, settings.region} {
    const auto base = settings.endpoint.empty() ? "https://s3." + settings.region + ".amazonaws.com" : settings.endpoint;
    const auto endpoint = http::read_endpoint(base);
    if (!endpoint) throw Error{Code::invalid_config, {{"key", "blobs.s3.endpoint"}, {"origin", "settings"}, {"why", endpoint.error()}}};
    const bool is_v6 = endpoint->host.contains(':');
    host_ = is_v6 ? '[' + endpoint->host + ']' : endpoint->host;
    if (!settings.path_style) host_ = settings.bucket + '.' + host_;
    if (endpoint->port != (endpoint->https ? 443 : 80)) host_ += ':' + std::to_string(endpoint->port);
    origin_ = (endpoint->https ? "https://" : "http://") + host_;
    path_ = settings.path_style ? '/' + http::encode_segment(settings.bucket) : std::string{};
}

Answer Connection::send(const Call& call) {
    for (int attempt = 1;; ++attempt) {
        const auto tried = this->attempt(call);
        const auto& answer = tried.answer;
        const bool answered = tried.unreachable.empty();
        if (answered && (answer.is_good() || answer.status == 404)) return answer;
        const bool skewed = answer.error == "RequestTimeTooSkewed";
        if (answered && !is_passing(answer) && !(skewed && attempt == 1)) {
            if (is_full(answer)) throw Error{Code::storage_full};
            throw Error{Code::storage_failed, {{"why", fmt::format("S3 refuses {} ({})", call.method, said(answer))}, {"s3", answer.error}}};
        }
        if (attempt >= settings_.attempts) {
            const auto why = answered ? "answers " + said(answer) : "does not answer: " + tried.unreachable;
            throw Error{Code::storage_failed, {{"why", fmt::format("S3 at {} {}", host_, why)}}};
        }
        log_.warn("a request to S3 is repeated", {{"method", call.method}, {"attempt", attempt}, {"why", answered ? answer.error : tried.unreachable}});
        if (!skewed) std::this_thread::sleep_for(pause_before_retry(attempt, retry_after(answer.headers), random_));
    }
}

Connection::Tried Connection::attempt(const Call& call) {
    auto request = request_of(call);
    std::size_t got = 0;
    bool fits = true;
    if (!call.into.empty()) {
        request.on_body = [&](std::string_view block) {
            fits = block.size() <= call.into.size() - got;
            if (fits) got += block.copy(call.into.data() + got, block.size());
            return fits;
        };
    }
    request.body_bytes_kept = answer_bytes_max;
    auto client = take_client();
    try {
        auto response = client->send(request);
        keep_client(std::move(client));
        Tried tried{{response.status, std::move(response.headers), std::move(response.body), {}}, {}};
        tried.answer.error = error_of(tried.answer);
        const bool whole = fits && got == call.into.size();
        if (tried.answer.is_good() && !whole) tried.unreachable = "it sent another number of bytes than were asked for";
        if (tried.answer.error == "RequestTimeTooSkewed") {
            if (const auto theirs = read_http_date(tried.answer.headers.get("date"))) skew_us_ = (*theirs - system_clock.now()).count();
        }
        return tried;
    } catch (const Error& error) {
        if (error.code() != Code::unreachable && error.code() != Code::timed_out) throw;
        const auto* why = error.arg("why");
        return {{}, why ? *why : std::string{error.what()}};
    }
}

http::ClientRequest Connection::request_of(const Call& call) const {
    sigv4::Request signing;
    signing.method = call.method;
    signing.host = host_;
    signing.path = path_ + (call.key.empty() && settings_.path_style ? std::string{} : '/' + sigv4::encoded_path(call.key));
    signing.query = call.query;
    signing.headers = call.headers;
    signing.payload_sha256 = call.read_body ? call.payload_sha256 : to_hex(sha256(call.body));
    sigv4::sign(signing, key_, system_clock.now() + Duration{skew_us_.load()});

    http::ClientRequest request;
    request.method = call.method;
    request.url = origin_ + signing.path;
    if (!call.query.empty()) request.url += '?' + sigv4::encoded(call.query);
    request.headers = std::move(signing.headers);
    request.body = call.body;
    request.read_body = call.read_body;
    if (call.read_body) request.body_size = call.body_size;
    request.ca_file = settings_.ca_file;
    request.idle_timeout = settings_.timeout;
    request.connect_timeout = std::min<Duration>(settings_.timeout, 5s);
    return request;
}

std::unique_ptr<http::Client> Connection::take_client() {
    const std::lock_guard lock{mutex_};
    if (clients_.empty()) return std::make_unique<http::Client>();
    auto client = std::move(clients_.back());
    clients_.pop_back();
    return client;
}

/// One that failed is not kept: what is left of its connection is nobody's business.
void Connection::keep_client(std::unique_ptr<http::Client> client) {
    const std::lock_guard lock{mutex_};
    if (clients_.size() < clients_kept) clients_.push_back(std::move(client));
}

std::optional<Instant> read_http_date(std::string_view text) {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
    const auto month = months.find(text.substr(8, 3));
    if (month == months.npos || month % 3 != 0) return std::nullopt;
    return from_rfc3339(fmt::format("{}-{:02}-{}T{}Z", text.substr(12, 4), month / 3 + 1, text.substr(5, 2), text.substr(17, 8)));
}

}  // namespace millrace::blobs::s3
