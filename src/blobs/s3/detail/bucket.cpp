#include "blobs/s3/detail/bucket.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/hash.hpp"
#include "blobs/s3/detail/lanes.hpp"

namespace millrace::blobs::s3 {
namespace {

Instant read_time(const std::string& text) { return from_rfc3339(text).value_or(Instant{}); }

template <class Number>
Number read_number(std::string_view text) {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// A refusal that the caller has asked for: 404.
bool is_gone(const Answer& answer) { return answer.status == 404; }

/// An answer that must be there: 404 here means that the bucket is not.
const Answer& found(const Answer& answer) {
    if (answer.is_good()) return answer;
    throw Error{Code::storage_failed, {{"why", "S3 has no such bucket (" + answer.error + ")"}, {"s3", answer.error}}};
}

Element root_of(const Answer& answer) {
    auto root = answer.xml();
    if (!root) throw Error{Code::storage_failed, {{"why", "S3 sent an answer that is not XML"}}};
    return std::move(*root);
}

/// Sent as it is, when it is small: then it needs no question first whether the service wants it.
void give_body(Call& call, Spool& bytes) {
    constexpr std::uint64_t in_memory_max = 64 << 10;
    if (bytes.size() <= in_memory_max) {
        call.body.resize(bytes.size());
        bytes.read(0, call.body);
        return;
    }
    call.read_body = [&bytes](std::uint64_t offset, std::span<char> into) { return bytes.read(offset, into); };
    call.body_size = bytes.size();
    call.payload_sha256 = bytes.sha256();
}

std::string hex_of_base64(std::string_view text) {
    // SHA-256 in base64 is 43 characters and one of padding; the decoder takes the other alphabet, without padding.
    std::string plain{text.substr(0, text.find('='))};
    std::ranges::replace(plain, '+', '-');
    std::ranges::replace(plain, '/', '_');
    std::string bytes;
    return from_base64url(plain, bytes) ? to_hex(bytes) : std::string{};
}

}  // namespace

Call Bucket::call(std::string method, const std::string& key, sigv4::Query query) const {
    Call call;
    call.method = std::move(method);
    call.key = prefix_ + key;
    call.query = std::move(query);
    return call;
}

std::string Bucket::source_of(const std::string& key) const { return sigv4::encoded_path('/' + connection_.settings().bucket + '/' + prefix_ + key); }

void Bucket::check() {
    const auto refuse = [](const char* key, std::string why) {
        throw Error{Code::invalid_config, {{"key", std::string{"blobs.s3."} + key}, {"origin", "settings"}, {"why", std::move(why)}}};
    };
    Call listing = call("GET", "", {{"list-type", "2"}, {"max-keys", "1"}, {"prefix", prefix_}});
    listing.key.clear();
    try {
        const auto answer = connection_.send(listing);
        if (is_gone(answer)) refuse("bucket", "S3 has no bucket " + connection_.settings().bucket + " (" + answer.error + ")");
        root_of(answer);
    } catch (const Error& error) {
        // What S3 refuses at the start is something that a person has to put right.
        if (error.arg("s3")) refuse("access_key", *error.arg("why"));
        throw;
    }
}

void Bucket::put(const std::string& key, Spool& bytes) {
    auto put = call("PUT", key);
    give_body(put, bytes);
    found(connection_.send(put));
}

std::optional<std::uint64_t> Bucket::size_of(const std::string& key, const std::string& sha256) {
    auto head = call("HEAD", key);
    head.headers.add("x-amz-checksum-mode", "ENABLED");
    const auto answer = connection_.send(head);
    if (is_gone(answer)) return std::nullopt;
    // That of an object in parts is a hash of hashes and says so by a dash.
    const auto kept = answer.headers.get("x-amz-checksum-sha256");
    if (!sha256.empty() && !kept.empty() && !kept.contains('-') && hex_of_base64(kept) != sha256) throw Error{Code::corrupt_blob, {{"sha256", sha256}}};
    return read_number<std::uint64_t>(answer.headers.get("content-length"));
}

bool Bucket::read(const std::string& key, std::uint64_t offset, std::span<char> into) {
    if (into.empty()) return true;
    auto get = call("GET", key);
    get.headers.add("Range", fmt::format("bytes={}-{}", offset, offset + into.size() - 1));
    get.into = into;
    return !is_gone(connection_.send(get));
}

bool Bucket::copy(const std::string& from, const std::string& to) {
    auto put = call("PUT", to);
    put.headers.add("x-amz-copy-source", source_of(from));
    return !is_gone(connection_.send(put));
}

void Bucket::remove(const std::string& key) { connection_.send(call("DELETE", key)); }

void Bucket::remove(const std::vector<Entry>& entries) {
    in_lanes(entries.size(), [&](std::size_t i) { remove(entries[i].key); });
}

void Bucket::pages(Call call, const std::function<sigv4::Query(const Answer&, const Element&)>& take) {
    call.key.clear();
    const auto first = call.query;
    while (true) {
        const auto answer = connection_.send(call);
        const auto next = take(found(answer), root_of(answer));
        if (next.empty()) return;
        call.query = first;
        call.query.insert(call.query.end(), next.begin(), next.end());
    }
}

Bucket::Listed Bucket::list(const std::string& prefix) {
    Listed out;
    out.now = each(prefix, [&](const Entry& entry) { out.entries.push_back(entry); });
    return out;
}

std::optional<Instant> Bucket::each(const std::string& prefix, const std::function<void(const Entry&)>& visit) {
    std::optional<Instant> now;
    pages(call("GET", "", {{"list-type", "2"}, {"prefix", prefix_ + prefix}}), [&](const Answer& answer, const Element& root) -> sigv4::Query {
        now = read_http_date(answer.headers.get("date"));
        for (const auto& child : root.children) {
            if (child.name != "Contents") continue;
            visit({child.text_of("Key").substr(prefix_.size()), read_number<std::uint64_t>(child.text_of("Size")), read_time(child.text_of("LastModified"))});
        }
        auto next = root.text_of("NextContinuationToken");
        if (next.empty()) return {};
        return {{"continuation-token", std::move(next)}};
    });
    return now;
}

std::string Bucket::begin_parts(const std::string& key) {
    const auto answer = connection_.send(call("POST", key, {{"uploads", ""}}));
    auto id = root_of(found(answer)).text_of("UploadId");
    if (id.empty()) throw Error{Code::storage_failed, {{"why", "S3 gave no id for an upload in parts"}}};
    return id;
}

std::vector<Unfinished> Bucket::unfinished(const std::string& prefix) {
    std::vector<Unfinished> out;
    pages(call("GET", "", {{"uploads", ""}, {"prefix", prefix_ + prefix}}), [&](const Answer&, const Element& root) -> sigv4::Query {
        for (const auto& child : root.children) {
            if (child.name != "Upload") continue;
            out.push_back({child.text_of("Key").substr(prefix_.size()), child.text_of("UploadId"), read_time(child.text_of("Initiated"))});
        }
        if (root.text_of("IsTruncated") != "true") return {};
        return {{"key-marker", root.text_of("NextKeyMarker")}, {"upload-id-marker", root.text_of("NextUploadIdMarker")}};
    });
    return out;
}

std::optional<std::vector<Part>> Bucket::parts(const Unfinished& upload) {
    std::vector<Part> out;
    const sigv4::Query query{{"uploadId", upload.id}};
    auto call = this->call("GET", upload.key, query);
    while (true) {
        const auto answer = connection_.send(call);
        if (is_gone(answer)) return std::nullopt;
        const auto root = root_of(answer);
        for (const auto& child : root.children) {
            if (child.name != "Part") continue;
            auto etag = child.text_of("ETag");
            if (etag == "\"\"") etag.clear();
            out.push_back({read_number<int>(child.text_of("PartNumber")), read_number<std::uint64_t>(child.text_of("Size")), std::move(etag)});
        }
        if (root.text_of("IsTruncated") != "true") return out;
        call.query = query;
        call.query.emplace_back("part-number-marker", root.text_of("NextPartNumberMarker"));
    }
}

std::optional<Part> Bucket::put_part(const Unfinished& upload, int number, Spool& bytes) {
    auto put = call("PUT", upload.key, {{"partNumber", std::to_string(number)}, {"uploadId", upload.id}});
    give_body(put, bytes);
    const auto answer = connection_.send(put);
    if (is_gone(answer)) return std::nullopt;
    return Part{number, bytes.size(), std::string{answer.headers.get("etag")}};
}

std::optional<Part> Bucket::copy_part(const Unfinished& upload, int number, const std::string& from, std::uint64_t size) {
    auto put = call("PUT", upload.key, {{"partNumber", std::to_string(number)}, {"uploadId", upload.id}});
    put.headers.add("x-amz-copy-source", source_of(from));
    const auto answer = connection_.send(put);
    if (is_gone(answer)) return std::nullopt;
    return Part{number, size, root_of(answer).text_of("ETag")};
}

bool Bucket::complete_parts(const Unfinished& upload, const std::vector<Part>& parts) {
    auto post = call("POST", upload.key, {{"uploadId", upload.id}});
    post.body = "<CompleteMultipartUpload>";
    for (const auto& part : parts) post.body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", part.number, escape_xml(part.etag));
    post.body += "</CompleteMultipartUpload>";
    return !is_gone(connection_.send(post));
}

void Bucket::abort_parts(const Unfinished& upload) { connection_.send(call("DELETE", upload.key, {{"uploadId", upload.id}})); }

}  // namespace millrace::blobs::s3
