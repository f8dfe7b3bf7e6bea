#include <doctest/doctest.h>

#include <boost/json/object.hpp>

#include <map>
#include <mutex>
#include <thread>

#include "accounts/authenticator.hpp"
#include "accounts/ops.hpp"
#include "accounts/password.hpp"

using namespace millrace;
using namespace millrace::accounts;

namespace {

/// Accounts in memory: storage stands above this module, so its own stores cannot be used here.
struct Memory final : AccountStore, ledger::Ledger {
    std::map<Uuid, User> users_;
    std::map<Uuid, ApiKey> keys_;
    std::map<std::string, Session, std::less<>> sessions_;
    std::map<std::string, Ticket, std::less<>> tickets_;
    int reads = 0;
    int touches = 0;

    std::optional<User> user(const Uuid& id) override {
        ++reads;
        const auto found = users_.find(id);
        return found == users_.end() ? std::nullopt : std::optional{found->second};
    }
    std::optional<User> user_by_email(std::string_view email) override {
        for (const auto& [_, user] : users_) {
            if (user.email == email && !user.password_hash.empty()) return user;
        }
        return std::nullopt;
    }
    std::vector<User> users(int, std::optional<Uuid>) override { return {}; }
    std::optional<Organisation> organisation(const Uuid&) override { return std::nullopt; }
    std::optional<ApiKey> api_key(const Uuid& id) override {
        ++reads;
        const auto found = keys_.find(id);
        return found == keys_.end() ? std::nullopt : std::optional{found->second};
    }
    std::vector<ApiKey> api_keys(const Uuid&) override { return {}; }
    std::optional<Session> session(std::string_view hash) override {
        const auto found = sessions_.find(hash);
        return found == sessions_.end() ? std::nullopt : std::optional{found->second};
    }
    std::optional<Ticket> take_ticket(std::string_view hash, Instant now) override {
        const auto found = tickets_.find(hash);
        if (found == tickets_.end() || found->second.expires_at <= now) return std::nullopt;
        auto ticket = found->second;
        tickets_.erase(found);
        return ticket;
    }
    std::optional<Remembered> request(const Uuid&, std::string_view, Instant) override { return std::nullopt; }
    bool has_credentials() override { return !keys_.empty(); }

    ledger::Committed commit(ledger::Commit commit) override {
        for (const auto& guard : commit.guards) {
            if (const auto* email = dynamic_cast<const EmailFree*>(guard.get())) {
                if (const auto user = user_by_email(email->email)) return {ledger::Outcome::refused, user->id};
            }
        }
        for (const auto& op : commit.ops) apply(*op);
        return {};
    }
    void apply(const ledger::Op& op) {
        if (const auto* o = dynamic_cast<const CreateUser*>(&op)) users_.emplace(o->user.id, o->user);
        if (const auto* o = dynamic_cast<const PutUser*>(&op)) users_[o->user.id] = o->user;
        if (const auto* o = dynamic_cast<const PutApiKey*>(&op)) keys_[o->key.id] = o->key;
        if (const auto* o = dynamic_cast<const RevokeApiKey*>(&op)) keys_[o->key].revoked_at = o->at;
        if (const auto* o = dynamic_cast<const TouchApiKey*>(&op)) keys_[o->key].last_used_at = o->at, ++touches;
        if (const auto* o = dynamic_cast<const PutSession*>(&op)) sessions_[o->session.hash] = o->session;
        if (const auto* o = dynamic_cast<const EndSession*>(&op)) sessions_.erase(o->hash);
        if (const auto* o = dynamic_cast<const EndSessions*>(&op)) {
            std::erase_if(sessions_, [&](const auto& entry) { return entry.second.user == o->user; });
        }
        if (const auto* o = dynamic_cast<const PutTicket*>(&op)) tickets_[o->ticket.hash] = o->ticket;
    }
};

const Secret secret{"0123456789abcdef0123456789abcdef"};

struct Fixture {
    ManualClock clock;
    Memory memory;
    Settings settings;
    std::unique_ptr<Authenticator> authenticator;

    explicit Fixture(bool dev = false) {
        clock.at = *from_rfc3339("2026-11-22T12:00:00Z");
        settings.jwt_secret = secret;
        settings.dev = dev;
        authenticator = std::make_unique<Authenticator>(settings, memory, memory, clock);
    }

    std::string token(json::object claims) const {
        if (!claims.contains("exp")) claims["exp"] = clock.at.time_since_epoch().count() / 1'000'000 + 600;
        return "Bearer " + sign_hs256(claims, secret);
    }
    Identity by_token(json::object claims) {
        const auto text = token(std::move(claims));
        return authenticator->authenticate(Credentials{.authorization = text});
    }
    Code refusal(const Credentials& credentials) {
        try {
            authenticator->authenticate(credentials);
        } catch (const Error& error) {
            return error.code();
        }
        return Code::internal;
    }
};

}  // namespace

