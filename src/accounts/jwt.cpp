#include "accounts/jwt.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>

#include "accounts/detail/keys.hpp"
#include "accounts/detail/lru.hpp"
#include "accounts/user.hpp"
#include "base/hash.hpp"

namespace millrace::accounts {
namespace {

using detail::Key;
using detail::Keys;
using Refused = std::unexpected<std::string_view>;

constexpr std::size_t cache_max = 10'000;
constexpr Duration fetch_pause = 30s;

struct DigestHash {
    std::size_t operator()(const Digest& digest) const noexcept {
        std::size_t value = 0;
        std::memcpy(&value, digest.data(), sizeof value);
        return value;
    }
};

struct Parts {
    std::string_view signed_text;  ///< header and payload as they came
    std::string header, payload, signature;
};

/// Splits and decodes; strict, so that one token has one spelling.
std::optional<Parts> split(std::string_view token) {
    const auto first = token.find('.');
    const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
    if (second == token.npos || token.find('.', second + 1) != token.npos) return std::nullopt;
    Parts parts{.signed_text = token.substr(0, second), .header = {}, .payload = {}, .signature = {}};
    if (!from_base64url(token.substr(0, first), parts.header)) return std::nullopt;
    if (!from_base64url(token.substr(first + 1, second - first - 1), parts.payload)) return std::nullopt;
    if (!from_base64url(token.substr(second + 1), parts.signature)) return std::nullopt;
    return parts;
}

/// An object without duplicate keys, or nothing.
std::optional<json::object> read_object(std::string_view text) {
    try {
        auto value = json::parse(text, 16);
        if (value.is_object()) return std::move(value.get_object());
    } catch (const Error&) {
    }
    return std::nullopt;
}

struct Header {
    std::string algorithm;
    std::optional<std::string> key_id;
    bool plain_id = true;
};

bool same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

std::expected<Header, std::string_view> read_header(const json::object& header) {
    // Each of these lets the token bring or name its own key, or change what is signed.
    for (const std::string_view name : {"crit", "jku", "jwk", "x5u", "x5c", "b64", "enc", "zip"}) {
        if (header.contains(name)) return Refused{"header not allowed"};
    }
    const auto* algorithm = header.if_contains("alg");
    if (!algorithm || !algorithm->is_string()) return Refused{"no algorithm"};
    if (const auto* type = header.if_contains("typ")) {
        // A token of another kind, e.g. logout+jwt, gives no access even when its signature is good (RFC 8725, 3.11).
        const bool known = type->is_string() &&
                           std::ranges::any_of(std::array<std::string_view, 3>{"jwt", "at+jwt", "application/at+jwt"},
                                               [&](auto word) { return same_word(type->get_string(), word); });
        if (!known) return Refused{"wrong type of token"};
    }
    Header out{.algorithm = std::string{std::string_view{algorithm->get_string()}}, .key_id = {}, .plain_id = true};
    if (const auto* id = header.if_contains("kid")) {
        if (!id->is_string()) return Refused{"kid is not a text"};
        out.key_id = std::string{std::string_view{id->get_string()}};
        // A key id is compared and nothing else. One that looks like a path or a query is honest only when a key of the
        // set has exactly that name (some providers use plain base64), so it never stands for a key without a name.
        out.plain_id = !out.key_id->empty() && out.key_id->size() <= 255 && !out.key_id->contains("..") &&
                       out.key_id->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                                     "-_.=+:@") == std::string::npos;
    }
    return out;
}

/// The time of a claim: a whole number within int64. Nothing inside when it is absent.
std::expected<std::optional<std::int64_t>, std::string_view> time_claim(const json::object& claims, std::string_view name) {
    const auto* value = claims.if_contains(name);
    if (!value) return std::nullopt;
    if (!value->is_int64()) return Refused{"a time is not a whole number"};
    return value->get_int64();
}

std::optional<std::string> text_claim(const json::object& claims, std::string_view name) {
    const auto* value = claims.if_contains(name);
    if (!value || !value->is_string()) return std::nullopt;
    return std::string{std::string_view{value->get_string()}};
}

/// The claim is that text, or a list with it.
bool names(const json::object& claims, std::string_view claim, std::string_view wanted) {
    const auto* value = claims.if_contains(claim);
    if (!value) return false;
    if (value->is_string()) return std::string_view{value->get_string()} == wanted;
    return value->is_array() && std::ranges::any_of(value->get_array(), [&](const json::value& item) {
               return item.is_string() && std::string_view{item.get_string()} == wanted;
           });
}

/// A text for people, cut to what a column takes; anything odd is left out.
std::string label(const json::object& claims, std::string_view name) {
    auto text = text_claim(claims, name).value_or("");
    return is_subject(text) ? text : "";
}

std::expected<Claims, std::string_view> read_claims(const json::object& claims, const Settings& settings, Instant now) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    const auto leeway = std::chrono::ceil<std::chrono::seconds>(settings.leeway).count();
    const auto expires = time_claim(claims, "exp");
    if (!expires) return Refused{expires.error()};
    if (!*expires) return Refused{"exp is missing"};
    if (**expires <= seconds - leeway) return Refused{"expired"};  // no sum with the claim: it could overflow
    for (const std::string_view name : {"nbf", "iat"}) {
        const auto from = time_claim(claims, name);
        if (!from) return Refused{from.error()};
        if (*from && **from > seconds + leeway) return Refused{"not valid yet"};
    }
    const auto* issuer = claims.if_contains("iss");
    if (issuer && !issuer->is_string()) return Refused{"iss is not a text"};
    if (!settings.issuer.empty() && (!issuer || std::string_view{issuer->get_string()} != settings.issuer)) {
        return Refused{"wrong issuer"};
    }
    const bool meant = settings.audience.empty() || std::ranges::any_of(settings.audience, [&](const std::string& audience) {
                           return names(claims, "aud", audience);
                       });
    if (!meant) return Refused{"wrong audience"};
    const auto subject = text_claim(claims, "sub");
    if (!subject || !is_subject(*subject)) return Refused{"no usable subject"};
    Claims out;
    out.subject = *subject;
    out.name = label(claims, "name");
    if (out.name.empty()) out.name = label(claims, "preferred_username");
    out.email = label(claims, "email");
    if (!settings.org_claim.empty()) out.org = label(claims, settings.org_claim);
    out.admin = !settings.admin_claim.empty() && names(claims, settings.admin_claim, settings.admin_value);
    if (settings.admin_claim == "role") out.admin = out.admin || names(claims, "roles", settings.admin_value);
    // Bounded, so that a token for ever does not overflow a microsecond clock.
    constexpr std::int64_t year_9999 = 253'402'300'799;
    out.expires = Instant{std::chrono::seconds{std::min(**expires, year_9999) + leeway}};
    return out;
}

