#include "llm/providers/provider.hpp"

namespace millrace::llm {

const Provider& openai();
const Provider& responses();
const Provider& anthropic();
const Provider& ollama();

std::span<const Shape> Provider::shapes() const {
    static constexpr Shape all[] = {Shape::json_schema, Shape::json_object, Shape::text};
    return all;
}

void Provider::add_headers(http::Headers& headers, const Secret& key) const {
    if (!key.empty()) headers.set("Authorization", "Bearer " + key.expose());
}

std::span<const Provider* const> catalog() {
    static const Provider* const providers[] = {&openai(), &responses(), &anthropic(), &ollama()};
    return providers;
}

const Provider* provider_of(Api api) {
    for (const auto* provider : catalog()) {
        if (provider->api() == api) return provider;
    }
    return nullptr;
}

}  // namespace millrace::llm
