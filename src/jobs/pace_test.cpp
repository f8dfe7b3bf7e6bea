#include "jobs/detail/pace.hpp"

#include <doctest/doctest.h>

using namespace millrace;
using jobs::detail::Pace;

TEST_CASE("jobs are claimed ahead as far as the slots get within the horizon") {
    struct Row { const char* name; Duration each; int slots; int want; };
    for (const Row& row : {Row{"instant jobs", 0ms, 2, Pace::ahead_max}, Row{"as long as the horizon", 20ms, 4, 4},
                           Row{"half of it", 10ms, 4, 8}, Row{"a little longer", 30ms, 4, 2}, Row{"long jobs", 1s, 4, 0}}) {
        CAPTURE(row.name);
        Pace pace;
        CHECK(pace.ahead(row.slots) == 0);
        for (int i = 0; i < 3; ++i) pace.took(row.each);
        CHECK(pace.ahead(row.slots) == row.want);
    }
}

TEST_CASE("one long job ends claiming ahead, and short ones bring it back") {
    Pace pace;
    for (int i = 0; i < 100; ++i) pace.took(10us);
    CHECK(pace.ahead(2) == Pace::ahead_max);
    pace.took(10s);
    CHECK(pace.ahead(2) == 0);
    pace.took(10us);
    CHECK(pace.ahead(2) == 0);
    for (int i = 0; i < 100; ++i) pace.took(10us);
    CHECK(pace.ahead(2) == Pace::ahead_max);
}
