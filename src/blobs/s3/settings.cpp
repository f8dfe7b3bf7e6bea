#include "blobs/s3/settings.hpp"

#include "http/address_policy.hpp"

namespace millrace::blobs::s3 {
namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// Names that are the same wherever they stand: in an address, in XML and in what is signed.
bool is_plain(std::string_view text, std::string_view more) {
    for (const char c : text) {
        if (!is_letter_or_digit(c) && more.find(c) == more.npos) return false;
    }
    return true;
}

std::string problem_of_prefix(std::string_view prefix) {
    if (prefix.empty()) return {};
    if (!is_plain(prefix, "-_./")) return "it has letters, digits and -_./ only";
    if (!prefix.ends_with('/')) return "it ends with a slash";
    if (prefix.starts_with('/') || prefix.contains("//") || prefix.contains("./")) return "it is a path such as millrace/, without dots and double slashes";
    return {};
}

std::string problem_of_endpoint(const std::string& endpoint) {
    if (endpoint.empty()) return {};
    const auto read = http::read_endpoint(endpoint);
    if (!read) return read.error();
    if (const auto path = endpoint.find('/', endpoint.find("://") + 3); path != endpoint.npos) return "it has no path, also no slash at its end";
    return {};
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> Settings::help() {
    return {
        {"endpoint", "Address of the S3 service, such as https://minio.example:9000; empty for Amazon's in the region."},
        {"region", "Region that requests are signed for."},
        {"bucket", "The bucket, which must exist."},
        {"prefix", "What all names in the bucket begin with, such as millrace/."},
        {"path_style", "Whether the bucket stands in the path of an address, not in its host."},
        {"access_key", "Name of the key that requests are signed with."},
        {"secret_key", "The key that requests are signed with."},
        {"session_token", "What belongs to a temporary key."},
        {"ca_file", "Certificates (PEM) that the service's one is checked by; empty for those of the system."},
        {"part_bytes", "Size of the parts that large objects are sent in; each object being written needs that much disk."},
        {"timeout", "How long a request waits without a byte."},
        {"attempts", "How often a request is tried before its failure counts."},
    };
}

void Settings::check(std::vector<Issue>& issues) const {
    if (auto why = problem_of_prefix(prefix); !why.empty()) issues.push_back({"prefix", "invalid", std::move(why)});
    if (auto why = problem_of_endpoint(endpoint); !why.empty()) issues.push_back({"endpoint", "invalid", std::move(why)});
    if (!is_plain(bucket, "-_.")) issues.push_back({"bucket", "invalid", "it has letters, digits and -_. only"});
    if (!is_plain(region, "-_")) issues.push_back({"region", "invalid", "it has letters, digits and -_ only"});
    if (part_bytes.count < part_bytes_min || part_bytes.count > 1u << 30) issues.push_back({"part_bytes", "out_of_range", "it is from 5MiB to 1GiB"});
    if (timeout < 100ms || timeout > 10min) issues.push_back({"timeout", "out_of_range", "it is from 100ms to 10m"});
    if (attempts < 1 || attempts > 20) issues.push_back({"attempts", "out_of_range", "it is from 1 to 20"});
}

}  // namespace millrace::blobs::s3