TEST_CASE("a user is created at first sight of a token and is the same ever after") {
    Fixture f;

    const auto who = f.by_token({{"sub", "ada"}, {"name", "Ada"}});

    CHECK(who.method == Method::jwt);
    CHECK(who.scope.user == user_id("ada"));
    CHECK(who.scope.org == default_organisation().id);
    CHECK(who.scope.role == Role::user);
    CHECK(who.scope.reach == Scope::Reach::own);
    REQUIRE(f.memory.users_.size() == 1);
    CHECK(f.memory.users_.begin()->second.name == "Ada");
    const auto reads = f.memory.reads;
    CHECK(f.by_token({{"sub", "ada"}}).scope.user == who.scope.user);
    CHECK(f.memory.reads == reads);
    CHECK(f.memory.users_.size() == 1);
}

TEST_CASE("role and organisation come from the token, and the stored role adds to it") {
    Fixture f;
    CHECK(f.by_token({{"sub", "ada"}, {"role", "admin"}, {"org", "acme"}}).scope.is_admin());
    CHECK(f.by_token({{"sub", "ada"}, {"org", "acme"}}).scope.org == organisation_id("acme"));
    CHECK(!f.by_token({{"sub", "ada"}}).scope.is_admin());

    f.memory.users_.at(user_id("ada")).role = Role::admin;
    f.authenticator->forget(user_id("ada"));

    CHECK(f.by_token({{"sub", "ada"}}).scope.is_admin());
}

TEST_CASE("whatever is wrong with a credential, the answer is the same") {
    Fixture f;
    const auto good = f.token({{"sub", "ada"}});
    const auto key = f.authenticator->create_api_key(f.by_token({{"sub", "ada"}}), "k", Role::user, std::nullopt).text.expose();
    struct Row { std::string name; Credentials credentials; };
    for (const Row& row : std::initializer_list<Row>{
             {"nothing", {}},
             {"two headers", {.authorization = good, .ambiguous = true}},
             {"basic", {.authorization = "Basic YTpi"}},
             {"no scheme", {.authorization = std::string_view{good}.substr(7)}},
             {"empty bearer", {.authorization = "Bearer "}},
             {"broken token", {.authorization = "Bearer x.y.z"}},
             {"token and key", {.authorization = good, .api_key = key}},
             {"token as a cookie", {.session = std::string_view{good}.substr(7)}},
             {"token as a ticket", {.ticket = std::string_view{good}.substr(7)}},
             {"key as a cookie", {.session = key}},
             {"key of nobody", {.api_key = "mr_00000000000000000000000000000000_0000000000000000000000000000000000000000000"}},
             {"key cut", {.api_key = std::string_view{key}.substr(0, key.size() - 1)}},
             {"session of nobody", {.session = "0000000000000000000000000000000000000000000"}},
             {"ticket of nobody", {.ticket = "0000000000000000000000000000000000000000000"}},
         }) {
        CAPTURE(row.name);
        try {
            f.authenticator->authenticate(row.credentials);
            FAIL("let in");
        } catch (const Error& error) {
            CHECK(error.code() == Code::unauthorized);
            CHECK(error.args().empty());
            CHECK(error.issues.empty());
        }
    }
}

TEST_CASE("a wrong header is not saved by a good cookie") {
    Fixture f;
    const auto session = f.authenticator->open_session(f.by_token({{"sub", "ada"}}));
    CHECK(f.refusal({.authorization = "Bearer x.y.z", .session = session.secret}) == Code::unauthorized);
}

TEST_CASE("a disabled user is refused by every credential") {
    Fixture f;
    const auto who = f.by_token({{"sub", "ada"}});
    const auto key = f.authenticator->create_api_key(who, "k", Role::user, std::nullopt).text.expose();
    const auto session = f.authenticator->open_session(who);
    const auto ticket = f.authenticator->issue_ticket(who);
    f.memory.users_.at(who.scope.user).disabled = true;
    f.authenticator->forget(who.scope.user);

    CHECK(f.refusal({.authorization = f.token({{"sub", "ada"}})}) == Code::unauthorized);
    CHECK(f.refusal({.api_key = key}) == Code::unauthorized);
    CHECK(f.refusal({.session = session.secret}) == Code::unauthorized);
    CHECK(f.refusal({.ticket = ticket.secret}) == Code::unauthorized);
}

