#include "accounts/api_key.hpp"

#include <sodium.h>

#include <algorithm>

#include "base/hash.hpp"
#include "base/random.hpp"

namespace millrace::accounts {
namespace {

constexpr std::string_view prefix = "mr_";
constexpr std::size_t id_digits = 32;
constexpr std::size_t secret_size = 43;

std::string undashed(const Uuid& id) {
    auto text = id.str();
    std::erase(text, '-');
    return text;
}

bool is_base62(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
}

}  // namespace

IssuedApiKey issue_api_key(const NewApiKey& wanted, Instant now) {
    if (wanted.role == Role::admin && !wanted.scope.is_admin()) throw Error{Code::forbidden};
    auto secret = random_secret();
    IssuedApiKey issued;
    issued.key = {.id = Uuid::generate(),
                  .user = wanted.scope.user,
                  .org = wanted.scope.org,
                  .role = wanted.role,
                  .name = wanted.name,
                  .hash = hash_of(secret.expose()),
                  .created_at = now,
                  .expires_at = wanted.expires_at};
    issued.text = Secret{std::string{prefix} + undashed(issued.key.id) + "_" + secret.expose()};
    return issued;
}

std::optional<PresentedApiKey> parse_api_key(std::string_view text) {
    if (text.size() != prefix.size() + id_digits + 1 + secret_size || !text.starts_with(prefix)) return std::nullopt;
    const auto digits = text.substr(prefix.size(), id_digits);
    const auto secret = text.substr(prefix.size() + id_digits + 1);
    std::string dashed{digits};
    for (const std::size_t at : {8, 13, 18, 23}) dashed.insert(at, 1, '-');
    const auto id = Uuid::parse(dashed);
    if (text[prefix.size() + id_digits] != '_' || !id || !is_base62(secret)) return std::nullopt;
    return PresentedApiKey{*id, secret};
}

bool matches(const PresentedApiKey& presented, const ApiKey& key, Instant now) {
    const bool same = same_secret(hash_of(presented.secret), key.hash);
    return same && presented.id == key.id && !key.revoked_at && (!key.expires_at || now < *key.expires_at);
}

Secret random_secret() { return Secret{random_base62(secret_size)}; }

std::string hash_of(std::string_view secret) { return to_hex(sha256(secret)); }

std::string csrf_token_of(std::string_view session_secret) {
    Sha256 hash;
    hash.update("millrace csrf ");
    hash.update(session_secret);
    const auto digest = hash.finish();
    return to_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace millrace::accounts
