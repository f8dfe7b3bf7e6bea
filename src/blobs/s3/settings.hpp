#pragma once

#include <boost/describe/class.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace millrace::blobs::s3 {

/// The smallest part that S3 takes, unless it is the last one of its object.
inline constexpr std::uint64_t part_bytes_min = 5u << 20;
/// Parts of one object.
inline constexpr std::uint64_t parts_max = 10'000;

struct Settings {
    std::string endpoint;  ///< empty: that of Amazon in the region
    std::string region = "us-east-1";
    std::string bucket;
    std::string prefix;  ///< before every name; empty, or with a slash at its end
    bool path_style = false;
    std::string access_key;
    Secret secret_key;
    Secret session_token;
    std::string ca_file;
    Bytes part_bytes{16u << 20};
    Duration timeout = 30s;
    int attempts = 5;

    static std::vector<std::pair<std::string_view, std::string_view>> help();
    void check(std::vector<Issue>& issues) const;
};
BOOST_DESCRIBE_STRUCT(Settings, (),
                      (endpoint, region, bucket, prefix, path_style, access_key, secret_key, session_token, ca_file, part_bytes, timeout, attempts))

}  // namespace millrace::blobs::s3
