#include "llm/providers/fields.hpp"
#include "llm/providers/provider.hpp"

namespace millrace::llm {
namespace {

/// Chat Completions: of OpenAI, and of most servers that run models.
struct OpenAi final : Provider {
    Api api() const override { return Api::openai; }
    std::string_view url() const override { return "https://api.openai.com/v1"; }
    std::string_view path() const override { return "/chat/completions"; }

    json::object body(const Prompt& prompt) const override {
        json::object body{{"model", prompt.model}, {"messages", json::array{message("system", prompt.system), message("user", prompt.user)}}};
        body.emplace(prompt.quirks.completion_tokens ? "max_completion_tokens" : "max_tokens", prompt.output_tokens_max);
        if (!prompt.quirks.plain) {
            body.emplace("temperature", 0);
            body.emplace("seed", 1);
        }
        if (prompt.shape == Shape::json_schema) {
            body.emplace("response_format", json::object{{"type", "json_schema"},
                                                         {"json_schema", json::object{{"name", schema_name}, {"strict", true}, {"schema", prompt.schema}}}});
        } else if (prompt.shape == Shape::json_object) {
            body.emplace("response_format", json::object{{"type", "json_object"}});
        }
        return body;
    }

    std::optional<Reply> read(const json::object& body) const override {
        const auto* choices = array_at(body, "choices");
        if (!choices) return std::nullopt;
        Reply reply;
        if (const auto* usage = object_at(body, "usage")) {
            reply.usage = {count_at(*usage, "prompt_tokens"), count_at(*usage, "completion_tokens"), 0};
            if (const auto* details = object_at(*usage, "prompt_tokens_details")) reply.usage.cached = count_at(*details, "cached_tokens");
        }
        const auto* first = choices->empty() ? nullptr : choices->front().if_object();
        const auto* said = first ? object_at(*first, "message") : nullptr;
        if (!said) return reply;
        reply.refused = !text_at(*said, "refusal").empty();
        reply.text = text_at(*said, "content");
        if (reply.text.empty()) read_tool(*said, reply);
        return reply;
    }

    /// Some servers answer a schema by a call of a tool that they make of it; its arguments are a text, or an object.
    static void read_tool(const json::object& said, Reply& reply) {
        const auto* calls = array_at(said, "tool_calls");
        const auto* call = calls && !calls->empty() ? calls->front().if_object() : nullptr;
        const auto* function = call ? object_at(*call, "function") : nullptr;
        if (!function || text_at(*function, "name") != schema_name) return;
        reply.text = text_at(*function, "arguments");
        if (const auto* object = object_at(*function, "arguments")) reply.object = *object;
    }
};

}  // namespace

const Provider& openai() {
    static const OpenAi provider;
    return provider;
}

}  // namespace millrace::llm
