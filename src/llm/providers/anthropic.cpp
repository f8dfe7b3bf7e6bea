#include "llm/providers/fields.hpp"
#include "llm/providers/provider.hpp"

namespace millrace::llm {
namespace {

/// Messages of Anthropic: an answer by schema is the input of a tool that must be used.
struct Anthropic final : Provider {
    Api api() const override { return Api::anthropic; }
    std::string_view url() const override { return "https://api.anthropic.com/v1"; }
    std::string_view path() const override { return "/messages"; }
    std::span<const Shape> shapes() const override {
        static constexpr Shape all[] = {Shape::json_schema, Shape::text};
        return all;
    }
    void add_headers(http::Headers& headers, const Secret& key) const override {
        headers.set("anthropic-version", "2023-06-01");
        if (!key.empty()) headers.set("x-api-key", key.expose());
    }

    json::object body(const Prompt& prompt) const override {
        json::object body{{"model", prompt.model},
                          {"max_tokens", prompt.output_tokens_max},
                          {"system", prompt.system},
                          {"messages", json::array{message("user", prompt.user)}}};
        if (!prompt.quirks.plain) body.emplace("temperature", 0);
        if (prompt.shape == Shape::json_schema) {
            body.emplace("tools", json::array{json::object{{"name", schema_name}, {"description", "Gives the answer."}, {"input_schema", prompt.schema}}});
            body.emplace("tool_choice", json::object{{"type", "tool"}, {"name", schema_name}, {"disable_parallel_tool_use", true}});
        }
        return body;
    }

    std::optional<Reply> read(const json::object& body) const override {
        const auto* content = array_at(body, "content");
        if (!content) return std::nullopt;
        Reply reply;
        if (const auto* usage = object_at(body, "usage")) {
            reply.usage = {count_at(*usage, "input_tokens") + count_at(*usage, "cache_creation_input_tokens") + count_at(*usage, "cache_read_input_tokens"),
                           count_at(*usage, "output_tokens"), count_at(*usage, "cache_read_input_tokens")};
        }
        reply.refused = text_at(body, "stop_reason") == "refusal";
        for (const auto& item : *content) {
            const auto* block = item.if_object();
            if (!block) continue;
            if (text_at(*block, "type") == "text") reply.text += text_at(*block, "text");
            const bool used = text_at(*block, "type") == "tool_use" && text_at(*block, "name") == schema_name;
            if (const auto* input = used ? object_at(*block, "input") : nullptr) reply.object = *input;
        }
        return reply;
    }
};

}  // namespace

const Provider& anthropic() {
    static const Anthropic provider;
    return provider;
}

}  // namespace millrace::llm
