#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/uuid.hpp"
#include "storage/detail/value.hpp"
#include "storage/payload.hpp"

namespace millrace::storage::detail {

/// The keys of a setting; nothing when one of them is none.
std::optional<std::vector<std::string>> read_keys(const Secret& setting);

/// Encrypts and decrypts what jobs carry. A value in the database is its JSON, or
///
///     {"millrace:sealed": {"key": <id>, "nonce": <base64url>, "data": <base64url>}}
///
/// with AES-256-GCM over the JSON, bound to the job and the column. Each job has a key of its own, derived from the
/// configured one, so that random nonces never run out. The id of a key is derived from it: a wrong key is a missing one.
/// A value in the clear that looks like that is kept as {"millrace:sealed": {"clear": <value>}}.
/// Constant once made, hence thread-safe.
class PayloadKeys {
public:
    PayloadKeys() = default;
    /// Throws Error{invalid_config}.
    explicit PayloadKeys(const PayloadSettings& settings);

    /// Null and {} say nothing and stay as they are.
    Value sealed(const Uuid& job, std::string_view column, const json::value& value) const;
    /// Throws Error{payload_key_missing}, Error{payload_unreadable}.
    json::value opened(const Uuid& job, std::string_view column, json::value stored) const;

    /// Is it encrypted, or in the clear and marked so?
    static bool is_boxed(const json::value& stored);

private:
    struct Key {
        std::string id;
        std::string bytes;
    };
    std::vector<Key> keys_;
    bool seals_ = false;  ///< with the first
};

}  // namespace millrace::storage::detail
