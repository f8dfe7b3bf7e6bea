// Tokens and key sets from anybody. No forged token is accepted: the inputs do not know the secret, so the only way in
// would be a flaw.
#include <cstdlib>

#include "accounts/api_key.hpp"
#include "accounts/detail/keys.hpp"
#include "accounts/jwt.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"

#include <boost/json/object.hpp>

using namespace millrace;

namespace {

void require(bool claim) {
    if (!claim) std::abort();
}

struct Setup {
    ManualClock clock;
    Secret secret{random_base62(43)};  // new in every process: an input cannot carry a signature made with it
    accounts::Settings settings;
    std::unique_ptr<accounts::JwtVerifier> verifier;

    Setup() {
        clock.at = Instant{std::chrono::seconds{1'800'000'000}};
        settings.jwt_secret = secret;
        verifier = std::make_unique<accounts::JwtVerifier>(settings, clock);
    }

    /// The input as header and claims, properly signed: reaches everything behind the signature.
    std::string sign(std::string_view header, std::string_view claims) const {
        const auto text = to_base64url(header) + "." + to_base64url(claims);
        return text + "." + to_base64url(accounts::detail::hmac_sha256(secret.expose(), text));
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    static Setup setup;
    const std::string_view text{reinterpret_cast<const char*>(data), size};

    require(!setup.verifier->verify(text));

    const auto split = std::min(text.find('\n'), text.size());
    const auto header = text.substr(0, split), claims = text.substr(std::min(split + 1, text.size()));
    if (const auto known = setup.verifier->verify(setup.sign(R"({"alg":"HS256"})", text))) {
        require(!known->subject.empty() && known->expires > setup.clock.at);
    }
    setup.verifier->verify(setup.sign(header, claims));

    try {
        accounts::detail::read_jwks(text);
    } catch (const Error& error) {
        require(error.code() == Code::invalid_json);
    }
    accounts::parse_api_key(text);
    return 0;
}
