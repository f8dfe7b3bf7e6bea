#include <doctest/doctest.h>

#include <vector>

#include "base/suggest.hpp"

using namespace millrace;

TEST_CASE("a mistyped word finds the one that was meant, and a foreign one finds nothing") {
    const std::vector<std::string> known{"state", "status", "kind", "created_at", "http.head_timeout"};
    CHECK(closest("stat", known) == "state");
    CHECK(closest("knid", known) == "kind");
    CHECK(closest("craeted_at", known) == "created_at");
    CHECK(closest("http.hed_timeout", known) == "http.head_timeout");
    CHECK(!closest("colour", known));
    CHECK(!closest("", known));
    CHECK(!closest(std::string(100'000, 'a'), known));
    CHECK(did_you_mean("knd", known) == "; did you mean \"kind\"?");
    CHECK(did_you_mean("colour", known).empty());
}
