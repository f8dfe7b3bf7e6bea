#include <doctest/doctest.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "intake/checksum.hpp"
#include "intake/upload_metadata.hpp"

using namespace millrace;
using namespace millrace::intake;

TEST_CASE("metadata of an upload name the file and say what to do with it") {
    const auto read = read_upload_metadata("filename cHJpY2VzLmNzdg==, filetype dGV4dC9jc3Y=,supplier_id czE=,on_duplicate cmV1c2U=,other,more eA==");
    CHECK(read.filename == "prices.csv");
    CHECK(read.media_type == "text/csv");
    CHECK(read.supplier_id == "s1");
    CHECK(read.on_duplicate == "reuse");
    CHECK(read_upload_metadata("name YQ==").filename == "a");
    CHECK(read_upload_metadata("").filename == "upload");
    CHECK_FALSE(read_upload_metadata("supplier_id").supplier_id.has_value());
}

TEST_CASE("metadata that cannot be read are refused") {
    for (const auto* bad : {",", "a YQ", "a YQ=", "a !!!!", "a YQ==,a Yg==", "a YQ==,,b YQ==", "on_duplicate YQ==", "a Y-_=", "a  YQ=="}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(read_upload_metadata(bad), Error);
    }
}

TEST_CASE("a checksum matches the bytes it was made of, in pieces too") {
    for (const auto* header : {"sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "md5 kAFQmDzST7DWlj99KOF/cg==", "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="}) {
        CAPTURE(header);
        auto good = Checksum::read(header), bad = Checksum::read(header);
        good.update("a");
        good.update("bc");
        bad.update("abd");
        CHECK(good.matches());
        CHECK_FALSE(bad.matches());
    }
    for (const auto* bad : {"", "sha1", "sha1 ", "sha1 kAFQmDzST7DWlj99KOF/cg==", "crc32 AAAA", "SHA1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "md5 x"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(Checksum::read(bad), Error);
    }
}
