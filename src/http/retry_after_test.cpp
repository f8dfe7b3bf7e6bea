#include <doctest/doctest.h>

#include "http/retry_after.hpp"

using namespace millrace;
using namespace millrace::http;

TEST_CASE("Retry-After is seconds or a date") {
    const Instant then{std::chrono::seconds{784'111'000}};
    CHECK(read_retry_after("0", then) == then);
    CHECK(read_retry_after("120", then) == then + 120s);
    CHECK(read_retry_after("99999999999999999999999", then) == then + 24h);
    CHECK(read_retry_after("9223372036854775807", then) == then + 24h);
    CHECK(read_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", then) == then + 777s);
    CHECK(read_retry_after("Sun, 06 Nov 1988 08:49:37 GMT", then) == then);
    for (const char* bad : {"", "-1", "1.5", "1s", "soon", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT+1"}) {
        CAPTURE(bad);
        CHECK_FALSE(read_retry_after(bad, then));
    }
}
