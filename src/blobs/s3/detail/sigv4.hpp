#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "http/message.hpp"

/// Signatures of requests to S3, as the documentation of Amazon's "Signature Version 4" describes them.
namespace millrace::blobs::s3::sigv4 {

struct Key {
    std::string access_key;
    Secret secret_key;
    Secret session_token;  ///< empty: the key is a lasting one
    std::string region;
};

using Query = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string method = "GET";
    std::string host;   ///< as in the field Host
    std::string path;   ///< percent-encoded, begins with a slash
    Query query;        ///< not encoded, in any order
    http::Headers headers;  ///< all are signed
    std::string payload_sha256;  ///< lower-case hex
};

inline constexpr std::string_view sha256_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A path as it must stand in one; its slashes stay.
std::string encoded_path(std::string_view path);
/// The query as it must stand in the address of a signed request.
std::string encoded(const Query& query);

/// Adds Authorization and what it asks for to the headers.
void sign(Request& request, const Key& key, Instant now);

/// The query of an address that may be used without a key for so long; `payload_sha256` is not looked at. Headers of the
/// request must then be sent as they are.
std::string presign(Request request, const Key& key, Instant now, std::chrono::seconds expires);

}  // namespace millrace::blobs::s3::sigv4
