#include "llm/providers/fields.hpp"
#include "llm/providers/provider.hpp"

namespace millrace::llm {
namespace {

/// Responses of OpenAI, without state on their side.
struct Responses final : Provider {
    Api api() const override { return Api::responses; }
    std::string_view url() const override { return "https://api.openai.com/v1"; }
    std::string_view path() const override { return "/responses"; }

    json::object body(const Prompt& prompt) const override {
        const json::array content{json::object{{"type", "input_text"}, {"text", prompt.user}}};
        json::object body{{"model", prompt.model},
                          {"instructions", prompt.system},
                          {"input", json::array{json::object{{"role", "user"}, {"content", content}}}},
                          {"max_output_tokens", prompt.output_tokens_max},
                          {"store", false}};
        if (!prompt.quirks.plain) body.emplace("temperature", 0);
        if (prompt.shape == Shape::json_schema) {
            body.emplace("text", json::object{{"format", json::object{{"type", "json_schema"}, {"name", schema_name}, {"strict", true}, {"schema", prompt.schema}}}});
        } else if (prompt.shape == Shape::json_object) {
            body.emplace("text", json::object{{"format", json::object{{"type", "json_object"}}}});
        }
        return body;
    }

    std::optional<Reply> read(const json::object& body) const override {
        const auto* output = array_at(body, "output");
        if (!output) return std::nullopt;
        Reply reply;
        if (const auto* usage = object_at(body, "usage")) {
            reply.usage = {count_at(*usage, "input_tokens"), count_at(*usage, "output_tokens"), 0};
            if (const auto* details = object_at(*usage, "input_tokens_details")) reply.usage.cached = count_at(*details, "cached_tokens");
        }
        for (const auto& item : *output) {
            const auto* said = item.if_object();
            const auto* content = said && text_at(*said, "type") == "message" ? array_at(*said, "content") : nullptr;
            if (!content) continue;
            for (const auto& piece : *content) {
                const auto* part = piece.if_object();
                if (!part) continue;
                if (text_at(*part, "type") == "refusal") reply.refused = true;
                else reply.text += text_at(*part, "text");
            }
        }
        return reply;
    }
};

}  // namespace

const Provider& responses() {
    static const Responses provider;
    return provider;
}

}  // namespace millrace::llm
