#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "blobs/s3/detail/sigv4.hpp"
#include "blobs/s3/detail/xml.hpp"
#include "blobs/s3/settings.hpp"
#include "http/client.hpp"
#include "observe/log.hpp"

namespace millrace::blobs::s3 {

/// One request to S3.
struct Call {
    std::string method = "GET";
    std::string key;  ///< empty: the bucket itself
    sigv4::Query query;
    http::Headers headers;
    std::string body;

    /// A body that is not in memory, as of ClientRequest; `payload_sha256` is its hash.
    std::function<std::size_t(std::uint64_t offset, std::span<char> into)> read_body;
    std::uint64_t body_size = 0;
    std::string payload_sha256;

    /// Where the bytes of a good answer go, which must be as many. Empty: they are an answer in XML.
    std::span<char> into;
};

/// An answer that is not tried again: a good one, or a refusal that the caller knows what to do with.
struct Answer {
    int status = 0;
    http::Headers headers;
    std::string body;
    std::string error;  ///< code of the refusal, e.g. "NoSuchUpload"; empty when it is none

    bool is_good() const { return error.empty(); }
    std::optional<Element> xml() const { return parse_xml(body); }
};

/// How long to wait before attempt `attempt + 1`, attempt >= 1: uniform in [0, min(5 s, 100 ms * 2^attempt)], and no less than
/// the service asks for (Retry-After), up to 30 s.
Duration pause_before_retry(int attempt, std::optional<Duration> retry_after, Random& random);

/// Signs requests and sends them, each over a connection of its own that is kept, until an answer counts. Thread-safe.
class Connection {
public:
    Connection(const Settings& settings, const observe::Log& log);

    /// Answers below 300, and with 404. Others throw Error{storage_failed | storage_full}; those that may be different the
    /// next time, and none at all, only after the last attempt.
    Answer send(const Call& call);

    const Settings& settings() const { return settings_; }

private:
    struct Tried;
    Tried attempt(const Call& call);
    std::unique_ptr<http::Client> take_client();
    void keep_client(std::unique_ptr<http::Client> client);
    http::ClientRequest request_of(const Call& call) const;

    const Settings settings_;
    observe::Log log_;
    const sigv4::Key key_;
    std::string host_;    ///< with the port, unless it is that of the scheme
    std::string origin_;  ///< "https://host"
    std::string path_;    ///< of the bucket; "/" or "/bucket/"
    SystemRandom random_;
    std::atomic<std::int64_t> skew_us_ = 0;  ///< how far the service's clock is ahead of ours
    std::mutex mutex_;
    std::vector<std::unique_ptr<http::Client>> clients_;  ///< kept; guarded by mutex_
};

/// A date as HTTP writes it, "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<Instant> read_http_date(std::string_view text);

}  // namespace millrace::blobs::s3