TEST_CASE("an API key works by either header until it is revoked or expires, and its use is noted once a minute") {
    Fixture f;
    const auto who = f.by_token({{"sub", "ada"}});
    const auto issued = f.authenticator->create_api_key(who, "ci", Role::user, f.clock.at + 1h);
    const auto& text = issued.text.expose();
    CHECK(text.starts_with("mr_"));
    CHECK(text.size() == 79);
    CHECK(!to_json(issued.key).contains(text.substr(36)));

    for (int i = 0; i < 5; ++i) {
        const auto found = f.authenticator->authenticate(Credentials{.authorization = "Bearer " + text});
        CHECK(found.scope.user == who.scope.user);
        CHECK(found.method == Method::api_key);
        CHECK(f.authenticator->authenticate(Credentials{.api_key = text}).api_key == issued.key.id);
    }
    CHECK(f.memory.touches == 1);
    f.clock.advance(61s);
    f.authenticator->authenticate(Credentials{.api_key = text});
    CHECK(f.memory.touches == 2);

    auto changed = text;
    changed.back() = changed.back() == 'a' ? 'b' : 'a';
    CHECK(f.refusal({.api_key = changed}) == Code::unauthorized);
    f.clock.advance(1h);
    CHECK(f.refusal({.api_key = text}) == Code::unauthorized);

    const auto other = f.authenticator->create_api_key(who, "cd", Role::user, std::nullopt);
    f.authenticator->authenticate(Credentials{.api_key = other.text.expose()});
    f.authenticator->revoke_api_key(who, other.key.id);
    CHECK(f.refusal({.api_key = other.text.expose()}) == Code::unauthorized);
}

TEST_CASE("nobody makes a key with more rights, or revokes that of another") {
    Fixture f;
    const auto ada = f.by_token({{"sub", "ada"}}), bob = f.by_token({{"sub", "bob"}}), root = f.by_token({{"sub", "root"}, {"role", "admin"}});
    CHECK_THROWS_AS(f.authenticator->create_api_key(ada, "k", Role::admin, std::nullopt), Error);
    const auto key = f.authenticator->create_api_key(ada, "k", Role::user, std::nullopt);
    CHECK_THROWS_AS(f.authenticator->revoke_api_key(bob, key.key.id), Error);
    CHECK_THROWS_AS(f.authenticator->revoke_api_key(ada, Uuid::generate()), Error);
    CHECK_NOTHROW(f.authenticator->revoke_api_key(root, key.key.id));
    const auto strong = f.authenticator->create_api_key(root, "k", Role::admin, std::nullopt);
    CHECK(f.authenticator->authenticate(Credentials{.api_key = strong.text.expose()}).scope.is_admin());
}

