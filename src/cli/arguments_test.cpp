#include "cli/arguments.hpp"

#include <doctest/doctest.h>

#include "cli/settings.hpp"

using namespace millrace;
using namespace millrace::cli;

namespace {

Parsed parse(std::vector<const char*> words) {
    words.insert(words.begin(), "millrace");
    return parse_arguments(static_cast<int>(words.size()), words.data());
}

std::string refusal(std::vector<const char*> words) {
    try {
        parse(std::move(words));
    } catch (const Error& error) {
        CHECK(error.code() == Code::usage);
        return error.what();
    }
    FAIL("nothing was refused");
    return "";
}

}  // namespace

TEST_CASE("commands, options and files are told apart") {
    const auto import = parse({"import", "a.csv", "--on-duplicate", "reuse", "all", "--no-wait", "--json"}).arguments;
    CHECK(import.command == "import");
    CHECK(import.files == std::vector<std::string>{"a.csv", "all"});
    CHECK(import.on_duplicate == "reuse");
    CHECK(import.no_wait);
    CHECK(import.json);
    CHECK(!parse({"import", "a", "--wait"}).arguments.no_wait);

    const auto ls = parse({"jobs", "ls", "--state", "failed,cancelled", "--fields", "id,state", "--sort=-created_at"}).arguments;
    CHECK(ls.command == "jobs ls");
    CHECK(ls.states == std::vector<std::string>{"failed", "cancelled"});
    CHECK(ls.fields == std::vector<std::string>{"id", "state"});
    CHECK(ls.sort == "-created_at");

    const auto get = parse({"jobs", "get", "--fields", "id", "one", "two"}).arguments;
    CHECK(get.ids == std::vector<std::string>{"one", "two"});

    const auto convert = parse({"convert", "-", "-", "--delimiter", ";", "--no-header"}).arguments;
    CHECK(convert.files == std::vector<std::string>{"-", "-"});
    CHECK(*convert.delimiter == ";");
    CHECK(*convert.header == false);
}

TEST_CASE("what no option of a server command takes is left for its settings") {
    const auto all = parse({"all", "--listen", "127.0.0.1:0", "--dev", "--http-head-timeout=5s", "--color", "never"}).arguments;
    CHECK(all.command == "all");
    CHECK(all.colour == "never");
    CHECK(all.settings == std::vector<std::string>{"--listen", "127.0.0.1:0", "--dev", "--http-head-timeout=5s"});
    CHECK(parse({"demo", "--once", "--data-dir", "import"}).arguments.settings == std::vector<std::string>{"--data-dir", "import"});
}

TEST_CASE("a mistyped command or option is answered with the one that was meant") {
    CHECK(refusal({"improt", "a.csv"}).find("did you mean \"import\"") != std::string::npos);
    CHECK(refusal({"jobs", "lst"}).find("did you mean \"ls\"") != std::string::npos);
    CHECK(refusal({"import", "a.csv", "--no-wiat"}).find("did you mean \"--no-wait\"") != std::string::npos);
    CHECK(refusal({"import"}).find("FILE") != std::string::npos);
    CHECK(refusal({"jobs"}).find("help: millrace jobs --help") != std::string::npos);
    CHECK(refusal({"version", "extra"}).find("extra") != std::string::npos);
    CHECK(refusal({"import", "a", "--on-duplicate", "maybe"}).find("maybe") != std::string::npos);
}

TEST_CASE("help and version need nothing else") {
    CHECK(parse({}).text->find("demo") != std::string::npos);
    CHECK(parse({"--help"}).text->find("Exit status") != std::string::npos);
    CHECK(parse({"import", "--help"}).text->find("--on-duplicate") != std::string::npos);
    CHECK(parse({"jobs", "ls", "-h"}).text->find("--filter") != std::string::npos);
    CHECK(parse({"--version"}).arguments.command == "version");
}

TEST_CASE("completion scripts name every command") {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        CAPTURE(shell);
        const auto script = completion_script(shell);
        CHECK(script.find("import") != script.npos);
        CHECK(script.find("on-duplicate") != script.npos);
    }
    CHECK_THROWS_AS(completion_script("tcsh"), Error);
}

TEST_CASE("flags become keys of settings") {
    app::Settings settings;
    const auto binding = config::bind(settings);
    const auto flags = [&](std::vector<std::string> words) { return setting_flags(words, binding.settings, app::aliases()); };
    CHECK(flags({"--listen", "127.0.0.1:0", "--dev", "--http-head-timeout=5s"}) ==
          config::Pairs{{"http.listen", "127.0.0.1:0"}, {"accounts.dev", "true"}, {"http.head_timeout", "5s"}});
    CHECK(flags({"--dev", "false", "--database-url-file", "/run/url"}) ==
          config::Pairs{{"accounts.dev", "false"}, {"database.url_file", "/run/url"}});
    CHECK(flags({"--http-haed-timeout", "5s"}) == config::Pairs{{"http-haed-timeout", "5s"}});
    CHECK_THROWS_AS(flags({"stray"}), Error);
    CHECK_THROWS_AS(flags({"--data-dir"}), Error);
}
