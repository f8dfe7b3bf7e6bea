#include "accounts/authenticator.hpp"

#include <algorithm>

#include "accounts/detail/lru.hpp"
#include "accounts/ops.hpp"
#include "accounts/password.hpp"

namespace millrace::accounts {
namespace {

constexpr std::size_t users_max = 10'000;

[[noreturn]] void refuse() { throw Error{Code::unauthorized}; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string lower_case(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

/// The token after "Bearer"; nothing for another scheme.
std::optional<std::string_view> bearer(std::string_view authorization) {
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() < scheme.size()) return std::nullopt;
    if (!std::ranges::equal(authorization.substr(0, scheme.size()), scheme, {}, lower)) return std::nullopt;
    auto token = authorization.substr(scheme.size());
    while (token.starts_with(' ')) token.remove_prefix(1);
    return token;
}

bool is_loopback_name(std::string_view host) {
    return host == "localhost" || host == "127.0.0.1" || host == "::1" || host == "[::1]";
}

/// Does the page that sent the request come from the address it asks? Without Origin it is no browser's cross-site request.
bool same_site(const Credentials& credentials) {
    if (credentials.origin.empty()) return true;
    auto host = credentials.origin;
    const auto scheme = host.find("://");
    if (scheme == host.npos) return false;  // "null"
    host.remove_prefix(scheme + 3);
    const auto colon = host.rfind(':');
    if (colon != host.npos && host.find(']', colon) == host.npos) host = host.substr(0, colon);
    return is_loopback_name(host);
}

/// The role of a credential that was handed out earlier. A local user who has lost a role loses it in all of them; of a
/// user who comes by token only the token of that time knew the role.
Role granted(Role then, const User& user) { return user.password_hash.empty() ? then : std::min(then, user.role); }

std::string organisation_name(const std::string& claimed) { return claimed.empty() ? "default" : claimed; }

}  // namespace

struct Authenticator::State {
    const Settings settings;
    AccountStore& store;
    ledger::Ledger& ledger;
    const Clock& clock;
    JwtVerifier jwt;
    Passwords passwords;
    detail::Lru<Uuid, User> users{users_max};
    detail::Lru<Uuid, ApiKey> keys{users_max};
    detail::Lru<std::string, Session> sessions{users_max};

    template <class Op>
    void commit(Op op) {
        ledger::Commit one;
        one.add(std::move(op));
        if (!ledger.commit(std::move(one))) throw Error{Code::internal};
    }

    /// A user who may act, remembered for a while; nothing when unknown or disabled.
    std::optional<User> active_user(const Uuid& id) {
        auto user = users.get(id, clock.now());
        if (!user) {
            user = store.user(id);
            if (user) users.put(id, *user, clock.now() + memory);
        }
        if (user && user->disabled) return std::nullopt;
        return user;
    }

    /// The user of a verified token, created at first sight.
    User user_of(const Claims& claims) {
        const auto id = user_id(claims.subject);
        const auto known = users.get(id, clock.now());
        auto user = known ? known : store.user(id);
        if (!user) {
            const auto now = clock.now();
            const auto org = organisation_name(claims.org);
            user = User{.id = id, .org = organisation_id(org), .role = Role::user, .subject = claims.subject,
                        .name = claims.name, .email = lower_case(claims.email), .password_hash = {}, .disabled = false,
                        .created_at = now, .updated_at = now};
            commit(CreateUser{*user, org});
        }
        if (!known) users.put(id, *user, clock.now() + memory);
        if (user->disabled) refuse();
        return *user;
    }

    Identity by_jwt(std::string_view token) {
        const auto claims = jwt.verify(token);
        if (!claims) refuse();
        const auto user = user_of(*claims);
        // The token names organisation and role afresh each time; the stored role is what an operator gave on top.
        const auto org = claims->org.empty() ? user.org : organisation_id(claims->org);
        const auto role = claims->admin ? Role::admin : user.role;
        return {.scope = {.user = user.id, .org = org, .role = role}, .method = Method::jwt, .subject = user.subject};
    }

