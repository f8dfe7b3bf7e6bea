#include "accounts/detail/keys.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <optional>

#include "base/hash.hpp"
#include "base/json.hpp"

namespace millrace::accounts::detail {
namespace {

template <auto free>
struct Free {
    void operator()(auto* object) const { free(object); }
};
using PKey = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using PKeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Number number(std::string_view big_endian) {
    return Number{BN_bin2bn(bytes(big_endian), static_cast<int>(big_endian.size()), nullptr)};
}

class HmacKey final : public Key {
public:
    explicit HmacKey(std::string secret) : secret_{std::move(secret)} {}
    std::string_view algorithm() const override { return "HS256"; }
    bool verify(std::string_view text, std::string_view signature) const override {
        const auto want = hmac_sha256(secret_, text);
        return signature.size() == want.size() && CRYPTO_memcmp(signature.data(), want.data(), want.size()) == 0;
    }

private:
    std::string secret_;
};

bool verify_digest(EVP_PKEY* key, const EVP_MD* digest, std::string_view text, std::string_view signature) {
    const DigestContext context{EVP_MD_CTX_new()};
    return EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text), text.size()) == 1;
}

/// Fetched once: looking an algorithm up costs more than using it.
const EVP_MD* sha256_digest() {
    static EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return digest;
}

class RsaKey final : public Key {
public:
    explicit RsaKey(PKey key) : key_{std::move(key)} {}
    std::string_view algorithm() const override { return "RS256"; }
    bool verify(std::string_view text, std::string_view signature) const override {
        const auto size = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
        return signature.size() == size && verify_digest(key_.get(), sha256_digest(), text, signature);
    }

private:
    PKey key_;
};

class EcKey final : public Key {
public:
    explicit EcKey(PKey key) : key_{std::move(key)} {}
    std::string_view algorithm() const override { return "ES256"; }
    bool verify(std::string_view text, std::string_view signature) const override {
        // RFC 7518 section 3.4: r and s, 32 bytes each; OpenSSL wants DER.
        if (signature.size() != 64) return false;
        const EcSignature pair{ECDSA_SIG_new()};
        auto r = number(signature.substr(0, 32)), s = number(signature.substr(32));
        if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return false;
        static_cast<void>(r.release()), static_cast<void>(s.release());
        unsigned char* der = nullptr;
        const int size = i2d_ECDSA_SIG(pair.get(), &der);
        if (size <= 0) return false;
        const bool good = verify_digest(key_.get(), sha256_digest(), text,
                                        {reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
        OPENSSL_free(der);
        return good;
    }

private:
    PKey key_;
};

class EdKey final : public Key {
public:
    explicit EdKey(PKey key) : key_{std::move(key)} {}
    std::string_view algorithm() const override { return "EdDSA"; }
    bool verify(std::string_view text, std::string_view signature) const override {
        return signature.size() == 64 && verify_digest(key_.get(), nullptr, text, signature);
    }

private:
    PKey key_;
};

PKey from_params(const char* type, OSSL_PARAM_BLD* builder) {
    const Params params{OSSL_PARAM_BLD_to_param(builder)};
    const PKeyContext context{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
    EVP_PKEY* key = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
        return nullptr;
    }
    PKey owned{key};
    const PKeyContext check{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
    if (EVP_PKEY_public_check(check.get()) != 1) return nullptr;  // e.g. a point that is not on the curve
    return owned;
}

/// A base64url member; nothing when it is missing or not strict.
std::optional<std::string> member(const json::object& jwk, std::string_view name) {
    const auto* value = jwk.if_contains(name);
    std::string out;
    if (!value || !value->is_string() || !from_base64url(value->get_string(), out) || out.empty()) return std::nullopt;
    return out;
}

std::string_view text_of(const json::object& jwk, std::string_view name) {
    const auto* value = jwk.if_contains(name);
    return value && value->is_string() ? std::string_view{value->get_string()} : std::string_view{};
}

std::unique_ptr<Key> rsa_key(const json::object& jwk) {
    const auto n = member(jwk, "n"), e = member(jwk, "e");
    if (!n || !e) return nullptr;
    const auto modulus = number(*n), exponent = number(*e);
    const int bits = BN_num_bits(modulus.get());
    // An exponent of 1 makes every text its own signature.
    if (bits < 2048 || bits > 16384 || !BN_is_odd(exponent.get()) || BN_is_one(exponent.get())) return nullptr;
    const Builder builder{OSSL_PARAM_BLD_new()};
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
    auto key = from_params("RSA", builder.get());
    return key ? std::make_unique<RsaKey>(std::move(key)) : nullptr;
}

std::unique_ptr<Key> ec_key(const json::object& jwk) {
    const auto x = member(jwk, "x"), y = member(jwk, "y");
    if (text_of(jwk, "crv") != "P-256" || !x || !y || x->size() != 32 || y->size() != 32) return nullptr;
    const std::string point = "\x04" + *x + *y;
    const Builder builder{OSSL_PARAM_BLD_new()};
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    auto key = from_params("EC", builder.get());
    return key ? std::make_unique<EcKey>(std::move(key)) : nullptr;
}

std::unique_ptr<Key> ed_key(const json::object& jwk) {
    const auto x = member(jwk, "x");
    if (text_of(jwk, "crv") != "Ed25519" || !x || x->size() != 32) return nullptr;
    PKey key{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(*x), x->size())};
    return key ? std::make_unique<EdKey>(std::move(key)) : nullptr;
}

std::unique_ptr<Key> read_key(const json::object& jwk) {
    if (const auto use = text_of(jwk, "use"); !use.empty() && use != "sig") return nullptr;
    const auto type = text_of(jwk, "kty");
    auto key = type == "RSA" ? rsa_key(jwk) : type == "EC" ? ec_key(jwk) : type == "OKP" ? ed_key(jwk) : nullptr;
    if (!key) return nullptr;
    if (const auto algorithm = text_of(jwk, "alg"); !algorithm.empty() && algorithm != key->algorithm()) return nullptr;
    key->id = text_of(jwk, "kid");
    return key;
}

}  // namespace

std::unique_ptr<const Key> hs256_key(std::string secret) { return std::make_unique<HmacKey>(std::move(secret)); }

Keys read_jwks(std::string_view text) {
    const auto document = json::parse(text);
    const auto* set = document.is_object() ? document.get_object().if_contains("keys") : nullptr;
    if (!set || !set->is_array()) throw Error{Code::invalid_json, {{"why", "it is not a JSON Web Key Set"}}};
    Keys keys;
    for (const auto& jwk : set->get_array()) {
        if (!jwk.is_object() || keys.size() >= 100) continue;
        if (auto key = read_key(jwk.get_object())) keys.push_back(std::move(key));
    }
    return keys;
}

}  // namespace millrace::accounts::detail
