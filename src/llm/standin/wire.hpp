#pragma once

#include <string>
#include <string_view>

#include "base/describe.hpp"
#include "llm/providers/provider.hpp"

/// The four APIs from the other side: what a client has asked, and answers in the words of its API.
namespace millrace::llm {

struct Asked {
    Api api = Api::none;
    std::string model;
    std::string system;
    std::string user;
    json::object schema;  ///< of the API, or what stands in the text
    Shape shape = Shape::text;
    bool completion_tokens = false;
};

/// By the path of a request; Api::none for another path.
Api api_of(std::string_view path);
Asked read_asked(Api api, const json::object& body);

/// What is answered; the object goes as the text, or as the input of a tool where the API has been asked for one.
struct Spoken {
    std::string text;
    std::optional<json::object> object;
    std::string tool;        ///< a tool that nobody has asked for
    bool arguments_as_object = false;
    bool empty = false;      ///< no choice at all
    bool refused = false;
    bool cut = false;        ///< at the limit of its length
    bool usage = true;
};
json::object written(const Asked& asked, const Spoken& spoken);
json::object error_body(Api api, std::string_view type, std::string_view message);

/// An object that fits a schema: of each enumeration the first word that none before it has, else the last.
json::object fitting(const json::object& schema);

}  // namespace millrace::llm
