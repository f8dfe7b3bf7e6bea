#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "base/describe.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace millrace::storage {

/// Keys that encrypt what jobs carry (input, result, checkpoint) in the database. A key is 32 bytes in base64
/// (`openssl rand -base64 32`).
struct PayloadSettings {
    Secret key;            ///< encrypts what is written; empty: nothing is encrypted
    Secret previous_keys;  ///< separated by commas or white space: what they encrypted stays readable

    static std::vector<std::pair<std::string_view, std::string_view>> help();
    void check(std::vector<Issue>& issues) const;
};
BOOST_DESCRIBE_STRUCT(PayloadSettings, (), (key, previous_keys))

}  // namespace millrace::storage
