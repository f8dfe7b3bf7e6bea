#include <doctest/doctest.h>

#include "base/bytes.hpp"

using namespace millrace;

TEST_CASE("numbers of bytes are read with their unit and written in the largest exact one") {
    CHECK(parse_bytes("64MiB") == Bytes{64 << 20});
    CHECK(parse_bytes("10 GB") == Bytes{10'000'000'000});
    CHECK(parse_bytes("512") == Bytes{512});
    CHECK(parse_bytes("7B") == Bytes{7});
    for (const std::string_view text : {"", "MiB", "-1", "1.5GiB", "1XB", "1mib", "9223372036854775808", "9000000TiB", "1 x"}) {
        CAPTURE(text);
        CHECK(!parse_bytes(text));
    }
    CHECK(to_string(Bytes{64 << 20}) == "64MiB");
    CHECK(to_string(Bytes{1000}) == "1000");
    CHECK(to_string(Bytes{0}) == "0");
    CHECK(to_string(Bytes{1536}) == "1536");
}
