#include <doctest/doctest.h>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "accounts/detail/keys.hpp"
#include "accounts/jwt.hpp"
#include "accounts/user.hpp"
#include "base/hash.hpp"

using namespace millrace;
using namespace millrace::accounts;

namespace {

const std::string secret = "0123456789abcdef0123456789abcdef";
constexpr std::int64_t now_seconds = 1'800'000'000;

ManualClock clock_at(std::int64_t seconds = now_seconds) {
    ManualClock clock;
    clock.at = Instant{std::chrono::seconds{seconds}};
    return clock;
}

std::string b64(std::string_view text) { return to_base64url(text); }

/// A token with exactly these texts, signed with HS256.
std::string hs256(std::string_view claims, std::string_view header = R"({"alg":"HS256","typ":"JWT"})",
                  std::string_view key = secret) {
    const auto text = b64(header) + "." + b64(claims);
    return text + "." + b64(hmac_sha256(key, text));
}

std::string claims_with(std::string_view more = "", std::string_view subject = R"("u1")", std::string_view exp = "1800000600") {
    return R"({"sub":)" + std::string{subject} + R"(,"exp":)" + std::string{exp} + std::string{more} + "}";
}

Settings hs_settings() {
    Settings settings;
    settings.jwt_secret = Secret{secret};
    return settings;
}

struct KeyPair {
    EVP_PKEY* key = nullptr;
    std::string algorithm;

    explicit KeyPair(std::string a) : algorithm{std::move(a)} {
        if (algorithm == "RS256") key = EVP_RSA_gen(2048);
        if (algorithm == "ES256") key = EVP_EC_gen("P-256");
        if (algorithm == "EdDSA") key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
        REQUIRE(key);
    }
    ~KeyPair() { EVP_PKEY_free(key); }
    KeyPair(const KeyPair&) = delete;

    std::string number(const char* name, int size = 0) const {
        BIGNUM* n = nullptr;
        REQUIRE(EVP_PKEY_get_bn_param(key, name, &n) == 1);
        std::string out(static_cast<std::size_t>(size ? size : BN_num_bytes(n)), '\0');
        BN_bn2binpad(n, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
        BN_free(n);
        return out;
    }

    json::object jwk(std::string_view id) const {
        json::object out{{"kid", id}, {"use", "sig"}};
        if (algorithm == "RS256") {
            out["kty"] = "RSA";
            out["n"] = b64(number(OSSL_PKEY_PARAM_RSA_N));
            out["e"] = b64(number(OSSL_PKEY_PARAM_RSA_E));
        } else if (algorithm == "ES256") {
            out["kty"] = "EC";
            out["crv"] = "P-256";
            out["x"] = b64(number(OSSL_PKEY_PARAM_EC_PUB_X, 32));
            out["y"] = b64(number(OSSL_PKEY_PARAM_EC_PUB_Y, 32));
        } else {
            std::string raw(32, '\0');
            std::size_t size = raw.size();
            EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size);
            out["kty"] = "OKP";
            out["crv"] = "Ed25519";
            out["x"] = b64(raw);
        }
        return out;
    }

    std::string pem() const {
        BIO* bio = BIO_new(BIO_s_mem());
        PEM_write_bio_PUBKEY(bio, key);
        char* data = nullptr;
        const auto size = BIO_get_mem_data(bio, &data);
        std::string out{data, static_cast<std::size_t>(size)};
        BIO_free(bio);
        return out;
    }

    /// The raw signature, for ES256 as DER.
    std::string sign_raw(std::string_view text) const {
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        EVP_DigestSignInit(context, nullptr, algorithm == "EdDSA" ? nullptr : EVP_sha256(), nullptr, key);
        std::string out(1024, '\0');
        std::size_t size = out.size();
        const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
        REQUIRE(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size, bytes, text.size()) == 1);
        EVP_MD_CTX_free(context);
        out.resize(size);
        return out;
    }