    Identity by_api_key(std::string_view text) {
        const auto presented = parse_api_key(text);
        if (!presented) refuse();
        const auto now = clock.now();
        const auto cached = keys.get(presented->id, now);
        auto key = cached ? cached : store.api_key(presented->id);
        if (!key || !matches(*presented, *key, now)) refuse();
        const auto user = active_user(key->user);
        if (!user) refuse();
        const bool touch = !key->last_used_at || *key->last_used_at + 1min <= now;
        if (touch) key->last_used_at = now;
        // Remembered before the commit, so that of many requests in that minute one commits.
        if (touch || !cached) keys.put(key->id, *key, now + memory);
        if (touch) commit(TouchApiKey{key->id, now});
        return {.scope = {.user = user->id, .org = user->org, .role = granted(key->role, *user)},
                .method = Method::api_key, .subject = user->subject, .api_key = key->id};
    }

    Identity by_session(const Credentials& credentials) {
        const auto hash = hash_of(credentials.session);
        const auto now = clock.now();
        auto session = sessions.get(hash, now);
        if (!session) {
            session = store.session(hash);
            if (session) sessions.put(hash, *session, std::min(now + memory, session->expires_at));
        }
        if (!session || session->expires_at <= now) refuse();
        const auto user = active_user(session->user);
        if (!user) refuse();
        if (credentials.write && !same_secret(credentials.csrf, csrf_token_of(credentials.session))) throw Error{Code::csrf};
        return {.scope = {.user = user->id, .org = session->org, .role = granted(session->role, *user)}, .method = Method::session,
                .subject = user->subject, .session_hash = hash};
    }

    Identity by_ticket(std::string_view text) {
        const auto ticket = store.take_ticket(hash_of(text), clock.now());
        if (!ticket || ticket->expires_at <= clock.now()) refuse();
        const auto user = active_user(ticket->user);
        if (!user) refuse();
        return {.scope = {.user = ticket->user, .org = ticket->org, .role = ticket->role}, .method = Method::ticket,
                .subject = user->subject};
    }

    /// The one user of dev mode: from this machine, asked for by a name of this machine (a foreign name that resolves to
    /// 127.0.0.1 is an attack), and not by a page of another site.
    Identity by_dev(const Credentials& credentials) {
        if (!credentials.from_loopback || !is_loopback_name(credentials.host) || !same_site(credentials)) refuse();
        const auto user = user_of({.subject = "dev", .name = "Developer", .email = {}, .org = {}, .admin = true, .expires = {}});
        return {.scope = {.user = user.id, .org = user.org, .role = Role::admin}, .method = Method::dev, .subject = user.subject};
    }

