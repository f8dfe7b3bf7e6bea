#include "mapping/schema.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "formats/testing.hpp"

namespace millrace::mapping {
namespace {

Table of(std::string text, std::string_view filename = "schema.json") {
    formats::TextSource source{std::move(text)};
    return read(source, filename);
}

TEST_CASE("a list of fields is a schema without rows") {
    const auto table = of(R"({"fields": [{"name": "country", "title": "Land", "type": "string", "enum": ["NL", "BE"]}, {"name": "born", "type": "date"}]})");

    REQUIRE(table.fields.size() == 2);
    CHECK(table.fields[0].title == "Land");
    CHECK(table.fields[0].enumeration == std::vector<std::string>{"NL", "BE"});
    CHECK_FALSE(table.fields[0].values);
    CHECK(table.fields[1].type == "date");
}

TEST_CASE("a Table Schema gives its constraints") {
    const auto table = of(R"({"fields": [{"name": "size", "type": "string", "constraints": {"required": true, "enum": ["S", "M"]}}]})");

    CHECK(table.fields[0].required);
    CHECK(table.fields[0].enumeration.size() == 2);
}

TEST_CASE("a JSON Schema gives its properties, nested ones by their path") {
    const auto table = of(R"({"type": "object", "required": ["mail"], "properties": {
        "mail": {"type": ["string", "null"], "format": "email"},
        "since": {"type": "string", "format": "date-time"},
        "address": {"type": "object", "properties": {"city": {"type": "string", "description": "place of living"}}}}})");

    REQUIRE(table.fields.size() == 3);
    CHECK(table.fields[0].required);
    CHECK(table.fields[0].format == "email");
    CHECK(table.fields[1].type == "datetime");
    CHECK(table.fields[2].name == "address.city");
    CHECK(table.fields[2].description == "place of living");
}

TEST_CASE("data are read as a table, also when they are JSON") {
    const auto csv = of("a,b\n1,x\n2,y\n2,\n", "data.csv");
    REQUIRE(csv.fields.size() == 2);
    CHECK(csv.fields[0].values->count == 3);
    CHECK(csv.fields[0].values->distinct == 2);
    CHECK(csv.fields[1].values->nulls == 1);

    const auto json = of(R"([{"name": "x", "fields": 1}, {"name": "y", "fields": 2}])", "data.json");
    CHECK(json.fields.size() == 2);
}

TEST_CASE("a schema with two fields of one name is refused") {
    CHECK_THROWS_AS(of(R"({"fields": [{"name": "a"}, {"name": "a"}]})"), Error);
}

}  // namespace
}  // namespace millrace::mapping
