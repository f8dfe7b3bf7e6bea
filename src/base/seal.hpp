#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace {

inline constexpr std::size_t seal_key_bytes = 32;
inline constexpr std::size_t seal_nonce_bytes = 12;
inline constexpr std::size_t seal_tag_bytes = 16;

/// What sealing and opening need alike. A nonce is used once with a key; `context` is not hidden, but must be the same
/// for both.
struct SealWith {
    std::string_view key;      ///< seal_key_bytes
    std::string_view nonce;    ///< seal_nonce_bytes
    std::string_view context;
};

/// AES-256-GCM (OpenSSL): the ciphertext, then its tag.
std::string seal(const SealWith& with, std::string_view plain);
/// The plain text; nothing when it was altered, or sealed with something else.
std::optional<std::string> unseal(const SealWith& with, std::string_view sealed);

}  // namespace millrace
