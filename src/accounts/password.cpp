#include "accounts/password.hpp"

#include <sodium.h>

#include <semaphore>

#include "base/error.hpp"

namespace millrace::accounts {
namespace {

constexpr unsigned long long passes = 2;
constexpr std::size_t memory_bytes = 19 << 20;

}  // namespace

struct Passwords::State {
    std::counting_semaphore<1024> places;
    const Duration patience;

    /// Holds a place until the end of the scope.
    class Place {
    public:
        explicit Place(State& state) : state_{state} {
            if (!state.places.try_acquire_for(state.patience)) {
                throw Error{Code::unavailable, {{"why", "many are logging in at this moment"}, {"seconds", "2"}}};
            }
        }
        ~Place() { state_.places.release(); }

    private:
        State& state_;
    };
};

Passwords::Passwords(std::size_t concurrent, Duration patience)
    : state_{new State{.places = std::counting_semaphore<1024>{static_cast<std::ptrdiff_t>(concurrent)},
                       .patience = patience}} {
    if (sodium_init() < 0) throw Error{Code::internal, {{"why", "libsodium"}}};
}

Passwords::~Passwords() = default;

std::string Passwords::hash(std::string_view password) {
    if (password.size() < password_bytes_min || password.size() > password_bytes_max) {
        Error error{Code::invalid_fields};
        error.issues.push_back({"/password", "out_of_range", "a password has 10 to 1024 bytes"});
        throw error;
    }
    const State::Place place{*state_};
    char out[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str_alg(out, password.data(), password.size(), passes, memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        throw Error{Code::unavailable, {{"why", "there is no memory left"}}};
    }
    return out;
}

Passwords::Verdict Passwords::check(std::string_view password, const std::string& hash) {
    if (password.size() > password_bytes_max) return Verdict::wrong;
    if (hash.empty()) {
        // As long as a check, and no result: the same derivation without a comparison.
        const State::Place place{*state_};
        unsigned char out[32];
        const unsigned char salt[crypto_pwhash_SALTBYTES] = {};
        [[maybe_unused]] const int unused = crypto_pwhash(out, sizeof out, password.data(), password.size(), salt, passes,
                                                          memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
        return Verdict::wrong;
    }
    const State::Place place{*state_};
    if (crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) != 0) return Verdict::wrong;
    const bool old = crypto_pwhash_str_needs_rehash(hash.c_str(), passes, memory_bytes) != 0;
    return old ? Verdict::right_but_old : Verdict::right;
}

}  // namespace millrace::accounts
