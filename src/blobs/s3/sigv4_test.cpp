#include <doctest/doctest.h>

#include "base/hash.hpp"
#include "blobs/s3/detail/sigv4.hpp"

using namespace millrace;
using namespace millrace::blobs::s3;

namespace {

// The key, the time and the signatures of the examples in Amazon's documentation, "Authenticating Requests (AWS Signature
// Version 4)".
const sigv4::Key key{"AKIAIOSFODNN7EXAMPLE", Secret{"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}, {}, "us-east-1"};
const Instant at = *from_rfc3339("2013-05-24T00:00:00Z");

sigv4::Request request(std::string method, std::string path) {
    sigv4::Request out;
    out.method = std::move(method);
    out.host = "examplebucket.s3.amazonaws.com";
    out.path = std::move(path);
    out.payload_sha256 = sigv4::sha256_of_nothing;
    return out;
}

std::string signature(sigv4::Request request) {
    sigv4::sign(request, key, at);
    const std::string authorization{request.headers.get("authorization")};
    return authorization.substr(authorization.find("Signature=") + 10);
}

}  // namespace

TEST_CASE("requests are signed as in the published examples") {
    struct Row { const char* name; sigv4::Request request; std::string_view want; };
    auto get = request("GET", "/test.txt");
    get.headers.add("Range", "bytes=0-9");
    auto put = request("PUT", "/test%24file.text");
    put.headers.add("Date", "Fri, 24 May 2013 00:00:00 GMT");
    put.headers.add("x-amz-storage-class", "REDUCED_REDUNDANCY");
    put.payload_sha256 = to_hex(sha256("Welcome to Amazon S3."));
    auto lifecycle = request("GET", "/");
    lifecycle.query = {{"lifecycle", ""}};
    auto list = request("GET", "/");
    list.query = {{"prefix", "J"}, {"max-keys", "2"}};

    for (const Row& row : std::initializer_list<Row>{
             {"a range of an object", get, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
             {"an object that is put", put, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
             {"a query without a value", lifecycle, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
             {"a query out of order", list, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
         }) {
        CAPTURE(row.name);
        CHECK(signature(row.request) == row.want);
    }
}

TEST_CASE("an address is signed as in the published example") {
    const auto query = sigv4::presign(request("GET", "/test.txt"), key, at, std::chrono::seconds{86400});

    CHECK(query ==
          "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z"
          "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_CASE("the token of a temporary key is sent and signed") {
    const sigv4::Key temporary{key.access_key, key.secret_key, Secret{"a token/+="}, key.region};
    auto signed_request = request("GET", "/test.txt");

    sigv4::sign(signed_request, temporary, at);

    CHECK(signed_request.headers.get("x-amz-security-token") == "a token/+=");
    CHECK(signed_request.headers.get("authorization").contains("x-amz-date;x-amz-security-token,"));
    CHECK(sigv4::presign(request("GET", "/"), temporary, at, std::chrono::seconds{60}).contains("X-Amz-Security-Token=a%20token%2F%2B%3D&"));
}