    IssuedSession open(const Scope& scope) {
        const auto secret = random_secret();
        const auto now = clock.now();
        const auto until = now + settings.session_lifetime;
        commit(PutSession{{.hash = hash_of(secret.expose()), .user = scope.user, .org = scope.org, .role = scope.role,
                           .created_at = now, .expires_at = until}});
        return {secret.expose(), csrf_token_of(secret.expose()), until};
    }
};

Authenticator::Authenticator(const Settings& settings, AccountStore& store, ledger::Ledger& ledger, const Clock& clock, Fetch fetch)
    : state_{new State{.settings = settings,
                       .store = store,
                       .ledger = ledger,
                       .clock = clock,
                       .jwt = {settings, clock, std::move(fetch)},
                       .passwords = Passwords{settings.password_threads}}} {}

Authenticator::~Authenticator() = default;

Identity Authenticator::authenticate(const Credentials& credentials) {
    if (credentials.ambiguous) refuse();
    if (!credentials.authorization.empty()) {
        const auto token = bearer(credentials.authorization);
        if (!token || !credentials.api_key.empty()) refuse();
        return token->starts_with("mr_") ? state_->by_api_key(*token) : state_->by_jwt(*token);
    }
    if (!credentials.api_key.empty()) return state_->by_api_key(credentials.api_key);
    if (!credentials.ticket.empty()) return state_->by_ticket(credentials.ticket);
    if (!credentials.session.empty()) return state_->by_session(credentials);
    if (state_->settings.dev) return state_->by_dev(credentials);
    refuse();
}

Issued Authenticator::issue_ticket(const Identity& who) {
    const auto secret = random_secret();
    const auto until = state_->clock.now() + ticket_lifetime;
    state_->commit(PutTicket{{.hash = hash_of(secret.expose()), .user = who.scope.user, .org = who.scope.org,
                              .role = who.scope.role, .expires_at = until}});
    return {secret.expose(), until};
}

IssuedSession Authenticator::open_session(const Identity& who) { return state_->open(who.scope); }

void Authenticator::end_session(const Identity& who) {
    if (who.session_hash.empty()) return;
    state_->commit(EndSession{who.session_hash});
    state_->sessions.erase(who.session_hash);
}

IssuedSession Authenticator::log_in(std::string_view email, std::string_view password) {
    auto user = state_->store.user_by_email(lower_case(email));
    const bool may = user && !user->disabled;
    const auto verdict = state_->passwords.check(password, may ? user->password_hash : "");
    if (verdict == Passwords::Verdict::wrong) refuse();
    if (verdict == Passwords::Verdict::right_but_old) {
        user->password_hash = state_->passwords.hash(password);
        user->updated_at = state_->clock.now();
        state_->commit(PutUser{*user});
        forget(user->id);
    }
    return state_->open({.user = user->id, .org = user->org, .role = user->role});
}

IssuedApiKey Authenticator::create_api_key(const Identity& who, std::string name, Role role, std::optional<Instant> expires_at) {
    auto issued = issue_api_key({.scope = who.scope, .name = std::move(name), .role = role, .expires_at = expires_at},
                                state_->clock.now());
    state_->commit(PutApiKey{issued.key});
    return issued;
}

void Authenticator::revoke_api_key(const Identity& who, const Uuid& id) {
    const auto key = state_->store.api_key(id);
    if (!key || (key->user != who.scope.user && !who.scope.is_admin())) throw Error{Code::not_found};
    state_->commit(RevokeApiKey{id, state_->clock.now()});
    forget(id);
}

User Authenticator::create_user(const std::string& email, const std::string& name, std::string_view password, Role role) {
    const auto address = lower_case(email);
    Error wrong{Code::invalid_fields};
    if (!is_subject(address) || !address.contains('@')) wrong.issues.push_back({"/email", "wrong_type", "expected an address"});
    if (!name.empty() && !is_subject(name)) wrong.issues.push_back({"/name", "out_of_range", "a name has 1 to 255 characters"});
    if (!wrong.issues.empty()) throw wrong;
    auto hash = state_->passwords.hash(password);
    const auto now = state_->clock.now();
    const auto org = default_organisation();
    const User user{.id = Uuid::generate(), .org = org.id, .role = role, .subject = address, .name = name, .email = address,
                    .password_hash = std::move(hash), .disabled = false, .created_at = now, .updated_at = now};
    ledger::Commit commit;
    commit.guard(EmailFree{address}).add(CreateUser{user, org.name});
    if (!state_->ledger.commit(std::move(commit))) throw Error{Code::conflict, {{"why", "that address has an account"}}};
    return user;
}

void Authenticator::set_password(const Uuid& id, std::string_view password) {
    auto user = state_->store.user(id);
    if (!user) throw Error{Code::not_found};
    user->password_hash = state_->passwords.hash(password);
    user->updated_at = state_->clock.now();
    ledger::Commit commit;
    commit.add(PutUser{*user}).add(EndSessions{id});
    state_->ledger.commit(std::move(commit));
    state_->sessions.clear();
    forget(id);
}

void Authenticator::forget(const Uuid& id) {
    state_->users.erase(id);
    state_->keys.erase(id);
}

bool Authenticator::has_credentials() { return state_->jwt.configured() || state_->store.has_credentials(); }

std::string session_cookie_header(const IssuedSession& session, bool secure, Instant now) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(session.expires_at - now).count();
    return std::string{session_cookie} + "=" + session.secret + "; Path=/; HttpOnly; SameSite=Lax; Max-Age=" +
           std::to_string(seconds) + (secure ? "; Secure" : "");
}

}  // namespace millrace::accounts
