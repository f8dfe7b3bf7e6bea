#pragma once

#include "base/describe.hpp"

namespace millrace::api {

/// A JSON type, or none at all; anything else is Error{unsupported_media_type}.
void require_json(const http::Request& request);

template <class T>
http::Begun with_json(Call& call, std::function<http::Answer(Call&, T)> then, std::size_t bytes_max, Unknown unknown) {
    require_json(call.request);
    auto& services = call.services;
    // The request lives until its answer is sent; the identity is copied because the call is gone by then.
    return http::collect(call.request, bytes_max,
                         [&request = call.request, who = call.who, &services, &operation = call.operation, unknown,
                          then = std::move(then)](std::string text) -> http::Answer {
                             if (text.empty() && !operation.body->required) text = "{}";
                             Call later{request, who, services, operation, text};
                             return then(later, parse_body<T>(text, unknown == Unknown::ignored));
                         });
}

}  // namespace millrace::api
