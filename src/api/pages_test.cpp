#include "api/pages.hpp"

#include <doctest/doctest.h>

namespace millrace::api {

TEST_CASE("a page finds its files from any depth") {
    struct Row { const char* path; const char* way; };
    for (const Row& row : std::initializer_list<Row>{{"/ui/", "./"},
                                                     {"/ui/jobs", "./"},
                                                     {"/ui/jobs/", "../"},
                                                     {"/ui/jobs/1", "../"},
                                                     {"/ui/datasets/1/rows", "../../"}}) {
        CAPTURE(row.path);
        CHECK(way_home(row.path) == row.way);
    }
}

}  // namespace millrace::api
