#include <bit>

#include "llm/providers/fields.hpp"
#include "llm/providers/provider.hpp"

namespace millrace::llm {
namespace {

constexpr std::uint64_t context_tokens_min = 4096;

/// The API of Ollama's own, which says how long the context is: by default it cuts a long prompt without a word.
struct Ollama final : Provider {
    Api api() const override { return Api::ollama; }
    std::string_view url() const override { return "http://127.0.0.1:11434"; }
    std::string_view path() const override { return "/api/chat"; }

    json::object body(const Prompt& prompt) const override {
        const auto needed = static_cast<std::uint64_t>(estimated_tokens(prompt.system) + estimated_tokens(prompt.user)) + prompt.output_tokens_max;
        json::object options{{"num_predict", prompt.output_tokens_max}, {"num_ctx", std::bit_ceil(std::max(needed, context_tokens_min))}};
        if (!prompt.quirks.plain) {
            options.emplace("temperature", 0);
            options.emplace("seed", 1);
        }
        json::object body{{"model", prompt.model},
                          {"stream", false},
                          {"messages", json::array{message("system", prompt.system), message("user", prompt.user)}},
                          {"options", std::move(options)}};
        if (prompt.shape == Shape::json_schema) body.emplace("format", prompt.schema);
        else if (prompt.shape == Shape::json_object) body.emplace("format", "json");
        return body;
    }

    std::optional<Reply> read(const json::object& body) const override {
        const auto* said = object_at(body, "message");
        if (!said) return std::nullopt;
        Reply reply;
        reply.text = text_at(*said, "content");
        reply.usage = {count_at(body, "prompt_eval_count"), count_at(body, "eval_count"), 0};
        return reply;
    }
};

}  // namespace

const Provider& ollama() {
    static const Ollama provider;
    return provider;
}

}  // namespace millrace::llm
