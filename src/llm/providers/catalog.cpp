#include "llm/providers/provider.hpp"

namespace millrace::llm {

const Provider& openai();
const Provider& responses();
const Provider& anthropic();
const Provider& ollama();

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
