#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string_view>

namespace millrace::llm {

/// Tokens of one call.
struct Usage {
    std::int64_t input = 0;
    std::int64_t output = 0;
    std::int64_t cached = 0;  ///< of `input`, by the provider's own cache

    std::int64_t total() const { return input + output; }
};
BOOST_DESCRIBE_STRUCT(Usage, (), (input, output, cached))

/// For a request whose tokens nobody has counted: a token is about three bytes of JSON.
inline std::int64_t estimated_tokens(std::string_view text) { return static_cast<std::int64_t>(text.size() / 3 + 1); }

}  // namespace millrace::llm
