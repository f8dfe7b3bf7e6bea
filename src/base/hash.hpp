#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace millrace {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 of bytes as they come (OpenSSL, about 1 GB/s per core with SHA-NI).
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(std::string_view bytes);
    /// The digest; the object starts anew afterwards.
    Digest finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

Digest sha256(std::string_view bytes);

/// HMAC-SHA-256 of `text` (RFC 2104): 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);

/// Lower-case hex.
std::string to_hex(std::string_view bytes);
inline std::string to_hex(const Digest& d) { return to_hex({reinterpret_cast<const char*>(d.data()), d.size()}); }

/// base64url without padding (RFC 4648 section 5). Decoding is strict: no padding, no stray bits, no other characters.
std::string to_base64url(std::string_view bytes);
bool from_base64url(std::string_view text, std::string& out);

/// base64 with padding (RFC 4648 section 4).
std::string to_base64(std::string_view bytes);

}  // namespace millrace
