#include <doctest/doctest.h>

#include "llm/providers/provider.hpp"
#include "llm/standin/wire.hpp"

using namespace millrace;
using namespace millrace::llm;

namespace {

const json::object schema = json::parse(R"({"type":"object","properties":{"s1":{"type":"string","enum":["t1","none"]}},"required":["s1"],"additionalProperties":false})").as_object();

Prompt prompt(Shape shape, Quirks quirks = {}) {
    return {.model = "m", .system = "match", .user = "{}", .schema = schema, .output_tokens_max = 300, .shape = shape, .quirks = quirks};
}

std::string body_of(Api api, Shape shape, Quirks quirks = {}) { return json::serialize(provider_of(api)->body(prompt(shape, quirks))); }

}  // namespace

TEST_CASE("a request is written in the words of each API") {
    const std::string schema_text = json::serialize(schema);
    struct Row { Api api; Shape shape; std::string want; };
    for (const Row& row : std::initializer_list<Row>{
             {Api::openai, Shape::json_schema, R"("response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":)" + schema_text + "}}"},
             {Api::openai, Shape::json_object, R"("response_format":{"type":"json_object"})"},
             {Api::openai, Shape::text, R"({"model":"m","messages":[{"role":"system","content":"match"},{"role":"user","content":"{}"}],"max_tokens":300,"temperature":0,"seed":1})"},
             {Api::responses, Shape::json_schema, R"("text":{"format":{"type":"json_schema","name":"answer","strict":true,"schema":)" + schema_text + "}}"},
             {Api::responses, Shape::text, R"({"model":"m","instructions":"match","input":[{"role":"user","content":[{"type":"input_text","text":"{}"}]}],"max_output_tokens":300,"store":false,"temperature":0})"},
             {Api::anthropic, Shape::json_schema, R"("tools":[{"name":"answer","description":"Gives the answer.","input_schema":)" + schema_text + R"(}],"tool_choice":{"type":"tool","name":"answer","disable_parallel_tool_use":true})"},
             {Api::anthropic, Shape::text, R"({"model":"m","max_tokens":300,"system":"match","messages":[{"role":"user","content":"{}"}],"temperature":0})"},
             {Api::ollama, Shape::json_schema, R"("format":)" + schema_text},
             {Api::ollama, Shape::json_object, R"("format":"json")"},
             {Api::ollama, Shape::text, R"("options":{"num_predict":300,"num_ctx":4096,"temperature":0,"seed":1})"},
         }) {
        CAPTURE(row.want);
        CHECK(body_of(row.api, row.shape).contains(row.want));
    }
}

TEST_CASE("what a server does not take is left out") {
    CHECK(body_of(Api::openai, Shape::text, {.completion_tokens = true}).contains(R"("max_completion_tokens":300)"));
    for (const auto* provider : catalog()) {
        CAPTURE(word(provider->api()));
        const auto body = body_of(provider->api(), Shape::text, {.plain = true});
        CHECK_FALSE(body.contains("temperature"));
        CHECK_FALSE(body.contains("seed"));
    }
}

TEST_CASE("a key goes where the API wants it, and nowhere else") {
    for (const auto* provider : catalog()) {
        CAPTURE(word(provider->api()));
        http::Headers headers, without;
        provider->add_headers(headers, Secret{"k-1"});
        provider->add_headers(without, Secret{});
        CHECK(headers.get(provider->api() == Api::anthropic ? "x-api-key" : "authorization").ends_with("k-1"));
        CHECK_FALSE(without.has("authorization"));
        CHECK_FALSE(body_of(provider->api(), Shape::json_schema).contains("k-1"));
    }
}

TEST_CASE("an answer of each API is read: its object, its text, its tokens") {
    struct Row { const char* name; Api api; std::string_view body; std::string_view text; bool object; bool refused; std::int64_t tokens; };
    for (const Row& row : std::initializer_list<Row>{
             {"chat", Api::openai, R"({"choices":[{"message":{"content":"{}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}})", "{}", false, false, 7},
             {"no usage", Api::openai, R"({"choices":[{"message":{"content":"{}"}}]})", "{}", false, false, 0},
             {"no choices", Api::openai, R"({"choices":[]})", "", false, false, 0},
             {"null content", Api::openai, R"({"choices":[{"message":{"content":null,"tool_calls":[]}}],"usage":null})", "", false, false, 0},
             {"a tool with text", Api::openai, R"({"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"answer","arguments":"{\"a\":1}"}}]}}]})", R"({"a":1})", false, false, 0},
             {"a tool with an object", Api::openai, R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"answer","arguments":{"a":1}}}]}}]})", "", true, false, 0},
             {"another tool", Api::openai, R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"rm","arguments":"{}"}}]}}]})", "", false, false, 0},
             {"refusal", Api::openai, R"({"choices":[{"message":{"content":null,"refusal":"no"}}]})", "", false, true, 0},
             {"responses", Api::responses, R"({"output":[{"type":"reasoning"},{"type":"message","content":[{"type":"output_text","text":"{}"}]}],"usage":{"input_tokens":3,"output_tokens":1}})", "{}", false, false, 4},
             {"responses refusal", Api::responses, R"({"output":[{"type":"message","content":[{"type":"refusal","refusal":"no"}]}]})", "", false, true, 0},
             {"messages", Api::anthropic, R"({"content":[{"type":"text","text":"Here:"},{"type":"tool_use","name":"answer","input":{"a":1}}],"usage":{"input_tokens":3,"output_tokens":1,"cache_read_input_tokens":6}})", "Here:", true, false, 10},
             {"messages with another tool", Api::anthropic, R"({"content":[{"type":"tool_use","name":"rm","input":{}}],"stop_reason":"tool_use"})", "", false, false, 0},
             {"messages refusal", Api::anthropic, R"({"content":[],"stop_reason":"refusal"})", "", false, true, 0},
             {"ollama", Api::ollama, R"({"message":{"role":"assistant","content":"{}"},"prompt_eval_count":9,"eval_count":2})", "{}", false, false, 11},
             {"strange types", Api::openai, R"({"choices":["x"],"usage":{"prompt_tokens":"many","completion_tokens":-4}})", "", false, false, 0},
         }) {
        CAPTURE(row.name);
        const auto reply = provider_of(row.api)->read(json::parse(row.body).as_object());
        REQUIRE(reply);
        CHECK(reply->text == row.text);
        CHECK(reply->object.has_value() == row.object);
        CHECK(reply->refused == row.refused);
        CHECK(reply->usage.total() == row.tokens);
    }
    for (const auto* provider : catalog()) {
        CAPTURE(word(provider->api()));
        CHECK_FALSE(provider->read(json::parse(R"({"error":"x"})").as_object()));
    }
}

TEST_CASE("the stand-in reads what each provider writes, and is read by it") {
    for (const auto* provider : catalog()) {
        for (const auto shape : provider->shapes()) {
            CAPTURE(word(provider->api()));
            CAPTURE(word(shape));
            const auto asked = read_asked(api_of(provider->path()), provider->body(prompt(shape)));
            CHECK(asked.api == provider->api());
            CHECK(asked.model == "m");
            CHECK(asked.system == "match");
            CHECK(asked.user == "{}");
            CHECK(asked.shape == shape);
            if (shape == Shape::json_schema) CHECK(asked.schema == schema);
            const auto reply = provider->read(written(asked, {.object = fitting(schema)}));
            REQUIRE(reply);
            const auto object = reply->object ? *reply->object : json::parse(reply->text).as_object();
            CHECK(json::serialize(object) == R"({"s1":"t1"})");
            CHECK(reply->usage.total() > 0);
        }
    }
}