TEST_CASE("a session reads by its cookie and writes with its CSRF token only") {
    Fixture f;
    const auto session = f.authenticator->open_session(f.by_token({{"sub", "ada"}}));
    const auto other = f.authenticator->open_session(f.by_token({{"sub", "ada"}}));

    const auto who = f.authenticator->authenticate(Credentials{.session = session.secret});
    CHECK(who.method == Method::session);
    CHECK(f.refusal({.session = session.secret, .write = true}) == Code::csrf);
    CHECK(f.refusal({.session = session.secret, .csrf = other.csrf, .write = true}) == Code::csrf);
    CHECK(f.refusal({.session = session.secret, .csrf = session.secret, .write = true}) == Code::csrf);
    CHECK_NOTHROW(f.authenticator->authenticate(Credentials{.session = session.secret, .csrf = session.csrf, .write = true}));
    CHECK(!f.memory.sessions_.contains(session.secret));

    f.authenticator->end_session(who);
    CHECK(f.refusal({.session = session.secret}) == Code::unauthorized);
    CHECK_NOTHROW(f.authenticator->authenticate(Credentials{.session = other.secret}));
    f.clock.advance(f.settings.session_lifetime);
    CHECK(f.refusal({.session = other.secret}) == Code::unauthorized);
    const auto header = session_cookie_header(session, true, session.expires_at - 60s);
    CHECK(header == "millrace_session=" + session.secret + "; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
}

TEST_CASE("a ticket opens one stream within a minute") {
    Fixture f;
    const auto who = f.by_token({{"sub", "ada"}, {"org", "acme"}});
    const auto first = f.authenticator->issue_ticket(who), second = f.authenticator->issue_ticket(who);
    CHECK(first.expires_at == f.clock.at + 60s);

    const auto opened = f.authenticator->authenticate(Credentials{.ticket = first.secret});
    CHECK(opened.scope.user == who.scope.user);
    CHECK(opened.scope.org == organisation_id("acme"));
    CHECK(f.refusal({.ticket = first.secret}) == Code::unauthorized);
    f.clock.advance(60s);
    CHECK(f.refusal({.ticket = second.secret}) == Code::unauthorized);
}

TEST_CASE("dev mode lets in this machine only, and no page of another site") {
    Fixture f{true};
    struct Row { std::string name; Credentials credentials; bool let_in; };
    for (const Row& row : std::initializer_list<Row>{
             {"curl", {.host = "localhost", .from_loopback = true}, true},
             {"the dashboard", {.host = "127.0.0.1", .origin = "http://127.0.0.1:8000", .from_loopback = true, .write = true}, true},
             {"its dev server", {.host = "localhost", .origin = "http://localhost:5173", .from_loopback = true}, true},
             {"IPv6", {.host = "[::1]", .origin = "http://[::1]:8000", .from_loopback = true}, true},
             {"another machine", {.host = "localhost"}, false},
             {"a name that resolves here", {.host = "evil.example", .from_loopback = true}, false},
             {"another site", {.host = "localhost", .origin = "https://evil.example", .from_loopback = true}, false},
             {"a look-alike", {.host = "localhost", .origin = "http://localhost.evil.example", .from_loopback = true}, false},
             {"a sandboxed page", {.host = "localhost", .origin = "null", .from_loopback = true}, false},
             {"a wrong token", {.authorization = "Bearer x.y.z", .host = "localhost", .from_loopback = true}, false},
         }) {
        CAPTURE(row.name);
        CHECK((f.refusal(row.credentials) != Code::unauthorized) == row.let_in);
    }
    const auto who = f.authenticator->authenticate(Credentials{.host = "localhost", .from_loopback = true});
    CHECK(who.method == Method::dev);
    CHECK(who.scope.is_admin());
    CHECK(Fixture{}.refusal({.host = "localhost", .from_loopback = true}) == Code::unauthorized);
}

TEST_CASE("a local user logs in by password, and a new one ends all sessions") {
    Fixture f;
    const auto user = f.authenticator->create_user("Ada@Example.org", "Ada", "correct horse battery", Role::admin);
    CHECK_THROWS_AS(f.authenticator->create_user("ada@example.org", "", "correct horse battery", Role::user), Error);
    CHECK_THROWS_AS(f.authenticator->create_user("bob@example.org", "", "short", Role::user), Error);
    CHECK_THROWS_AS(f.authenticator->create_user("bob", "", "correct horse battery", Role::user), Error);

    const auto session = f.authenticator->log_in("ADA@example.org", "correct horse battery");
    CHECK(f.authenticator->authenticate(Credentials{.session = session.secret}).scope.is_admin());
    for (const auto& [email, password] : std::initializer_list<std::pair<const char*, const char*>>{
             {"ada@example.org", "wrong horse battery"}, {"nobody@example.org", "correct horse battery"}, {"ada@example.org", ""}}) {
        try {
            f.authenticator->log_in(email, password);
            FAIL("let in");
        } catch (const Error& error) {
            CHECK(error.code() == Code::unauthorized);
        }
    }

    f.authenticator->set_password(user.id, "another horse battery");
    CHECK(f.refusal({.session = session.secret}) == Code::unauthorized);
    CHECK_NOTHROW(f.authenticator->log_in("ada@example.org", "another horse battery"));
}

TEST_CASE("a demoted local user loses the role in sessions too") {
    Fixture f;
    auto user = f.authenticator->create_user("ada@example.org", "", "correct horse battery", Role::admin);
    const auto session = f.authenticator->log_in("ada@example.org", "correct horse battery");
    f.memory.users_.at(user.id).role = Role::user;
    f.authenticator->forget(user.id);
    CHECK(!f.authenticator->authenticate(Credentials{.session = session.secret}).scope.is_admin());
}

TEST_CASE("passwords are hashed with salt, and too many at once are turned away") {
    Passwords passwords{1, 1ms};
    const auto a = passwords.hash("correct horse battery"), b = passwords.hash("correct horse battery");
    CHECK(a != b);
    CHECK(a.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    CHECK(passwords.check("correct horse battery", a) == Passwords::Verdict::right);
    CHECK(passwords.check("wrong horse battery", a) == Passwords::Verdict::wrong);
    CHECK(passwords.check("anything at all", "") == Passwords::Verdict::wrong);
    CHECK(passwords.check("anything at all", "not a hash") == Passwords::Verdict::wrong);
    CHECK_THROWS_AS(passwords.hash(std::string(2000, 'x')), Error);

    std::atomic<int> refused = 0, done = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                try {
                    passwords.check("correct horse battery", a);
                    ++done;
                } catch (const Error& error) {
                    if (error.code() == Code::unavailable) ++refused;
                }
            });
        }
    }
    CHECK(done >= 1);
    CHECK(done + refused == 8);
}
