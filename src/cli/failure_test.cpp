#include "cli/failure.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "cli/importing.hpp"

using namespace millrace;
using namespace millrace::cli;

TEST_CASE("the status of several things is told from how each came out") {
    struct Row { const char* name; std::vector<Outcome> outcomes; int want; };
    for (const Row& row : std::initializer_list<Row>{
             {"nothing to do", {}, 0},
             {"all well", {{0}, {0}}, 0},
             {"one alone keeps its own", {{6}}, 6},
             {"all the same", {{6}, {6}}, 6},
             {"rejected rows", {{0, true}}, 3},
             {"some failed", {{0}, {1}}, 3},
             {"some duplicate", {{0}, {6}}, 3},
             {"failed in different ways", {{1}, {6}}, 1},
         }) {
        CAPTURE(row.name);
        CHECK(combined_status(row.outcomes) == row.want);
    }
}

TEST_CASE("an import that was interrupted says so whatever else happened") {
    CHECK(import_status({{.outcome = "imported"}, {.outcome = "stopped", .status = 130}, {.outcome = "skipped", .status = 130}}) == 130);
    CHECK(import_status({{.outcome = "failed", .status = 7}, {.outcome = "skipped", .status = 1}}) == 7);
    CHECK(import_status({{.outcome = "imported", .rows_rejected = 2}}) == 3);
}

TEST_CASE("errors of each kind end with their documented status") {
    CHECK(exit_status(Code::usage) == 2);
    CHECK(exit_status(Code::unauthorized) == 4);
    CHECK(exit_status(Code::not_found) == 5);
    CHECK(exit_status(Code::duplicate) == 6);
    CHECK(exit_status(Code::unreachable) == 7);
    CHECK(exit_status(Code::timed_out) == 8);
    CHECK(exit_status(Code::interrupted) == 130);
}

TEST_CASE("an error says what, why and what to try, and nothing in it can write on the terminal") {
    const Error error{Code::unreachable, {{"url", "http://127.0.0.1:1"}, {"why", "refused\x1b[2J"}}};
    const auto text = explain(error, false, false);
    CHECK(text.starts_with("millrace: error: "));
    CHECK(text.find("http://127.0.0.1:1") != text.npos);
    CHECK(text.find("refused\\x1b[2J") != text.npos);
    CHECK(text.find("\n  try: ") != text.npos);
    CHECK(explain(error, false, true).find("code: unreachable") != std::string::npos);
}

TEST_CASE("the language of messages follows the environment") {
    ::setenv("LC_ALL", "nl_NL.UTF-8", 1);
    CHECK(language() == "nl");
    CHECK(explain(Error{Code::forbidden}, false, false).find("rol") != std::string::npos);
    ::setenv("LC_ALL", "C.UTF-8", 1);
    CHECK(language() == "en");
    ::unsetenv("LC_ALL");
}
