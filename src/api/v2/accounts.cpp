#include <boost/json/string.hpp>

#include "accounts/ops.hpp"
#include "api/v2/routes.hpp"

namespace millrace::api::v2 {
namespace {

struct UserView {
    Uuid id;
    Uuid org_id;
    std::string role;
    std::string subject;
    std::string name;
    std::string email;
    bool disabled = false;
    Instant created_at{};
};
BOOST_DESCRIBE_STRUCT(UserView, (), (id, org_id, role, subject, name, email, disabled, created_at))

struct UserList {
    std::vector<UserView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(UserList, (), (items, next_cursor))

struct Me {
    Uuid id;
    Uuid org_id;
    std::string role;
    std::string subject;
    std::string method;
};
BOOST_DESCRIBE_STRUCT(Me, (), (id, org_id, role, subject, method))

struct LogIn {
    std::optional<std::string> email;
    std::optional<std::string> password;
};
BOOST_DESCRIBE_STRUCT(LogIn, (), (email, password))

struct SessionView {
    std::string csrf_token;
    Instant expires_at{};
};
BOOST_DESCRIBE_STRUCT(SessionView, (), (csrf_token, expires_at))

struct NewUser {
    std::string email;
    std::string password;
    std::optional<std::string> name;
    Role role = Role::user;
    static std::array<std::string_view, 2> required() { return {"email", "password"}; }
};
BOOST_DESCRIBE_STRUCT(NewUser, (), (email, password, name, role))

struct UserChange {
    std::optional<std::string> name;
    std::optional<Role> role;
    std::optional<bool> disabled;
};
BOOST_DESCRIBE_STRUCT(UserChange, (), (name, role, disabled))

struct NewPassword {
    std::string password;
    static std::array<std::string_view, 1> required() { return {"password"}; }
};
BOOST_DESCRIBE_STRUCT(NewPassword, (), (password))

struct NewKey {
    std::string name;
    Role role = Role::user;
    std::optional<Instant> expires_at;
    static std::array<std::string_view, 1> required() { return {"name"}; }
};
BOOST_DESCRIBE_STRUCT(NewKey, (), (name, role, expires_at))

struct KeyView {
    Uuid id;
    std::string name;
    std::string role;
    Instant created_at{};
    std::optional<Instant> expires_at, revoked_at, last_used_at;
    std::optional<std::string> key;  ///< only in the answer that creates it
};
BOOST_DESCRIBE_STRUCT(KeyView, (), (id, name, role, created_at, expires_at, revoked_at, last_used_at, key))

struct KeyList {
    std::vector<KeyView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(KeyList, (), (items, next_cursor))

UserView view(const accounts::User& user) {
    return {user.id, user.org, std::string{word(user.role)}, user.subject, user.name, user.email, user.disabled, user.created_at};
}

KeyView view(const accounts::ApiKey& key) {
    return {key.id, key.name, std::string{word(key.role)}, key.created_at, key.expires_at, key.revoked_at, key.last_used_at, {}};
}

http::Response session_response(Call& call, const accounts::IssuedSession& session) {
    auto response = http::Response::json(201, to_json(SessionView{session.csrf, session.expires_at}));
    response.headers.add("Set-Cookie", accounts::session_cookie_header(session, call.request.secure, call.services.clock.now()));
    return response;
}

/// By email and password, or for whoever shows another credential.
http::Answer log_in(Call& call, LogIn body) {
    auto& authenticator = call.services.authenticator;
    if (body.email && body.password) return session_response(call, authenticator.log_in(*body.email, *body.password));
    return session_response(call, authenticator.open_session(authenticator.authenticate(call.request, true)));
}

http::Begun log_out(Call& call) {
    call.services.authenticator.end_session(call.who);
    auto response = http::Response::empty(204);
    response.headers.add("Set-Cookie", std::string{accounts::session_cookie} + "=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    return response;
}

http::Begun me(Call& call) {
    const auto& who = call.who;
    return http::Response::json(200, to_json(Me{who.scope.user, who.scope.org, std::string{word(who.scope.role)}, who.subject,
                                                std::string{word(who.method)}}));
}

accounts::User find_user(Call& call) {
    auto user = call.services.accounts.user(call.id());
    if (!user) throw Error{Code::not_found};
    return std::move(*user);
}

http::Begun list_users(Call& call) {
    std::optional<Uuid> after;
    if (const auto cursor = call.request.query_value("cursor")) {
        after = Uuid::parse(*cursor);
        if (!after) throw Error{Code::invalid_parameter, {{"name", "cursor"}, {"why", "it is not one of ours"}}};
    }
    const int limit = limit_of(call.request);
    UserList out;
    for (const auto& user : call.services.accounts.users(limit, after)) out.items.push_back(view(user));
    if (static_cast<int>(out.items.size()) == limit) out.next_cursor = out.items.back().id.str();
    return http::Response::json(200, to_json(out));
}

http::Answer create_user(Call& call, NewUser body) {
    const auto user = call.services.authenticator.create_user(body.email, body.name.value_or(""), body.password, body.role);
    auto response = http::Response::json(201, to_json(view(user)));
    response.headers.set("Location", "/api/v2/users/" + user.id.str());
    return response;
}

http::Answer change_user(Call& call, UserChange body) {
    auto user = find_user(call);
    if (body.name) user.name = *body.name;
    if (body.role) user.role = *body.role;
    if (body.disabled) user.disabled = *body.disabled;
    user.updated_at = call.services.clock.now();
    ledger::Commit commit;
    if (user.disabled) commit.add(accounts::EndSessions{user.id});
    commit.add(accounts::PutUser{user});
    call.services.ledger.commit(std::move(commit));
    call.services.authenticator.forget(user.id);
    return http::Response::json(200, to_json(view(user)));
}

http::Answer set_password(Call& call, NewPassword body) {
    const auto id = call.id();
    if (!call.who.scope.is_admin() && id != call.who.scope.user) throw Error{Code::not_found};
    call.services.authenticator.set_password(id, body.password);
    return http::Response::empty(204);
}

http::Begun list_keys(Call& call) {
    KeyList out;
    for (const auto& key : call.services.accounts.api_keys(call.who.scope.user)) out.items.push_back(view(key));
    return http::Response::json(200, to_json(out));
}

http::Answer create_key(Call& call, NewKey body) {
    const auto issued = call.services.authenticator.create_api_key(call.who, body.name, body.role, body.expires_at);
    auto out = view(issued.key);
    out.key = issued.text.expose();
    auto response = http::Response::json(201, to_json(out));
    response.headers.set("Location", "/api/v2/api-keys/" + out.id.str());
    return response;
}

http::Begun revoke_key(Call& call) {
    call.services.authenticator.revoke_api_key(call.who, call.id());
    return http::Response::empty(204);
}

}  // namespace

void add_accounts(Table& table) {
    const Reply fields = reply_error(422, "Fields that are not valid, each with its pointer");
    const Reply no_user = reply_error(404, "No such user");
    table.add("POST", "/api/v2/session", http::Lane::commits,
              {.id = "createSession", .summary = "Log in by email and password, or turn a token into a session; sets the cookie", .tag = "accounts", .access = Access::open,
               .body = Body{.schema = json_schema<LogIn>(), .required = false},
               .replies = {{201, "The session: send csrf_token as X-CSRF-Token with every write", json_schema<SessionView>()}, reply_error(401, "Not known")}},
              [](Call& call) { return with_json<LogIn>(call, log_in); });
    table.add("DELETE", "/api/v2/session", http::Lane::commits,
              {.id = "deleteSession", .summary = "Log out", .tag = "accounts", .replies = {{204, "Logged out", nullptr}}}, log_out);
    table.add("GET", "/api/v2/me", http::Lane::reads,
              {.id = "getMe", .summary = "Who you are here", .tag = "accounts", .replies = {{200, "You", json_schema<Me>()}}}, me);
    table.add("GET", "/api/v2/users", http::Lane::reads,
              {.id = "listUsers", .summary = "All users", .tag = "accounts", .access = Access::admin, .parameters = {query_limit(), query_cursor()},
               .replies = {{200, "One page", json_schema<UserList>()}}},
              list_users);
    table.add("POST", "/api/v2/users", http::Lane::commits,
              {.id = "createUser", .summary = "Create a user who logs in with a password", .tag = "accounts", .access = Access::admin,
               .body = Body{.schema = json_schema<NewUser>()},
               .replies = {{201, "The user", json_schema<UserView>()}, reply_error(409, "The email is taken"), fields}},
              [](Call& call) { return with_json<NewUser>(call, create_user); });
    table.add("GET", "/api/v2/users/{id}", http::Lane::reads,
              {.id = "getUser", .summary = "One user", .tag = "accounts", .access = Access::admin, .parameters = {path_id("user")},
               .replies = {{200, "The user", json_schema<UserView>()}, no_user}},
              [](Call& call) { return http::Response::json(200, to_json(view(find_user(call)))); });
    table.add("PATCH", "/api/v2/users/{id}", http::Lane::commits,
              {.id = "changeUser", .summary = "Change name, role, or whether the user may log in", .tag = "accounts", .access = Access::admin, .parameters = {path_id("user")},
               .body = Body{.schema = json_schema<UserChange>(), .example = json::object{{"name", "Robin"}}},
               .replies = {{200, "The user", json_schema<UserView>()}, no_user, fields}},
              [](Call& call) { return with_json<UserChange>(call, change_user); });
    table.add("PUT", "/api/v2/users/{id}/password", http::Lane::commits,
              {.id = "setPassword", .summary = "Give a new password; ends all sessions of the user", .tag = "accounts", .parameters = {path_id("user")},
               .body = Body{.schema = json_schema<NewPassword>()}, .replies = {{204, "Done", nullptr}, no_user, fields}},
              [](Call& call) { return with_json<NewPassword>(call, set_password); });
    table.add("GET", "/api/v2/api-keys", http::Lane::reads,
              {.id = "listApiKeys", .summary = "Your API keys, without their secrets", .tag = "accounts", .replies = {{200, "Newest first", json_schema<KeyList>()}}},
              list_keys);
    table.add("POST", "/api/v2/api-keys", http::Lane::commits,
              {.id = "createApiKey", .summary = "Create an API key; its secret is shown once", .tag = "accounts",
               .body = Body{.schema = json_schema<NewKey>(), .example = json::object{{"name", "nightly import"}}},
               .replies = {{201, "The key", json_schema<KeyView>()}, fields}},
              [](Call& call) { return with_json<NewKey>(call, create_key); });
    table.add("DELETE", "/api/v2/api-keys/{id}", http::Lane::commits,
              {.id = "deleteApiKey", .summary = "Revoke an API key", .tag = "accounts", .parameters = {path_id("key")},
               .replies = {{204, "Revoked", nullptr}, reply_error(404, "No such key of yours")}},
              revoke_key);
}

}  // namespace millrace::api::v2
