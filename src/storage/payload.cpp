#include "storage/payload.hpp"

#include "storage/detail/payload.hpp"

namespace millrace::storage {

std::vector<std::pair<std::string_view, std::string_view>> PayloadSettings::help() {
    return {
        {"key", "Encrypts input, result and checkpoint of jobs in the database: 32 bytes in base64 (openssl rand -base64 32)."},
        {"previous_keys", "Keys of before, separated by commas: what they encrypted stays readable."},
    };
}

void PayloadSettings::check(std::vector<Issue>& issues) const {
    for (const auto& [name, keys] : {std::pair{"key", &key}, std::pair{"previous_keys", &previous_keys}}) {
        const auto read = detail::read_keys(*keys);
        if (!read) issues.push_back({name, "invalid_value", "a key is 32 bytes in base64; make one with: openssl rand -base64 32"});
        else if (keys == &key && read->size() > 1) issues.push_back({name, "invalid_value", "it is one key; older ones stand in previous_keys"});
    }
}

}  // namespace millrace::storage
