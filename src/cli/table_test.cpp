#include "cli/table.hpp"

#include <doctest/doctest.h>

#include <boost/json/object.hpp>

#include "base/error.hpp"

using namespace millrace;
using namespace millrace::cli;

namespace {

const std::vector<Column> columns{{.name = "id"}, {.name = "name", .width_min = 6}, {.name = "rows", .right = true}};

std::string written(Format format, const std::vector<std::string>& fields = {}, int width = 80) {
    Listing listing{format, {.utf8 = true, .width = width}, columns, fields};
    std::string out = listing.add({{"id", "a1"}, {"name", "first, \"one\""}, {"rows", 5}, {"more", {{"deep", true}}}});
    out += listing.add({{"id", "b2"}, {"name", "tab\there"}, {"rows", 12000}, {"more", nullptr}});
    return out + listing.end();
}

}  // namespace

TEST_CASE("a list is written in the form that was asked for") {
    CHECK(written(Format::table) ==
          "ID  NAME           ROWS\n"
          "a1  first, \"one\"      5\n"
          "b2  tab\\there     12000\n");
    CHECK(written(Format::tsv) == "id\tname\trows\na1\tfirst, \"one\"\t5\nb2\ttab\\there\t12000\n");
    CHECK(written(Format::csv) == "id,name,rows\r\na1,\"first, \"\"one\"\"\",5\r\nb2,tab\there,12000\r\n");
    CHECK(written(Format::ids) == "a1\nb2\n");
    CHECK(written(Format::json) ==
          "{\"id\":\"a1\",\"name\":\"first, \\\"one\\\"\",\"rows\":5,\"more\":{\"deep\":true}}\n"
          "{\"id\":\"b2\",\"name\":\"tab\\there\",\"rows\":12000,\"more\":null}\n");
}

TEST_CASE("fields choose columns, also inside objects, in JSON as well") {
    CHECK(written(Format::tsv, {"rows", "more.deep"}) == "rows\tmore.deep\n5\ttrue\n12000\t\n");
    CHECK(written(Format::json, {"id", "more.deep"}) == "{\"id\":\"a1\",\"more.deep\":true}\n{\"id\":\"b2\",\"more.deep\":null}\n");
}

TEST_CASE("a narrow terminal cuts the widest column, never below its least width") {
    CHECK(written(Format::table, {}, 20) ==
          "ID  NAME        ROWS\n"
          "a1  first, \"…      5\n"
          "b2  tab\\there  12000\n");
    const auto narrow = written(Format::table, {}, 10);
    CHECK(narrow.find("first…") != narrow.npos);
}

TEST_CASE("an empty list is nothing, not a lone heading") {
    Listing listing{Format::table, {}, columns};
    CHECK(listing.end().empty());
}

TEST_CASE("the form follows the options, and the terminal where there are none") {
    CHECK(format_from("", false, false, {.live = true}) == Format::table);
    CHECK(format_from("", false, false, {.live = false}) == Format::tsv);
    CHECK(format_from("csv", false, false, {.live = true}) == Format::csv);
    CHECK(format_from("", true, false, {.live = true}) == Format::json);
    CHECK(format_from("", false, true, {}) == Format::ids);
    CHECK_THROWS_AS(format_from("yaml", false, false, {}), Error);
}
