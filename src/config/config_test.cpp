#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/uuid.hpp"
#include "config/config.hpp"

using namespace millrace;
using namespace millrace::config;

namespace {

BOOST_DEFINE_ENUM_CLASS(Backend, sqlite, postgres)

struct Http {
    std::vector<std::string> listen{"127.0.0.1:8000"};
    Duration head_timeout = 10s;
    std::uint64_t head_bytes_max = 32 * 1024;
    static std::vector<std::pair<std::string_view, std::string_view>> help() {
        return {{"head_timeout", "Time for a complete head."}};
    }
    void check(std::vector<Issue>& issues) const {
        if (head_timeout < 1ms) issues.push_back({"head_timeout", "too_small", "at least 1ms"});
    }
};
BOOST_DESCRIBE_STRUCT(Http, (), (listen, head_timeout, head_bytes_max))

struct Database {
    Secret url;
    Backend backend = Backend::sqlite;
};
BOOST_DESCRIBE_STRUCT(Database, (), (url, backend))

struct Accounts {
    Secret jwt_secret;
    std::optional<std::string> issuer;
};
BOOST_DESCRIBE_STRUCT(Accounts, (), (jwt_secret, issuer))

struct Settings {
    std::string data_dir = "./var";
    bool dev = false;
    int retries = 3;
    double ratio = 0.5;
    Bytes upload_max{10 << 20};
    std::chrono::seconds grace{10};
    Http http;
    Database database;
    Accounts accounts;
};
BOOST_DESCRIBE_STRUCT(Settings, (), (data_dir, dev, retries, ratio, upload_max, grace, http, database, accounts))

const Origin& origin(const Loaded& loaded, std::string_view key) {
    const auto found = std::ranges::find(loaded.origins, key, &Origin::key);
    REQUIRE(found != loaded.origins.end());
    return *found;
}

std::vector<Issue> issues_of(const Layers& layers) {
    Settings settings;
    try {
        load(settings, layers);
    } catch (const Error& error) {
        CHECK(error.code() == Code::invalid_config);
        return error.issues;
    }
    return {};
}

struct TemporaryFile {
    std::string path = (std::filesystem::temp_directory_path() / ("millrace-" + Uuid::generate().str())).string();
    explicit TemporaryFile(std::string_view text) { std::ofstream{path} << text; }
    ~TemporaryFile() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("flag and variable derive from the key") {
    CHECK(flag_of("http.head_timeout") == "--http-head-timeout");
    CHECK(variable_of("http.head_timeout") == "MILLRACE_HTTP_HEAD_TIMEOUT");
}

TEST_CASE("a nearer layer wins and the origin is told") {
    Layers layers;
    layers.files = {{"./millrace.toml", "retries = 5\n[http]\nhead_timeout = \"5s\"\n"},
                    {"/etc/millrace/millrace.toml", "retries = 4\ndata_dir = \"/srv\"\nratio = 1\n[http]\nhead_timeout = 7"}};
    layers.environment = {{"MILLRACE_RETRIES", "6"}, {"MILLRACE_GRACE", "1m"}, {"PATH", "/bin"}};
    layers.flags = {{"retries", "7"}};
    Settings settings;

    const auto loaded = load(settings, layers);

    CHECK(settings.retries == 7);
    CHECK(settings.http.head_timeout == 5s);
    CHECK(settings.data_dir == "/srv");
    CHECK(settings.ratio == 1.0);
    CHECK(settings.grace == 60s);
    CHECK(origin(loaded, "retries").origin == "flag --retries");
    CHECK(origin(loaded, "grace").origin == "environment MILLRACE_GRACE");
    CHECK(origin(loaded, "http.head_timeout").origin == "./millrace.toml line 3");
    CHECK(origin(loaded, "data_dir").origin == "/etc/millrace/millrace.toml line 2");
    CHECK(origin(loaded, "dev").origin == "default");
    CHECK(loaded.origins.size() == bind(settings).settings.size());
}

TEST_CASE("every type of setting is read from text and from TOML") {
    for (const bool toml : {false, true}) {
        CAPTURE(toml);
        Layers layers;
        if (toml) {
            layers.files = {{"f", "dev = true\nratio = 0.25\nupload_max = \"64MiB\"\ngrace = 30\n"
                                  "http.listen = [\"[::1]:80\", \"0.0.0.0:80\"]\nhttp.head_bytes_max = \"64KiB\"\n"
                                  "database.backend = \"postgres\"\naccounts.issuer = \"me\"\n"}};
        } else {
            layers.environment = {{"MILLRACE_DEV", "1"}, {"MILLRACE_RATIO", "0.25"}, {"MILLRACE_UPLOAD_MAX", "64MiB"},
                                  {"MILLRACE_GRACE", "30s"}, {"MILLRACE_HTTP_LISTEN", "[::1]:80, 0.0.0.0:80"},
                                  {"MILLRACE_HTTP_HEAD_BYTES_MAX", "64KiB"}, {"MILLRACE_DATABASE_BACKEND", "postgres"},
                                  {"MILLRACE_ACCOUNTS_ISSUER", "me"}};
        }
        Settings settings;

        load(settings, layers);

        CHECK(settings.dev);
        CHECK(settings.ratio == 0.25);
        CHECK(settings.upload_max == Bytes{64 << 20});
        CHECK(settings.grace == 30s);
        CHECK(settings.http.listen == std::vector<std::string>{"[::1]:80", "0.0.0.0:80"});
        CHECK(settings.http.head_bytes_max == 65536);
        CHECK(settings.database.backend == Backend::postgres);
        CHECK(settings.accounts.issuer == "me");
    }
}

TEST_CASE("a list may come in several flags, and an alias names a setting") {
    Layers layers;
    layers.aliases = {{"listen", "http.listen"}};
    layers.flags = {{"listen", "a:1"}, {"listen", "b:2"}};
    Settings settings;

    const auto loaded = load(settings, layers);

    CHECK(settings.http.listen == std::vector<std::string>{"a:1", "b:2"});
    CHECK(origin(loaded, "http.listen").origin == "flag --listen");
}

TEST_CASE("the variables of the seeds set the database and the secret") {
    Layers layers;
    layers.environment = {{"DATABASE_URL", "postgres://a"}, {"JWT_SECRET", "s1"}, {"MILLRACE_ACCOUNTS_JWT_SECRET", "s2"}};
    Settings settings;

    const auto loaded = load(settings, layers);

    CHECK(settings.database.url.expose() == "postgres://a");
    CHECK(settings.accounts.jwt_secret.expose() == "s2");
    CHECK(origin(loaded, "accounts.jwt_secret").origin == "environment MILLRACE_ACCOUNTS_JWT_SECRET");
}

TEST_CASE("secrets come from files too and are never shown") {
    const TemporaryFile file{"from a file\n"};
    for (const Layers& layers : std::initializer_list<Layers>{
             {.environment = {{"JWT_SECRET_FILE", file.path}}},
             {.environment = {{"MILLRACE_ACCOUNTS_JWT_SECRET_FILE", file.path}}},
             {.flags = {{"accounts.jwt_secret_file", file.path}}},
             {.files = {{"f", "[accounts]\njwt_secret_file = \"" + file.path + "\""}}},
         }) {
        Settings settings;

        const auto loaded = load(settings, layers);

        CHECK(settings.accounts.jwt_secret.expose() == "from a file");
        for (const auto& entry : loaded.origins) CHECK(!entry.value.contains("from a file"));
        CHECK(origin(loaded, "accounts.jwt_secret").value == "********");
    }
    CHECK(issues_of({.environment = {{"JWT_SECRET_FILE", "/nowhere/at/all"}}}).at(0).code == "unreadable_file");
    CHECK(issues_of({.environment = {{"JWT_SECRET_FILE", file.path}, {"JWT_SECRET", "x"}}}).at(0).code == "given_twice");
    // A file is for secrets; for other settings the name is unknown.
    CHECK(issues_of({.flags = {{"data_dir_file", file.path}}}).at(0).code == "unknown_key");
}

TEST_CASE("an unknown key names the one that was meant") {
    CHECK(issues_of({.files = {{"m.toml", "[http]\nhed_timeout = 1\n"}}}).at(0).detail ==
          "m.toml line 2: there is no such setting; did you mean \"http.head_timeout\"?");
    CHECK(issues_of({.flags = {{"http_head_timout", "1s"}}}).at(0).detail.contains("did you mean \"--http-head-timeout\"?"));
}

TEST_CASE("an unknown variable warns, because orchestrators inject names of their own") {
    Settings settings;
    Layers layers;
    layers.environment = {{"MILLRACE_HTTP_HEAD_TIMOUT", "1s"}, {"MILLRACE_SERVICE_HOST", "10.0.0.1"}, {"MILLRACE_FAILPOINT", "x"}};

    const auto loaded = load(settings, layers);

    REQUIRE(loaded.warnings.size() == 2);
    CHECK(loaded.warnings[0].detail.contains("did you mean \"MILLRACE_HTTP_HEAD_TIMEOUT\"?"));
}

TEST_CASE("wrong values are refused with their origin") {
    struct Row { std::string name; Layers layers; std::string_view want; };
    for (const Row& row : std::initializer_list<Row>{
             {"no number", {.environment = {{"MILLRACE_RETRIES", "many"}}}, "environment MILLRACE_RETRIES: it takes a whole number"},
             {"too large", {.flags = {{"retries", "99999999999"}}}, "flag --retries: the number is too large"},
             {"negative", {.flags = {{"http.head_bytes_max", "-1"}}}, "a size"},
             {"empty", {.environment = {{"MILLRACE_GRACE", ""}}}, "a duration"},
             {"too fine", {.flags = {{"grace", "1500ms"}}}, "finer"},
             {"not a bool", {.flags = {{"dev", "maybe"}}}, "true or false"},
             {"unknown word", {.flags = {{"database.backend", "mysql"}}}, "one of sqlite, postgres"},
             {"number for a text", {.files = {{"f", "data_dir = 1"}}}, "f line 1: it takes a text in quotes"},
             {"bool for a number", {.files = {{"f", "retries = true"}}}, "whole number"},
             {"text for a bool", {.files = {{"f", "dev = \"true\""}}}, "true or false"},
             {"numbers in a list", {.files = {{"f", "http.listen = [1]"}}}, "no setting takes"},
             {"a date", {.files = {{"f", "data_dir = 2026-01-01"}}}, "no setting takes"},
             {"table for a value", {.files = {{"f", "[retries]\nx = 1"}}}, "no such setting"},
             {"broken TOML", {.files = {{"f", "a = \n"}}}, "line 1"},
             {"key twice", {.files = {{"f", "retries = 1\nretries = 2\n"}}}, "line 2"},
             {"own check", {.flags = {{"http.head_timeout", "0s"}}}, "flag --http-head-timeout: at least 1ms"},
         }) {
        CAPTURE(row.name);
        const auto issues = issues_of(row.layers);
        REQUIRE(issues.size() == 1);
        CAPTURE(issues[0].detail);
        CHECK(issues[0].detail.contains(row.want));
    }
}

TEST_CASE("all problems are reported together and no secret is in them") {
    Settings settings;
    Layers layers;
    layers.files = {{"f", "retries = \"x\"\nunknown_thing = 1\n[accounts]\njwt_secret = 12345678"}};
    layers.environment = {{"MILLRACE_DEV", "perhaps"}};
    try {
        load(settings, layers);
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(error.issues.size() == 4);
        CHECK(*error.arg("key") == error.issues[0].pointer);
        for (const auto& issue : error.issues) CHECK(!issue.detail.contains("12345678"));
    }
}

TEST_CASE("settings describe themselves") {
    Settings settings;
    const auto binding = bind(settings);
    const auto found = std::ranges::find(binding.settings, "http.head_timeout", &Setting::key);
    REQUIRE(found != binding.settings.end());
    CHECK(found->type == "duration");
    CHECK(found->initial == "10s");
    CHECK(found->help == "Time for a complete head.");
}