    std::string sign(std::string_view text) const {
        auto raw = sign_raw(text);
        if (algorithm != "ES256") return raw;
        const auto* in = reinterpret_cast<const unsigned char*>(raw.data());
        ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(raw.size()));
        std::string out(64, '\0');
        BN_bn2binpad(ECDSA_SIG_get0_r(pair), reinterpret_cast<unsigned char*>(out.data()), 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(pair), reinterpret_cast<unsigned char*>(out.data()) + 32, 32);
        ECDSA_SIG_free(pair);
        return out;
    }

    std::string token(std::string_view claims, std::string header = "") const {
        if (header.empty()) header = R"({"alg":")" + algorithm + R"(","kid":"k-)" + algorithm + R"("})";
        const auto text = b64(header) + "." + b64(claims);
        return text + "." + b64(sign(text));
    }
};

const KeyPair& key_of(std::string_view algorithm) {
    static const KeyPair rsa{"RS256"}, ec{"ES256"}, ed{"EdDSA"};
    return algorithm == "RS256" ? rsa : algorithm == "ES256" ? ec : ed;
}

std::string key_set(const json::array& keys) { return json::serialize(json::object{{"keys", keys}}); }

std::string full_set() {
    return key_set({key_of("RS256").jwk("k-RS256"), key_of("ES256").jwk("k-ES256"), key_of("EdDSA").jwk("k-EdDSA")});
}

struct TemporaryFile {
    std::string path = (std::filesystem::temp_directory_path() / ("millrace-" + Uuid::generate().str())).string();
    explicit TemporaryFile(std::string_view text) { std::ofstream{path} << text; }
    ~TemporaryFile() { std::filesystem::remove(path); }
};

std::string flip_last(std::string token, std::size_t from_end = 5) {
    auto& c = token[token.size() - from_end];
    c = c == 'A' ? 'B' : 'A';
    return token;
}

}  // namespace

TEST_CASE("a good token gives its claims") {
    const auto clock = clock_at();
    JwtVerifier verifier{hs_settings(), clock};

    const auto claims = verifier.verify(hs256(
        R"({"sub":"Ada","exp":1800000600,"nbf":1799999000,"iat":1799999000,"name":"Ada L","email":"a@b.c","org":"acme","role":"admin"})"));

    REQUIRE(claims);
    CHECK(claims->subject == "Ada");
    CHECK(claims->name == "Ada L");
    CHECK(claims->email == "a@b.c");
    CHECK(claims->org == "acme");
    CHECK(claims->admin);
    CHECK(claims->expires == Instant{std::chrono::seconds{1800000660}});
}

TEST_CASE("tokens that are correct in every allowed way are accepted") {
    struct Row { std::string name; std::string token; };
    const auto clock = clock_at();
    JwtVerifier verifier{hs_settings(), clock};
    for (const Row& row : std::initializer_list<Row>{
             {"no typ", hs256(claims_with(), R"({"alg":"HS256"})")},
             {"typ in lower case", hs256(claims_with(), R"({"alg":"HS256","typ":"jwt"})")},
             {"access token type", hs256(claims_with(), R"({"alg":"HS256","typ":"at+jwt"})")},
             {"plain kid", hs256(claims_with(), R"({"alg":"HS256","kid":"key-1"})")},
             {"blanks in JSON", hs256(R"({ "sub" : "u1" , "exp" : 1800000600 })", R"( { "alg" : "HS256" } )")},
             {"exp within the leeway", hs256(claims_with("", R"("u1")", "1799999941"))},
             {"nbf within the leeway", hs256(claims_with(R"(,"nbf":1800000060)"))},
             {"iat within the leeway", hs256(claims_with(R"(,"iat":1800000060)"))},
             {"largest exp", hs256(claims_with("", R"("u1")", "9223372036854775807"))},
             {"unknown claims", hs256(claims_with(R"(,"x":{"y":[1,2,{"z":null}]})"))},
             {"subject of 255 characters", hs256(claims_with("", "\"" + std::string(255, 'a') + "\""))},
             {"subject of 255 wide characters", hs256(claims_with("", R"(")" + [] { std::string s; for (int i = 0; i < 255; ++i) s += "\xe2\x82\xac"; return s; }() + R"(")"))},
             {"subject with a blank", hs256(claims_with("", R"("a b")"))},
             {"audience not configured", hs256(claims_with(R"(,"aud":["x","y"])"))},
         }) {
        CAPTURE(row.name);
        const auto claims = verifier.verify(row.token);
        CHECK_MESSAGE(claims.has_value(), (claims ? "" : claims.error()));
    }
}

