#include "cli/failure.hpp"

#include <algorithm>
#include <cstdlib>

#include "cli/terminal.hpp"

namespace millrace::cli {

int combined_status(const std::vector<Outcome>& outcomes) {
    if (outcomes.empty()) return exit_ok;
    const bool rejected = std::ranges::any_of(outcomes, &Outcome::rejected_rows);
    const int first = outcomes.front().status;
    if (std::ranges::all_of(outcomes, [&](const Outcome& o) { return o.status == first; })) {
        return first == exit_ok && rejected ? exit_partial : first;
    }
    const bool some_well = std::ranges::any_of(outcomes, [](const Outcome& o) { return o.status == exit_ok; });
    return some_well ? exit_partial : exit_failed;
}

std::string language() {
    for (const char* variable : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value = std::getenv(variable);
        if (value && *value) return std::string_view{value}.starts_with("nl") ? "nl" : "en";
    }
    return "en";
}

std::string hint(Code code) {
    switch (code) {
        case Code::unreachable:
            return "start a server with `millrace all`, or name another one with --server URL";
        case Code::unauthorized:
            return "give a token: export MILLRACE_TOKEN=$(millrace token --subject NAME), or an API key";
        case Code::forbidden:
            return "use the token of an administrator";
        case Code::duplicate:
            return "import it again all the same with --on-duplicate version, or take the existing one with --on-duplicate reuse";
        case Code::not_retryable:
        case Code::job_finished:
            return "look at it with `millrace jobs get ID`";
        case Code::invalid_config:
            return "see all settings and where they come from: millrace config show --origin";
        case Code::storage_full:
            return "free some space, then try again";
        case Code::timed_out:
            return "wait on with the same command, or look with `millrace jobs get ID`";
        default:
            return "";
    }
}

namespace {

/// The message; line breaks of usage messages are our own and stay, those of data do not.
std::string lines_of(const Error& error) {
    const auto message = error.message(language());
    if (error.code() != Code::usage) return printable(message);
    std::string out;
    std::string_view rest = message;
    for (;;) {
        const auto end = rest.find('\n');
        out += printable(rest.substr(0, end));
        if (end == rest.npos) return out;
        out += '\n';
        rest.remove_prefix(end + 1);
    }
}

}  // namespace

std::string explain(const Error& error, bool colour, bool debug) {
    std::string text = "millrace: " + styled(error.code() == Code::interrupted ? "stopped" : "error", Style::red, colour) + ": ";
    text += lines_of(error);
    // The first issue of a settings error is its message.
    const std::size_t shown = error.code() == Code::invalid_config ? 1 : 0;
    for (std::size_t i = shown; i < error.issues.size(); ++i) {
        const auto& issue = error.issues[i];
        text += "\n  " + printable(issue.pointer) + ": " + printable(issue.detail);
    }
    if (const auto* job = error.arg("job_id")) text += "\n  job: " + printable(*job);
    if (const auto what = hint(error.code()); !what.empty()) text += "\n  " + styled("try", Style::cyan, colour) + ": " + what;
    if (debug) {
        text += "\n  code: " + std::string{to_string(error.code())};
        for (const auto& [name, value] : error.args()) text += "\n  " + name + ": " + printable(value);
    }
    return text;
}

}  // namespace millrace::cli
