#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "accounts/jwt.hpp"
#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/follow.hpp"
#include "cli/interrupt.hpp"
#include "cli/reading.hpp"
#include "cli/settings.hpp"
#include "cli/table.hpp"

namespace millrace::cli {
namespace {

Listing listing_of(const Arguments& arguments, std::vector<Column> columns) {
    const auto out = Terminal::of(STDOUT_FILENO, arguments.colour);
    return {format_from(arguments.output, arguments.json, arguments.quiet, out), out, std::move(columns), arguments.fields};
}

Listing user_listing(const Arguments& arguments) {
    return listing_of(arguments, {{.name = "id", .width_min = 36}, {.name = "email", .width_min = 12}, {.name = "name", .width_min = 8},
                                  {"role"}, {"disabled"}, {.name = "created_at", .width_min = 10}});
}

Listing key_listing(const Arguments& arguments) {
    return listing_of(arguments, {{.name = "id", .width_min = 36}, {.name = "name", .width_min = 8}, {"role"},
                                  {.name = "created_at", .width_min = 10}, {.name = "expires_at", .width_min = 10},
                                  {.name = "revoked_at", .width_min = 10}, {.name = "last_used_at", .width_min = 10}});
}

void show(Listing listing, const json::value& value) {
    if (value.is_object()) put(listing.add(value.get_object()));
    put(listing.end());
}

/// Calls `on_item` for every item of a list, page by page, until it answers false.
void each_item(Remote& remote, const std::string& path, const std::function<bool(const json::object&)>& on_item) {
    for (std::string cursor;;) {
        const auto page = remote.get(path + "?limit=1000" + (cursor.empty() ? "" : "&cursor=" + http::encode_segment(cursor)));
        if (!page.is_object()) return;
        if (const auto* items = page.get_object().if_contains("items"); items && items->is_array()) {
            for (const auto& item : items->get_array()) {
                if (item.is_object() && !on_item(item.get_object())) return;
            }
        }
        cursor = text_of(page.get_object(), "next_cursor");
        if (cursor.empty()) return;
    }
}

/// The path of a user who is named by id or email.
std::string user_path(Remote& remote, const std::string& name) {
    std::string id = Uuid::parse(name) ? name : "";
    if (id.empty()) {
        std::string wanted = name;
        for (char& c : wanted) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        each_item(remote, "/api/v2/users", [&](const json::object& user) {
            if (text_of(user, "email") == wanted) id = text_of(user, "id");
            return id.empty();
        });
    }
    if (id.empty()) throw Error::with_text(Code::not_found, "There is no user with the email " + name + ".");
    return "/api/v2/users/" + id;
}

std::string first_line(std::string text) {
    text = text.substr(0, text.find('\n'));
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

/// A line typed on the terminal that is not shown.
std::string ask_hidden(const std::string& question) {
    termios shown{};
    if (::tcgetattr(STDIN_FILENO, &shown) != 0) return "";
    termios hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    put_error(question);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    std::string text;
    char c = 0;
    while (::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') text += c;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    put_note("");
    return text;
}

/// Never from the command line, which everybody on the machine can read.
std::string read_password(const Arguments& arguments) {
    if (!arguments.password_file.empty()) {
        const auto source = open_source(arguments.password_file);
        std::string text(std::min<std::uint64_t>(source->size(), 4096), '\0');
        text.resize(source->read(0, text));
        return first_line(std::move(text));
    }
    if (::isatty(STDIN_FILENO) != 1) {
        throw Error{Code::usage, {{"why", "a password is asked for on a terminal; else give --password-file FILE (- for standard input)"}}};
    }
    const auto password = ask_hidden("New password: ");
    if (password != ask_hidden("Again: ")) throw Error{Code::usage, {{"why", "the two passwords differ"}}};
    return password;
}

Instant expiry(const std::string& lifetime) {
    const auto time = parse_duration(lifetime);
    if (!time || *time <= Duration{0}) {
        throw Error{Code::usage, {{"why", "a lifetime is a duration such as 8h or 90d, not \"" + lifetime + "\""}}};
    }
    return SystemClock{}.now() + *time;
}

}  // namespace

int run_user_add(const Arguments& arguments) {
    json::object body{{"email", arguments.email}, {"password", read_password(arguments)}};
    if (!arguments.name.empty()) body["name"] = arguments.name;
    if (!arguments.role.empty()) body["role"] = arguments.role;
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    show(user_listing(arguments), remote.post("/api/v2/users", body));
    return exit_ok;
}

int run_user_ls(const Arguments& arguments) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    auto listing = user_listing(arguments);
    each_item(remote, "/api/v2/users", [&](const json::object& user) {
        put(listing.add(user));
        return true;
    });
    put(listing.end());
    return exit_ok;
}

int run_user_disable(const Arguments& arguments) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    show(user_listing(arguments), remote.patch(user_path(remote, arguments.ids.front()), json::object{{"disabled", true}}));
    return exit_ok;
}

int run_user_password(const Arguments& arguments) {
    const json::object body{{"password", read_password(arguments)}};
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    remote.put(user_path(remote, arguments.ids.front()) + "/password", body);
    put_note("The password is set; all sessions of the user have ended.");
    return exit_ok;
}

int run_key_create(const Arguments& arguments) {
    json::object body{{"name", arguments.name}};
    if (!arguments.role.empty()) body["role"] = arguments.role;
    if (!arguments.expires.empty()) body["expires_at"] = to_rfc3339(expiry(arguments.expires));
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    const auto key = remote.post("/api/v2/api-keys", body);
    // The key alone is the common wish: KEY=$(millrace key create --name nightly).
    if (!arguments.json && arguments.output.empty() && arguments.fields.empty() && !arguments.quiet && key.is_object()) {
        put(text_of(key.get_object(), "key") + "\n");
        put_note("Keep it now: it is not shown again. Its id is " + text_of(key.get_object(), "id") + ".");
        return exit_ok;
    }
    show(listing_of(arguments, {{"id"}, {"key"}, {"name"}, {"role"}, {"expires_at"}}), key);
    return exit_ok;
}

int run_key_ls(const Arguments& arguments) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    auto listing = key_listing(arguments);
    const auto page = remote.get("/api/v2/api-keys");
    if (const auto* items = page.is_object() ? page.get_object().if_contains("items") : nullptr; items && items->is_array()) {
        for (const auto& key : items->get_array()) {
            auto row = key.as_object();
            if (row.contains("key") && row["key"].is_null()) row.erase("key");
            put(listing.add(row));
        }
    }
    put(listing.end());
    return exit_ok;
}

