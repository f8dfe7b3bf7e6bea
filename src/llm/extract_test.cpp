#include <doctest/doctest.h>

#include "llm/extract.hpp"

using namespace millrace;
using namespace millrace::llm;

TEST_CASE("an object is found in what a model says") {
    struct Row { const char* name; std::string_view text; const char* want; };
    for (const Row& row : std::initializer_list<Row>{
             {"alone", R"({"a":1})", R"({"a":1})"},
             {"in a fence", "```json\n{\"a\":1}\n```", R"({"a":1})"},
             {"in prose", "Sure! {\"a\":\"}\"} Anything else?", R"({"a":"}"})"},
             {"after brackets of prose", "I use {curly} words: {\"a\":1}", R"({"a":1})"},
             {"after thoughts", "<think>{\"a\":0}</think>{\"a\":1}", R"({"a":1})"},
             {"commas at the end", R"({"a":[1,2,],"b":"x,}",})", R"({"a":[1,2],"b":"x,}"})"},
             {"nested", R"(x {"a":{"b":[{"c":1}]}} y)", R"({"a":{"b":[{"c":1}]}})"},
             {"quotes of another kind", "{'a':1}", nullptr},
             {"cut off", R"({"a":{"b":1)", nullptr},
             {"the same name twice", R"({"a":1,"a":2})", nullptr},
             {"an array", "[1,2]", nullptr},
             {"nothing", "", nullptr},
             {"a name without end", "{\"a", nullptr},
             {"a stroke at the end", "{\"a\\", nullptr},
         }) {
        CAPTURE(row.name);
        const auto object = object_in(row.text);
        CHECK(object.has_value() == (row.want != nullptr));
        if (object && row.want) CHECK(json::serialize(*object) == row.want);
    }
}

TEST_CASE("a text of brackets alone is read in linear time") {
    CHECK_FALSE(object_in(std::string(4'000'000, '{')));
}