bool is_url(std::string_view place) { return place.contains("://"); }

[[noreturn]] void refuse_setting(const std::string& key, const std::string& why) {
    throw Error{Code::invalid_config, {{"key", "accounts." + key}, {"origin", "settings"}, {"why", why}}};
}

}  // namespace

struct JwtVerifier::State {
    const Settings settings;
    const Clock& clock;
    const Fetch fetch;
    const std::unique_ptr<const Key> secret;

    std::mutex mutex;  ///< of the three below
    std::shared_ptr<const Keys> keys;  ///< shared with verifications that are under way while it is replaced
    Instant read_at{};
    Instant tried_at{};
    std::mutex reading;  ///< held by the one thread that reads

    detail::Lru<Digest, Claims, DigestHash> cache{cache_max};

    std::string read_source() const {
        if (is_url(settings.jwks)) {
            if (!fetch) throw Error{Code::unreachable, {{"url", settings.jwks}, {"why", "there is no client"}}};
            return fetch(settings.jwks);
        }
        std::ifstream file{settings.jwks, std::ios::binary};
        if (!file) throw Error{Code::not_found};
        return {std::istreambuf_iterator<char>{file}, {}};
    }

    /// Reads the key set, in one thread at a time and at most twice a minute, whoever asks for it. Others go on with
    /// what there is. Keeps the old keys when the new cannot be had.
    void refresh() {
        const std::unique_lock one{reading, std::try_to_lock};
        if (!one) return;
        {
            const std::lock_guard lock{mutex};
            if (clock.now() < tried_at + fetch_pause) return;
            tried_at = clock.now();
        }
        try {
            auto fresh = std::make_shared<const Keys>(detail::read_jwks(read_source()));
            if (fresh->empty()) return;
            const std::lock_guard lock{mutex};
            keys = std::move(fresh);
            read_at = clock.now();
        } catch (const std::exception&) {
            return;
        }
        cache.clear();  // a key that was taken out of the set must not live on in the cache
    }

