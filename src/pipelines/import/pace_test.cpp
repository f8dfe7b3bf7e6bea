#include <doctest/doctest.h>

#include "base/clock.hpp"
#include "pipelines/import/pace.hpp"

using namespace millrace;
using namespace millrace::pipelines::import;

TEST_CASE("the pace of an import is told in bytes, rows and time left") {
    const Deadline begin{};
    Pace pace{10'000'000'000, begin};

    CHECK(pace.after(0, 0, begin) == "0 B of 10.0 GB");
    CHECK(pace.after(100'000'000, 1'000'000, begin + 1s) == "100.0 MB of 10.0 GB, 100.0 MB/s, 1,000,000 rows/s, 1 min 39 s left");
    CHECK(pace.after(9'900'000'000, 99'000'000, begin + 100s) == "9.9 GB of 10.0 GB, 99.0 MB/s, 990,000 rows/s, 2 s left");
}

TEST_CASE("an import that goes on counts from where it does") {
    const Deadline begin{};
    Pace pace{1000, begin};

    pace.after(500, 50, begin);

    CHECK(pace.after(600, 60, begin + 2s) == "600 B of 1.0 kB, 50 B/s, 5 rows/s, 8 s left");
}

TEST_CASE("bytes are readable at every size") {
    struct Row {
        std::uint64_t bytes;
        const char* text;
    };
    for (const Row& row : std::initializer_list<Row>{{0, "0 B"}, {999, "999 B"}, {1000, "1.0 kB"}, {999'999, "1.0 MB"}, {12'345'678, "12.3 MB"}, {3'200'000'000'000, "3.2 TB"}}) {
        CHECK(readable_bytes(row.bytes) == row.text);
    }
}
