#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace millrace::accounts {

inline constexpr std::size_t password_bytes_min = 10;
inline constexpr std::size_t password_bytes_max = 1024;

/// Hashes and checks passwords with argon2id, 19 MiB and two passes (OWASP Password Storage), about 17 ms each. At most
/// `concurrent` at the same time, so a storm of logins is no storm of memory. Safe from any thread, blocks.
class Passwords {
public:
    explicit Passwords(std::size_t concurrent, Duration patience = 2s);
    ~Passwords();

    enum class Verdict {
        wrong,
        right,
        right_but_old,  ///< made with other parameters: hash it again
    };

    /// A text with salt and parameters in it. Throws Error{invalid_fields} for a password that is too short or too long,
    /// Error{unavailable} when others are ahead for longer than the patience.
    std::string hash(std::string_view password);
    /// With an empty `hash` it takes as long and says wrong: how long it takes does not tell who has an account.
    /// Throws Error{unavailable}.
    Verdict check(std::string_view password, const std::string& hash);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::accounts