    std::shared_ptr<const Keys> current() {
        if (settings.jwks.empty()) return nullptr;
        {
            const std::lock_guard lock{mutex};
            if (keys && clock.now() < read_at + settings.jwks_refresh) return keys;
        }
        refresh();
        const std::lock_guard lock{mutex};
        return keys;
    }

    static bool try_keys(const Keys& set, const Header& header, const Parts& parts, bool& known) {
        for (const auto& key : set) {
            // Without a name on one side the algorithm of the key decides; either way the key is used for its own only.
            if (header.key_id && !key->id.empty() && *header.key_id != key->id) continue;
            if (key->id.empty() && !header.plain_id) continue;
            known = true;
            if (key->algorithm() != header.algorithm) continue;
            if (key->verify(parts.signed_text, parts.signature)) return true;
        }
        return false;
    }

    bool verify_signature(const Header& header, const Parts& parts) {
        if (secret && header.algorithm == secret->algorithm()) {
            return header.plain_id && secret->verify(parts.signed_text, parts.signature);
        }
        bool known = false;
        const auto before = current();
        if (before && try_keys(*before, header, parts, known)) return true;
        if (known || settings.jwks.empty()) return false;
        refresh();  // the set may have a new key
        const auto after = current();
        return after && after != before && try_keys(*after, header, parts, known);
    }
};

JwtVerifier::JwtVerifier(const Settings& settings, const Clock& clock, Fetch fetch)
    : state_{new State{.settings = settings,
                       .clock = clock,
                       .fetch = std::move(fetch),
                       .secret = settings.jwt_secret ? detail::hs256_key(settings.jwt_secret->expose()) : nullptr}} {
    std::vector<Issue> issues;
    settings.check(issues);
    if (!issues.empty()) refuse_setting(issues[0].pointer, issues[0].detail);
    if (settings.jwks.empty()) return;
    if (is_url(settings.jwks)) {
        state_->refresh();
        return;
    }
    try {
        auto keys = std::make_shared<const Keys>(detail::read_jwks(state_->read_source()));
        if (keys->empty()) refuse_setting("jwks", "it has no usable RS256, ES256 or EdDSA key");
        state_->keys = std::move(keys);
        state_->read_at = clock.now();
    } catch (const Error& error) {
        if (error.code() == Code::invalid_config) throw;
        refuse_setting("jwks", error.code() == Code::not_found ? "the file cannot be read" : error.what());
    }
}

JwtVerifier::~JwtVerifier() = default;

bool JwtVerifier::configured() const { return state_->secret || !state_->settings.jwks.empty(); }
std::size_t JwtVerifier::cached() const { return state_->cache.size(); }

std::expected<Claims, std::string_view> JwtVerifier::verify(std::string_view token) {
    if (token.size() > token_bytes_max) return Refused{"too long"};
    const auto now = state_->clock.now();
    if (!state_->settings.jwks.empty()) state_->current();  // before the cache is asked: old keys may have gone
    const auto digest = sha256(token);
    if (const auto known = state_->cache.get(digest, now)) return *known;

    const auto parts = split(token);
    if (!parts) return Refused{"not a token"};
    const auto header_object = read_object(parts->header);
    if (!header_object) return Refused{"header is not a JSON object"};
    const auto header = read_header(*header_object);
    if (!header) return Refused{header.error()};
    if (!state_->verify_signature(*header, *parts)) return Refused{"wrong signature"};
    const auto claims_object = read_object(parts->payload);
    if (!claims_object) return Refused{"claims are not a JSON object"};
    auto claims = read_claims(*claims_object, state_->settings, now);
    if (claims) state_->cache.put(digest, *claims, claims->expires);
    return claims;
}

std::string sign_hs256(const json::object& claims, const Secret& secret) {
    const auto text = to_base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + to_base64url(json::serialize(claims));
    return text + "." + to_base64url(hmac_sha256(secret.expose(), text));
}

}  // namespace millrace::accounts
