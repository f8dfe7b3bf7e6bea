#include <boost/json/object.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "app/maintenance.hpp"
#include "cli/commands.hpp"
#include "cli/console_log.hpp"
#include "cli/failure.hpp"
#include "cli/settings.hpp"
#include "cli/terminal.hpp"

namespace millrace::cli {
namespace {

std::string mark(app::Verdict verdict, bool colour) {
    switch (verdict) {
        case app::Verdict::ok: return styled("ok  ", Style::green, colour);
        case app::Verdict::warn: return styled("warn", Style::yellow, colour);
        case app::Verdict::fail: return styled("FAIL", Style::red, colour);
    }
    return "";
}

}  // namespace

int run_doctor(const Arguments& arguments) {
    const auto loaded = load_settings(arguments);
    const auto out = Terminal::of(STDOUT_FILENO, arguments.colour);
    auto findings = app::examine(loaded.settings);
    for (const auto& issue : loaded.warnings) {
        findings.push_back({"settings", app::Verdict::warn, issue.pointer + ": " + issue.detail, "remove or correct it"});
    }
    int failed = 0, warned = 0;
    for (const auto& finding : findings) {
        failed += finding.verdict == app::Verdict::fail;
        warned += finding.verdict == app::Verdict::warn;
        if (arguments.json) {
            put(to_json(finding) + "\n");
            continue;
        }
        put(fmt::format("{}  {} {}\n", mark(finding.verdict, out.colour), pad(finding.check, 15), printable(finding.found)));
        if (!finding.advice.empty()) put(fmt::format("      {} -> {}\n", pad("", 15), printable(finding.advice)));
    }
    if (!arguments.json) {
        put_note(failed > 0   ? fmt::format("{} of {} checks failed", failed, findings.size())
                 : warned > 0 ? fmt::format("Fit to run; {} thing(s) to look at", warned)
                              : std::string{"All is well"});
    }
    return failed > 0 ? exit_failed : exit_ok;
}

int run_migrate(const Arguments& arguments) {
    auto loaded = load_settings(arguments);
    const auto before = app::schema(loaded.settings);
    const auto say = [&](const char* what, const storage::Schema& schema) {
        if (arguments.json) {
            put(json::serialize(json::object{{"version", schema.version}, {"known", schema.known},
                                             {"pending", static_cast<std::int64_t>(schema.pending.size())}}) + "\n");
            return;
        }
        put(fmt::format("{}: schema {} of {}\n", what, schema.version, schema.known));
        for (const auto& name : schema.pending) put("  to apply: " + name + "\n");
    };
    if (arguments.plan || before.pending.empty()) {
        say(before.pending.empty() ? "up to date" : "behind", before);
        return exit_ok;
    }
    const SystemClock clock;
    const auto sink = console_sink(Terminal::of(STDERR_FILENO, arguments.colour));
    app::migrate(loaded.settings, observe::Log{*sink, clock, loaded.settings.log.level});
    say("done", app::schema(loaded.settings));
    return exit_ok;
}

}  // namespace millrace::cli
