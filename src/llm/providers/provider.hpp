#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/describe.hpp"
#include "http/message.hpp"
#include "llm/settings.hpp"
#include "llm/usage.hpp"

namespace millrace::llm {

/// How an answer is held to a schema, the strictest first; servers differ in what they know.
BOOST_DEFINE_ENUM_CLASS(Shape, json_schema, json_object, text)

/// What a server was found not to take.
struct Quirks {
    bool completion_tokens = false;  ///< wants max_completion_tokens in place of max_tokens
    bool plain = false;              ///< takes neither temperature nor seed
};

/// One request, before it is written in the words of an API.
struct Prompt {
    std::string model;
    std::string system;
    std::string user;
    json::object schema;  ///< all properties required, none besides
    std::uint64_t output_tokens_max = 2000;
    Shape shape = Shape::json_schema;
    Quirks quirks;
};

/// What an API has answered. `object` where it gives one by itself, e.g. the input of a tool.
struct Reply {
    std::string text;
    std::optional<json::object> object;
    Usage usage;
    bool refused = false;  ///< the model would not answer
};

/// An API. A new one is a file here and a line in catalog.cpp. Pure: no sockets.
struct Provider {
    virtual ~Provider() = default;
    virtual Api api() const = 0;
    virtual std::string_view url() const = 0;   ///< base URL when none is set
    virtual std::string_view path() const = 0;  ///< below the base URL
    /// In the order of trying; all of them unless the API says otherwise.
    virtual std::span<const Shape> shapes() const;
    /// The key as a bearer token unless the API says otherwise.
    virtual void add_headers(http::Headers& headers, const Secret& key) const;
    virtual json::object body(const Prompt& prompt) const = 0;
    /// Nothing when the body is no answer of this API. What is missing or null in it is no reason.
    virtual std::optional<Reply> read(const json::object& body) const = 0;
};

std::span<const Provider* const> catalog();
/// Null for Api::none.
const Provider* provider_of(Api api);

inline constexpr std::string_view schema_name = "answer";

}  // namespace millrace::llm