int run_key_revoke(const Arguments& arguments) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    for (const auto& id : arguments.ids) {
        remote.remove("/api/v2/api-keys/" + http::encode_segment(id));
        put_note("revoked " + printable(id));
    }
    return exit_ok;
}

int run_token(const Arguments& arguments) {
    const auto settings = load_settings(arguments).settings;
    if (!accounts::is_subject(arguments.subject)) {
        throw Error{Code::usage, {{"why", "a subject has 1 to 255 characters and no control characters"}}};
    }
    if (!settings.accounts.jwt_secret || settings.accounts.jwt_secret->empty()) {
        throw Error{Code::invalid_config,
                    {{"key", "accounts.jwt_secret"}, {"origin", "JWT_SECRET"},
                     {"why", "it is not set, so there is nothing to sign with; set the one that the server has (JWT_SECRET or JWT_SECRET_FILE)"}}};
    }
    const auto seconds = [](Instant at) { return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count(); };
    json::object claims{{"sub", arguments.subject}, {"iat", seconds(SystemClock{}.now())}, {"exp", seconds(expiry(arguments.ttl))}};
    if (!arguments.role.empty()) {
        const auto& accounts = settings.accounts;
        claims[accounts.admin_claim] = arguments.role == "admin" ? accounts.admin_value : arguments.role;
    }
    if (!arguments.name.empty()) claims["name"] = arguments.name;
    if (!arguments.email.empty()) claims["email"] = arguments.email;
    if (!settings.accounts.issuer.empty()) claims["iss"] = settings.accounts.issuer;
    if (!settings.accounts.audience.empty()) claims["aud"] = settings.accounts.audience.front();
    put(accounts::sign_hs256(claims, *settings.accounts.jwt_secret) + "\n");
    return exit_ok;
}

}  // namespace millrace::cli
