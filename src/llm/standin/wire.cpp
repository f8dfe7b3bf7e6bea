#include "llm/standin/wire.hpp"

#include <set>

#include "llm/extract.hpp"
#include "llm/providers/fields.hpp"

namespace millrace::llm {
namespace {

/// A text, or the texts of an array of parts.
std::string text_of(const json::value* content) {
    if (!content) return "";
    if (content->is_string()) return std::string{std::string_view{content->get_string()}};
    std::string text;
    if (const auto* parts = content->if_array()) {
        for (const auto& part : *parts) {
            if (const auto* object = part.if_object()) text += text_at(*object, "text");
        }
    }
    return text;
}

void read_messages(const json::array& messages, Asked& asked) {
    for (const auto& item : messages) {
        const auto* said = item.if_object();
        if (!said) continue;
        const auto role = text_at(*said, "role");
        auto& place = role == "system" || role == "developer" ? asked.system : asked.user;
        place += text_of(said->if_contains("content"));
    }
}

void read_format(const json::object* format, std::string_view schema_within, Asked& asked) {
    if (!format) return;
    if (text_at(*format, "type") == "json_object") asked.shape = Shape::json_object;
    if (text_at(*format, "type") != "json_schema") return;
    asked.shape = Shape::json_schema;
    const auto* holder = schema_within.empty() ? format : object_at(*format, schema_within);
    if (const auto* schema = holder ? object_at(*holder, "schema") : nullptr) asked.schema = *schema;
}

void read_ollama_format(const json::object& body, Asked& asked) {
    if (text_at(body, "format") == "json") asked.shape = Shape::json_object;
    if (const auto* schema = object_at(body, "format")) {
        asked.shape = Shape::json_schema;
        asked.schema = *schema;
    }
}

void read_tools(const json::object& body, Asked& asked) {
    const auto* tools = array_at(body, "tools");
    const auto* tool = tools && !tools->empty() ? tools->front().if_object() : nullptr;
    if (!tool) return;
    asked.shape = Shape::json_schema;
    if (const auto* schema = object_at(*tool, "input_schema")) asked.schema = *schema;
}

std::string said_by(const Spoken& spoken) { return spoken.object ? json::serialize(*spoken.object) : spoken.text; }

json::object usage_of(const Asked& asked, const Spoken& spoken, std::string_view input, std::string_view output) {
    return {{input, estimated_tokens(asked.system) + estimated_tokens(asked.user)}, {output, estimated_tokens(said_by(spoken))}};
}

json::object written_chat(const Asked& asked, const Spoken& spoken) {
    json::object said{{"role", "assistant"}, {"content", said_by(spoken)}};
    if (spoken.refused) said = {{"role", "assistant"}, {"content", nullptr}, {"refusal", "I cannot help with that."}};
    if (!spoken.tool.empty() || spoken.arguments_as_object) {
        const auto name = spoken.tool.empty() ? std::string{schema_name} : spoken.tool;
        json::value arguments = spoken.arguments_as_object ? json::value(*spoken.object) : json::value("{}");
        said["content"] = nullptr;
        said["tool_calls"] = json::array{json::object{{"id", "call_1"}, {"type", "function"}, {"function", json::object{{"name", name}, {"arguments", std::move(arguments)}}}}};
    }
    json::array choices;
    if (!spoken.empty) choices.push_back(json::object{{"index", 0}, {"message", std::move(said)}, {"finish_reason", spoken.cut ? "length" : "stop"}});
    json::object body{{"object", "chat.completion"}, {"model", asked.model}, {"choices", std::move(choices)}};
    if (spoken.usage) body.emplace("usage", usage_of(asked, spoken, "prompt_tokens", "completion_tokens"));
    return body;
}

json::object written_responses(const Asked& asked, const Spoken& spoken) {
    json::array output;
    if (!spoken.tool.empty()) {
        output.push_back(json::object{{"type", "function_call"}, {"call_id", "call_1"}, {"name", spoken.tool}, {"arguments", "{}"}});
    } else if (!spoken.empty) {
        auto part = spoken.refused ? json::object{{"type", "refusal"}, {"refusal", "I cannot help with that."}}
                                   : json::object{{"type", "output_text"}, {"text", said_by(spoken)}};
        output.push_back(json::object{{"type", "message"}, {"role", "assistant"}, {"content", json::array{std::move(part)}}});
    }
    json::object body{{"object", "response"}, {"model", asked.model}, {"status", spoken.cut ? "incomplete" : "completed"}, {"output", std::move(output)}};
    if (spoken.usage) body.emplace("usage", usage_of(asked, spoken, "input_tokens", "output_tokens"));
    return body;
}

json::object written_messages(const Asked& asked, const Spoken& spoken) {
    json::array content;
    const bool tool = !spoken.tool.empty() || (spoken.object && asked.shape == Shape::json_schema);
    if (tool) {
        const auto name = spoken.tool.empty() ? std::string{schema_name} : spoken.tool;
        content.push_back(json::object{{"type", "tool_use"}, {"id", "toolu_1"}, {"name", name}, {"input", spoken.object.value_or(json::object{})}});
    } else if (!spoken.empty) {
        content.push_back(json::object{{"type", "text"}, {"text", spoken.refused ? "I cannot help with that." : said_by(spoken)}});
    }
    json::object body{{"type", "message"}, {"role", "assistant"}, {"model", asked.model}, {"content", std::move(content)}};
    body.emplace("stop_reason", spoken.refused ? "refusal" : spoken.cut ? "max_tokens" : tool ? "tool_use" : "end_turn");
    if (spoken.usage) body.emplace("usage", usage_of(asked, spoken, "input_tokens", "output_tokens"));
    return body;
}

json::object written_ollama(const Asked& asked, const Spoken& spoken) {
    json::object said{{"role", "assistant"}, {"content", spoken.empty ? "" : spoken.refused ? "I cannot help with that." : said_by(spoken)}};
    if (!spoken.tool.empty()) {
        said["content"] = "";
        said["tool_calls"] = json::array{json::object{{"function", json::object{{"name", spoken.tool}, {"arguments", json::object{}}}}}};
    }
    json::object body{{"model", asked.model}, {"message", std::move(said)}, {"done", true}, {"done_reason", spoken.cut ? "length" : "stop"}};
    if (spoken.usage) {
        for (auto& [name, count] : usage_of(asked, spoken, "prompt_eval_count", "eval_count")) body.emplace(name, count);
    }
    return body;
}

json::value example_of(const json::object& schema, std::set<std::string>& taken) {
    if (const auto* words = array_at(schema, "enum"); words && !words->empty()) {
        for (const auto& word : *words) {
            if (word.is_string() && taken.insert(std::string{std::string_view{word.get_string()}}).second) return word;
        }
        return words->back();
    }
    const auto type = text_at(schema, "type");
    if (type == "object") {
        json::object object;
        if (const auto* properties = object_at(schema, "properties")) {
            for (const auto& [name, property] : *properties) object.emplace(name, property.is_object() ? example_of(property.get_object(), taken) : json::value{});
        }
        return object;
    }
    if (type == "array") return json::array{};
    if (type == "number") return 0.9;
    if (type == "integer") return 1;
    if (type == "boolean") return true;
    return "it fits best";
}

}  // namespace

Api api_of(std::string_view path) {
    if (path.ends_with("/chat/completions")) return Api::openai;
    if (path.ends_with("/responses")) return Api::responses;
    if (path.ends_with("/messages")) return Api::anthropic;
    if (path.ends_with("/api/chat")) return Api::ollama;
    return Api::none;
}

Asked read_asked(Api api, const json::object& body) {
    Asked asked;
    asked.api = api;
    asked.model = text_at(body, "model");
    asked.completion_tokens = body.contains("max_completion_tokens");
    if (const auto* messages = array_at(body, api == Api::responses ? "input" : "messages")) read_messages(*messages, asked);
    if (api == Api::responses) {
        asked.system += text_at(body, "instructions");
        if (const auto* text = object_at(body, "text")) read_format(object_at(*text, "format"), "", asked);
    } else if (api == Api::anthropic) {
        asked.system += text_at(body, "system");
        read_tools(body, asked);
    } else if (api == Api::ollama) {
        read_ollama_format(body, asked);
    } else {
        read_format(object_at(body, "response_format"), "json_schema", asked);
    }
    if (asked.schema.empty()) asked.schema = object_in(asked.system).value_or(json::object{});
    return asked;
}

json::object written(const Asked& asked, const Spoken& spoken) {
    switch (asked.api) {
        case Api::responses: return written_responses(asked, spoken);
        case Api::anthropic: return written_messages(asked, spoken);
        case Api::ollama: return written_ollama(asked, spoken);
        default: return written_chat(asked, spoken);
    }
}

json::object error_body(Api api, std::string_view type, std::string_view message) {
    if (api == Api::ollama) return {{"error", message}};
    if (api == Api::anthropic) return {{"type", "error"}, {"error", json::object{{"type", type}, {"message", message}}}};
    return {{"error", json::object{{"message", message}, {"type", type}, {"param", nullptr}, {"code", type}}}};
}

json::object fitting(const json::object& schema) {
    std::set<std::string> taken;
    auto value = example_of(schema, taken);
    return value.is_object() ? std::move(value.get_object()) : json::object{};
}

}  // namespace millrace::llm
