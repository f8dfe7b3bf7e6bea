#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

/// Keys that verify signatures. OpenSSL stays behind this header.
namespace millrace::accounts::detail {

/// One key and the one algorithm it is for.
class Key {
public:
    virtual ~Key() = default;
    virtual std::string_view algorithm() const = 0;
    virtual bool verify(std::string_view signed_text, std::string_view signature) const = 0;
    std::string id;  ///< `kid`; may be empty
};

using Keys = std::vector<std::unique_ptr<const Key>>;

std::unique_ptr<const Key> hs256_key(std::string secret);

/// The usable signature keys of a JSON Web Key Set: RSA of at least 2048 bits (RS256), P-256 (ES256) and Ed25519
/// (EdDSA). Keys of other types or uses are passed over, symmetric ones too: they have no place in a public set.
/// Throws Error{invalid_json} when the text is no key set.
Keys read_jwks(std::string_view text);

}  // namespace millrace::accounts::detail