TEST_CASE("hostile tokens are refused, each for its own reason") {
    struct Row { std::string name; std::string token; std::string_view reason; };
    const auto good = hs256(claims_with());
    const auto first = good.find('.'), second = good.rfind('.');
    const auto head = good.substr(0, first), payload = good.substr(first + 1, second - first - 1), signature = good.substr(second + 1);
    const auto unsigned_with = [&](std::string_view algorithm) {
        return b64(R"({"alg":")" + std::string{algorithm} + R"("})") + "." + b64(claims_with()) + ".";
    };
    const auto header_with = [&](std::string_view more) {
        return hs256(claims_with(), R"({"alg":"HS256",)" + std::string{more} + "}");
    };
    const auto exp = [&](std::string_view text) { return hs256(claims_with("", R"("u1")", text)); };
    const auto subject = [&](std::string_view text) { return hs256(claims_with("", text)); };
    const std::vector<Row> rows{
        // Algorithm
        {"none, no signature", unsigned_with("none"), "wrong signature"},
        {"None", unsigned_with("None"), "wrong signature"},
        {"NONE", unsigned_with("NONE"), "wrong signature"},
        {"nOnE", unsigned_with("nOnE"), "wrong signature"},
        {"empty algorithm", unsigned_with(""), "wrong signature"},
        {"none with a good signature", hs256(claims_with(), R"({"alg":"none"})"), "wrong signature"},
        {"hs256 in lower case", hs256(claims_with(), R"({"alg":"hs256"})"), "wrong signature"},
        {"HS384", hs256(claims_with(), R"({"alg":"HS384"})"), "wrong signature"},
        {"HS512", hs256(claims_with(), R"({"alg":"HS512"})"), "wrong signature"},
        {"RS256 without such a key", hs256(claims_with(), R"({"alg":"RS256"})"), "wrong signature"},
        {"algorithm with a blank", hs256(claims_with(), R"({"alg":"HS256 "})"), "wrong signature"},
        {"algorithm with NUL", hs256(claims_with(), "{\"alg\":\"HS256\\u0000\"}"), "wrong signature"},
        {"algorithm missing", hs256(claims_with(), R"({"typ":"JWT"})"), "no algorithm"},
        {"algorithm null", hs256(claims_with(), R"({"alg":null})"), "no algorithm"},
        {"algorithm a number", hs256(claims_with(), R"({"alg":256})"), "no algorithm"},
        {"algorithm a list", hs256(claims_with(), R"({"alg":["HS256"]})"), "no algorithm"},
        // Signature
        {"signature stripped", head + "." + payload + ".", "wrong signature"},
        {"signature and dot stripped", head + "." + payload, "not a token"},
        {"signature flipped", flip_last(good), "wrong signature"},
        {"signature cut", good.substr(0, good.size() - 4), "wrong signature"},
        {"signature with more behind", good + "AAAA", "wrong signature"},
        {"signature of another token", head + "." + payload + "." + hs256(claims_with(R"(,"x":1)")).substr(second + 9), "wrong signature"},
        {"payload swapped", head + "." + b64(claims_with("", R"("u2")")) + "." + signature, "wrong signature"},
        {"header swapped", b64(R"({"alg":"HS256","typ":"JWT" })") + "." + payload + "." + signature, "wrong signature"},
        {"another secret", hs256(claims_with(), R"({"alg":"HS256"})", "another secret of thirty-two bytes"), "wrong signature"},
        {"empty secret", hs256(claims_with(), R"({"alg":"HS256"})", ""), "wrong signature"},
        {"the word secret", hs256(claims_with(), R"({"alg":"HS256"})", "secret"), "wrong signature"},
        {"signature in hex", head + "." + payload + "." + b64(to_hex(signature)), "wrong signature"},
        {"zero signature", head + "." + payload + "." + b64(std::string(32, '\0')), "wrong signature"},
        // Keys that the token brings along
        {"kid is a path", header_with(R"("kid":"../../../../dev/null")"), "wrong signature"},
        {"kid is a path, key empty", hs256(claims_with(), R"({"alg":"HS256","kid":"/dev/null"})", ""), "wrong signature"},
        {"kid is SQL", header_with(R"("kid":"x' UNION SELECT 'a")"), "wrong signature"},
        {"kid is a command", header_with(R"("kid":"key|id")"), "wrong signature"},
        {"kid is empty", header_with(R"("kid":"")"), "wrong signature"},
        {"kid is a number", header_with(R"("kid":1)"), "kid is not a text"},
        {"kid is null", header_with(R"("kid":null)"), "kid is not a text"},
        {"kid is long", header_with("\"kid\":\"" + std::string(300, 'a') + "\""), "wrong signature"},
        {"jku", header_with(R"("jku":"https://evil.example/keys")"), "header not allowed"},
        {"x5u", header_with(R"("x5u":"https://evil.example/cert")"), "header not allowed"},
        {"jwk", header_with(R"("jwk":{"kty":"oct","k":"AAAA"})"), "header not allowed"},
        {"x5c", header_with(R"("x5c":["MIIB"])"), "header not allowed"},
        {"crit", header_with(R"("crit":["exp"])"), "header not allowed"},
        {"crit empty", header_with(R"("crit":[])"), "header not allowed"},
        {"b64 false", header_with(R"("b64":false)"), "header not allowed"},
        {"compressed", header_with(R"("zip":"DEF")"), "header not allowed"},
        {"encrypted", header_with(R"("enc":"A256GCM")"), "header not allowed"},
        {"token of another kind", header_with(R"("typ":"logout+jwt")"), "wrong type of token"},
        {"typ a number", header_with(R"("typ":1)"), "wrong type of token"},
        // Times
        {"exp missing", hs256(R"({"sub":"u1"})"), "exp is missing"},
        {"exp a text", exp(R"("1800000600")"), "a time is not a whole number"},
        {"exp null", exp("null"), "a time is not a whole number"},
        {"exp true", exp("true"), "a time is not a whole number"},
        {"exp a list", exp("[1800000600]"), "a time is not a whole number"},
        {"exp a fraction", exp("1800000600.5"), "a time is not a whole number"},
        {"exp with a decimal point", exp("1800000600.0"), "a time is not a whole number"},
        {"exp with an exponent", exp("18e8"), "a time is not a whole number"},
        {"exp 1e400", exp("1e400"), "claims are not a JSON object"},
        {"exp 2^63", exp("9223372036854775808"), "a time is not a whole number"},
        {"exp 2^64", exp("18446744073709551616"), "claims are not a JSON object"},
        {"exp 2^64 + later", exp("18446744075509552216"), "claims are not a JSON object"},
        {"exp NaN", exp("NaN"), "claims are not a JSON object"},
        {"exp zero", exp("0"), "expired"},
        {"exp negative", exp("-1"), "expired"},
        {"exp smallest", exp("-9223372036854775808"), "expired"},
        {"exp just over", exp("1799999940"), "expired"},
        {"exp in milliseconds of the past", exp("1799999"), "expired"},
        {"nbf in the future", hs256(claims_with(R"(,"nbf":1800000061)")), "not valid yet"},
        {"nbf largest", hs256(claims_with(R"(,"nbf":9223372036854775807)")), "not valid yet"},
        {"nbf a text", hs256(claims_with(R"(,"nbf":"1")")), "a time is not a whole number"},
        {"iat in the future", hs256(claims_with(R"(,"iat":1800000061)")), "not valid yet"},
        {"iat a fraction", hs256(claims_with(R"(,"iat":1.5)")), "a time is not a whole number"},
        // Duplicate keys
        {"alg twice", hs256(claims_with(), R"({"alg":"none","alg":"HS256"})"), "header is not a JSON object"},
        {"alg twice, escaped", hs256(claims_with(), R"({"alg":"none","\u0061lg":"HS256"})"), "header is not a JSON object"},
        {"sub twice", hs256(claims_with(R"(,"sub":"u2")")), "claims are not a JSON object"},
        {"exp twice", hs256(claims_with(R"(,"exp":9999999999)")), "claims are not a JSON object"},
        {"nested key twice", hs256(claims_with(R"(,"x":{"a":1,"a":2})")), "claims are not a JSON object"},
        // Subject
        {"sub missing", hs256(R"({"exp":1800000600})"), "no usable subject"},
        {"sub empty", subject(R"("")"), "no usable subject"},
        {"sub null", subject("null"), "no usable subject"},
        {"sub a number", subject("1"), "no usable subject"},
        {"sub a list", subject(R"(["u1"])"), "no usable subject"},
        {"sub an object", subject(R"({"$ne":null})"), "no usable subject"},
        {"sub of 256 characters", subject("\"" + std::string(256, 'a') + "\""), "no usable subject"},
        {"sub with NUL", subject(R"("a\u0000b")"), "no usable subject"},
        {"sub with a line end", subject(R"("a\nb")"), "no usable subject"},
        {"sub with DEL", subject(R"("a\u007f")"), "no usable subject"},
        {"sub with C1", subject(R"("a\u0085")"), "no usable subject"},
        // Shape
        {"empty", "", "not a token"},
        {"one dot", ".", "not a token"},
        {"two dots", "..", "header is not a JSON object"},
        {"four parts", good + ".AAAA", "not a token"},
        {"padding in the header", head + "=." + payload + "." + signature, "not a token"},
        {"padding in the signature", good + "=", "not a token"},
        {"stray bits", good.substr(0, good.size() - 1) + (good.back() == 'A' ? "B" : std::string(1, static_cast<char>(good.back() + 1))), "not a token"},
        {"standard base64", b64(R"({"alg":"HS256","typ":"JWT"})") + "." + payload + "." + "+/" + signature.substr(2), "not a token"},
        {"blank before", " " + good, "not a token"},
        {"blank after", good + " ", "not a token"},
        {"line end after", good + "\n", "not a token"},
        {"blank inside", head + ". " + payload + "." + signature, "not a token"},
        {"NUL inside", head + std::string{"\0", 1} + "." + payload + "." + signature, "not a token"},
        {"header a list", hs256(claims_with(), R"(["HS256"])"), "header is not a JSON object"},
        {"header a text", hs256(claims_with(), R"("HS256")"), "header is not a JSON object"},
        {"header with more behind", hs256(claims_with(), R"({"alg":"HS256"}{})"), "header is not a JSON object"},
        {"header not UTF-8", hs256(claims_with(), "{\"alg\":\"HS256\",\"x\":\"\xff\"}"), "header is not a JSON object"},
        {"claims a list", hs256("[]"), "claims are not a JSON object"},
        {"claims not JSON", hs256("{sub:1}"), "claims are not a JSON object"},
        {"claims not UTF-8", hs256(claims_with("", "\"\xff\"")), "claims are not a JSON object"},
        {"lone surrogate", subject(R"("\ud800")"), "claims are not a JSON object"},
        {"deep claims", hs256(claims_with(R"(,"x":)" + std::string(40, '[') + std::string(40, ']'))), "claims are not a JSON object"},
        {"huge token", hs256(claims_with(R"(,"x":")" + std::string(20'000, 'a') + "\"")), "too long"},
        {"a megabyte of dots", std::string(1'000'000, '.'), "too long"},
        {"five parts of an encrypted token", "a.b.c.d.e", "not a token"},
        {"an API key", "mr_00000000000000000000000000000000_0000000000000000000000000000000000000000000", "not a token"},
    };
    CHECK(rows.size() >= 60);
    const auto clock = clock_at();
    JwtVerifier verifier{hs_settings(), clock};
    REQUIRE(verifier.verify(good));
    for (const Row& row : rows) {
        CAPTURE(row.name);
        const auto claims = verifier.verify(row.token);
        REQUIRE(!claims);
        CHECK(claims.error() == row.reason);
    }
}

TEST_CASE("keys of a set verify tokens of their own algorithm and no other") {
    const TemporaryFile file{full_set()};
    Settings settings;
    settings.jwks = file.path;
    const auto clock = clock_at();
    JwtVerifier verifier{settings, clock};
    for (const std::string algorithm : {"RS256", "ES256", "EdDSA"}) {
        CAPTURE(algorithm);
        const auto& key = key_of(algorithm);
        const auto claims = claims_with();
        const auto good = key.token(claims);
        const auto header = [&](std::string_view alg, std::string_view kid) {
            return R"({"alg":")" + std::string{alg} + R"(","kid":")" + std::string{kid} + R"("})";
        };

        CHECK(verifier.verify(good));
        CHECK(verifier.verify(key.token(claims, R"({"alg":")" + algorithm + R"("})")));  // without kid
        CHECK(!verifier.verify(flip_last(good, 10)));
        CHECK(!verifier.verify(good.substr(0, good.rfind('.') + 1)));
        CHECK(!verifier.verify(key.token(claims, header(algorithm, "k-other"))));
        CHECK(!verifier.verify(key.token(claims, header("none", "k-" + algorithm))));
        CHECK(!verifier.verify(key.token(claims, header("PS256", "k-" + algorithm))));
        CHECK(!verifier.verify(key.token(claims, header("RS512", "k-" + algorithm))));
        // The public key used as a secret: the token says HS256, and no key of the set is for that.
        for (const auto& bytes : {key.pem(), json::serialize(key.jwk("k-" + algorithm))}) {
            CHECK(!verifier.verify(hs256(claims, header("HS256", "k-" + algorithm), bytes)));
            CHECK(!verifier.verify(hs256(claims, R"({"alg":"HS256"})", bytes)));
            CHECK(!verifier.verify(hs256(claims, header(algorithm, "k-" + algorithm), bytes)));
        }
        for (const std::string other : {"RS256", "ES256", "EdDSA"}) {
            if (other == algorithm) continue;
            CHECK(!verifier.verify(key.token(claims, header(other, "k-" + other))));
            CHECK(!verifier.verify(key.token(claims, header(algorithm, "k-" + other))));
        }
    }
}

TEST_CASE("an ES256 signature is r and s, not DER and not trivial") {
    const TemporaryFile file{full_set()};
    Settings settings;
    settings.jwks = file.path;
    const auto clock = clock_at();
    JwtVerifier verifier{settings, clock};
    const auto text = b64(R"({"alg":"ES256","kid":"k-ES256"})") + "." + b64(claims_with());

    CHECK(!verifier.verify(text + "." + b64(key_of("ES256").sign_raw(text))));
    CHECK(!verifier.verify(text + "." + b64(std::string(64, '\0'))));
    CHECK(!verifier.verify(text + "." + b64(std::string(64, '\xff'))));
    CHECK(!verifier.verify(text + "." + b64(key_of("ES256").sign(text) + "x")));
}

TEST_CASE("weak and foreign keys of a set are passed over") {
    struct Row { std::string name; json::object change; };
    auto rsa = key_of("RS256").jwk("k-RS256");
    for (const Row& row : std::initializer_list<Row>{
             {"exponent 1", {{"e", b64("\x01")}}},
             {"even exponent", {{"e", b64("\x02")}}},
             {"short modulus", {{"n", b64(std::string(128, '\xff'))}}},
             {"for encryption", {{"use", "enc"}}},
             {"of another algorithm", {{"alg", "RS512"}}},
             {"padded", {{"e", "AQAB="}}},
             {"symmetric", {{"kty", "oct"}, {"k", "AAAA"}}},
             {"unknown type", {{"kty", "XYZ"}}},
         }) {
        CAPTURE(row.name);
        auto jwk = rsa;
        for (const auto& field : row.change) jwk[field.key()] = field.value();
        CHECK(accounts::detail::read_jwks(key_set({jwk})).empty());
    }
    auto off_curve = key_of("ES256").jwk("k");
    off_curve["y"] = off_curve["x"];
    CHECK(accounts::detail::read_jwks(key_set({off_curve})).empty());
    CHECK(accounts::detail::read_jwks(full_set()).size() == 3);
    CHECK_THROWS_AS(accounts::detail::read_jwks("[]"), Error);
    CHECK_THROWS_AS(accounts::detail::read_jwks("{"), Error);
}

TEST_CASE("issuer and audience are checked when configured") {
    auto settings = hs_settings();
    settings.issuer = "https://id.example";
    settings.audience = {"millrace", "other"};
    const auto clock = clock_at();
    JwtVerifier verifier{settings, clock};
    struct Row { std::string name; std::string_view more; std::string_view reason; };
    for (const Row& row : std::initializer_list<Row>{
             {"both", R"(,"iss":"https://id.example","aud":"millrace")", ""},
             {"audience in a list", R"(,"iss":"https://id.example","aud":["x","other"])", ""},
             {"no issuer", R"(,"aud":"millrace")", "wrong issuer"},
             {"other issuer", R"(,"iss":"https://id.example/","aud":"millrace")", "wrong issuer"},
             {"issuer a list", R"(,"iss":["https://id.example"],"aud":"millrace")", "iss is not a text"},
             {"no audience", R"(,"iss":"https://id.example")", "wrong audience"},
             {"other audience", R"(,"iss":"https://id.example","aud":"millrace2")", "wrong audience"},
             {"audience an object", R"(,"iss":"https://id.example","aud":{"millrace":1})", "wrong audience"},
             {"audience in a nested list", R"(,"iss":"https://id.example","aud":[["millrace"]])", "wrong audience"},
         }) {
        CAPTURE(row.name);
        const auto claims = verifier.verify(hs256(claims_with(row.more)));
        CHECK((claims ? "" : claims.error()) == row.reason);
    }
}

TEST_CASE("only the configured claim makes an administrator") {
    const auto clock = clock_at();
    JwtVerifier usual{hs_settings(), clock};
    auto settings = hs_settings();
    settings.admin_claim = "https://x/roles";
    settings.admin_value = "boss";
    JwtVerifier special{settings, clock};
    struct Row { std::string_view more; bool usual; bool special; };
    for (const Row& row : std::initializer_list<Row>{
             {R"(,"role":"admin")", true, false},
             {R"(,"role":["user","admin"])", true, false},
             {R"(,"roles":["admin"])", true, false},
             {R"(,"role":"Admin")", false, false},
             {R"(,"role":"administrator")", false, false},
             {R"(,"role":true)", false, false},
             {R"(,"role":{"admin":true})", false, false},
             {R"(,"role":[["admin"]])", false, false},
             {R"(,"admin":true)", false, false},
             {R"(,"https://x/roles":["boss"])", false, true},
         }) {
        CAPTURE(row.more);
        CHECK(usual.verify(hs256(claims_with(row.more)))->admin == row.usual);
        CHECK(special.verify(hs256(claims_with(row.more)))->admin == row.special);
    }
}

TEST_CASE("a remembered token ends when it expires and refused ones are not remembered") {
    auto clock = clock_at();
    JwtVerifier verifier{hs_settings(), clock};
    const auto token = hs256(claims_with());

    CHECK(verifier.verify(token));
    CHECK(verifier.verify(token));
    CHECK(verifier.cached() == 1);
    CHECK(!verifier.verify(flip_last(token)));
    CHECK(verifier.cached() == 1);
    clock.advance(659s);
    CHECK(verifier.verify(token));
    clock.advance(1s);
    CHECK(!verifier.verify(token));
}

TEST_CASE("the memory of tokens is bounded") {
    const auto clock = clock_at();
    JwtVerifier verifier{hs_settings(), clock};
    for (int i = 0; i < 10'050; ++i) REQUIRE(verifier.verify(hs256(claims_with(R"(,"jti":)" + std::to_string(i)))));
    CHECK(verifier.cached() == 10'000);
}

TEST_CASE("a new key is fetched when a token names it, seldom, and a key that is gone ends its tokens") {
    auto clock = clock_at();
    Settings settings;
    settings.jwks = "https://id.example/keys";
    std::string published = key_set({key_of("ES256").jwk("k-ES256")});
    int fetches = 0;
    JwtVerifier verifier{settings, clock, [&](const std::string& url) {
                             CHECK(url == "https://id.example/keys");
                             ++fetches;
                             if (published.empty()) throw Error{Code::unreachable, {{"url", url}}};
                             return published;
                         }};
    const auto old_token = key_of("ES256").token(claims_with()), new_token = key_of("EdDSA").token(claims_with());
    CHECK(verifier.verify(old_token));
    CHECK(fetches == 1);

    published = key_set({key_of("EdDSA").jwk("k-EdDSA")});
    CHECK(!verifier.verify(new_token));  // the pause since the last fetch is not over
    CHECK(fetches == 1);
    clock.advance(31s);
    CHECK(verifier.verify(new_token));
    CHECK(fetches == 2);
    CHECK(!verifier.verify(old_token));  // although it was remembered

    for (int i = 0; i < 100; ++i) {
        CHECK(!verifier.verify(key_of("RS256").token(claims_with(), R"({"alg":"RS256","kid":"r)" + std::to_string(i) + R"("})")));
    }
    CHECK(fetches == 2);

    published.clear();  // the provider is down: what is known stays good
    clock.advance(settings.jwks_refresh);
    CHECK(verifier.verify(key_of("EdDSA").token(claims_with("", R"("u9")", "1900000000"))));
    CHECK(fetches == 3);
}

TEST_CASE("settings that would let anybody in are refused at the start") {
    const auto clock = clock_at();
    const TemporaryFile empty{R"({"keys":[]})"}, broken{"{"};
    const auto with_secret = [](std::string text) { Settings s; s.jwt_secret = Secret{std::move(text)}; return s; };
    const auto with_jwks = [](std::string path) { Settings s; s.jwks = std::move(path); return s; };
    for (const Settings& settings : {with_secret(""), with_secret("secret"), with_secret(std::string(31, 'x')), with_jwks("/nowhere/jwks.json"),
                                     with_jwks(empty.path), with_jwks(broken.path), with_jwks("http://id.example/keys")}) {
        try {
            const JwtVerifier verifier{settings, clock};
            FAIL("accepted");
        } catch (const Error& error) {
            CHECK(error.code() == Code::invalid_config);
            CHECK(!std::string_view{error.what()}.contains("xxxxx"));
        }
    }
    CHECK_NOTHROW(JwtVerifier(with_secret(std::string(32, 'x')), clock));
    CHECK(!JwtVerifier(Settings{}, clock).configured());
    CHECK(!JwtVerifier(Settings{}, clock).verify(hs256(claims_with())));
}

TEST_CASE("subjects map stably to ids, and a UUID to itself") {
    const auto id = Uuid::generate();
    CHECK(user_id(id.str()) == id);
    CHECK(user_id("ada") == user_id("ada"));
    CHECK(user_id("ada") != user_id("Ada"));
    CHECK(!user_id("00000000-0000-0000-0000-000000000000").is_nil());
    CHECK(user_id("ada") != organisation_id("ada"));
}
