#include <doctest/doctest.h>

#include "llm/call.hpp"
#include "llm/fault.hpp"

using namespace millrace;
using namespace millrace::llm;

TEST_CASE("what a refusal means is read from its status and its words") {
    struct Row { const char* name; int status; std::string_view body; Fault want; bool transient; };
    for (const Row& row : std::initializer_list<Row>{
             {"rate limit", 429, R"({"error":{"code":"rate_limit_exceeded"}})", Fault::busy, true},
             {"quota", 429, R"({"error":{"code":"insufficient_quota"}})", Fault::quota, false},
             {"server error", 500, "", Fault::failing, true},
             {"loading", 503, "", Fault::failing, true},
             {"overloaded", 529, R"({"error":{"type":"overloaded_error"}})", Fault::failing, true},
             {"conflict", 409, "", Fault::failing, true},
             {"key", 401, "", Fault::credentials, false},
             {"forbidden", 403, "", Fault::credentials, false},
             {"model", 404, R"({"error":"model 'x' not found"})", Fault::unknown_model, false},
             {"too large", 413, "", Fault::too_long, false},
             {"context", 400, R"({"error":{"code":"context_length_exceeded","message":"maximum context length"}})", Fault::too_long, false},
             {"schema", 400, R"({"error":{"message":"'response_format' of type 'json_schema' is not supported"}})", Fault::shape_refused, false},
             {"tokens", 400, R"({"error":{"message":"Use 'max_completion_tokens' instead"}})", Fault::wants_completion_tokens, false},
             {"temperature", 400, R"({"error":{"message":"Unsupported value: 'temperature'"}})", Fault::wants_plain, false},
             {"anything else", 400, "no", Fault::rejected, false},
             {"a redirect", 302, "", Fault::rejected, false},
         }) {
        CAPTURE(row.name);
        CHECK(fault_of(row.status, row.body) == row.want);
        CHECK(is_transient(row.want) == row.transient);
    }
}

TEST_CASE("a try is repeated when that may help and there is time for it") {
    const Settings settings{.attempts = 4, .retry_pause = 1s, .retry_pause_max = 5s};
    struct Row { const char* name; Fault fault; int tried; std::optional<Duration> retry_after; Duration left; std::optional<Duration> want; };
    for (const Row& row : std::initializer_list<Row>{
             {"first", Fault::failing, 1, {}, 1min, 500ms},
             {"second", Fault::failing, 2, {}, 1min, 1s},
             {"third", Fault::unreachable, 3, {}, 1min, 2s},
             {"used up", Fault::failing, 4, {}, 1min, {}},
             {"as the server says", Fault::busy, 1, 7s, 1min, 7s},
             {"at once, as the server says", Fault::busy, 1, 0s, 1min, 0s},
             {"longer than there is patience", Fault::busy, 1, 10min, 1min, {}},
             {"no time left", Fault::failing, 1, {}, 100ms, {}},
             {"no use", Fault::credentials, 1, {}, 1min, {}},
             {"quota", Fault::quota, 1, 1s, 1min, {}},
         }) {
        CAPTURE(row.name);
        CHECK(pause_after(row.fault, row.tried, row.retry_after, row.left, 0.5, settings) == row.want);
    }
    CHECK(pause_after(Fault::failing, 19, {}, 1h, 0.999, Settings{.attempts = 20}) <= 1min);
}

TEST_CASE("a budget names the setting that stands in the way") {
    Settings settings;
    settings.tokens_per_call = 1000;
    settings.tokens_per_job = 2000;
    settings.tokens_per_day = 3000;
    settings.tokens_per_month = 4000;
    settings.price_input = 1;
    settings.price_output = 4;
    settings.cost_per_month = 0.02;
    const auto with = [](std::int64_t job, std::int64_t day, std::int64_t month, std::int64_t cost) {
        return Spent{.job = {job, 0}, .day = {day, 0}, .month = {month, cost}};
    };
    struct Row { const char* want; Spent spent; std::int64_t tokens; };
    for (const Row& row : std::initializer_list<Row>{
             {"", with(0, 0, 0, 0), 1000},
             {"llm.tokens_per_call", with(0, 0, 0, 0), 1001},
             {"", with(1000, 2000, 3000, 0), 1000},
             {"llm.tokens_per_job", with(1001, 0, 0, 0), 1000},
             {"llm.tokens_per_day", with(0, 2001, 0, 0), 1000},
             {"llm.tokens_per_month", with(0, 0, 3001, 0), 1000},
             {"", with(0, 0, 0, 16'000), 1000},
             {"llm.cost_per_month", with(0, 0, 0, 16'001), 1000},
         }) {
        CAPTURE(row.want);
        CHECK(over_budget(settings, row.spent, row.tokens) == row.want);
    }
    CHECK(cost_micros(settings, {.input = 1000, .output = 10}) == 1040);
}
