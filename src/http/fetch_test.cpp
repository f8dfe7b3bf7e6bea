#include "http/fetch.hpp"

#include <doctest/doctest.h>

using namespace millrace::http;

TEST_CASE("a file is called as its address ends, else as its host") {
    struct Row {
        const char* url;
        const char* name;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"https://data.example/a/prices.csv", "prices.csv"},
             {"https://data.example/prices%20of%20may.csv?key=1/2#x", "prices of may.csv"},
             {"https://data.example/a%2fb.csv", "a/b.csv"},  // data, not a path
             {"https://data.example/", "data.example"},
             {"https://data.example:8443", "data.example"},
             {"https://data.example/a%00b.csv", "data.example"},
             {"https://data.example/%ff.csv", "data.example"},
         }) {
        CAPTURE(row.url);
        CHECK(filename_of_url(row.url) == row.name);
    }
}
