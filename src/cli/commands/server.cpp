#include <unistd.h>

#include <atomic>
#include <memory>

#include "app/app.hpp"
#include "app/version.hpp"
#include "cli/commands.hpp"
#include "cli/console_log.hpp"
#include "cli/failure.hpp"
#include "cli/interrupt.hpp"
#include "cli/settings.hpp"

namespace millrace::cli {
namespace {

void greet(const app::App& app, const Terminal& terminal) {
    if (app.url().empty()) {
        put_note("millrace worker is ready. Ctrl-C stops it.");
        return;
    }
    put_note(styled("millrace " + std::string{app::version()}, Style::bold, terminal.colour) + " is ready: " +
             styled(app.url(), Style::cyan, terminal.colour) + "   (Ctrl-C stops it)");
}

int run_server(const Arguments& arguments, app::Role role) {
    // The signals are blocked before any thread starts. The second one may come while the first is obeyed, or before
    // there is anything to stop.
    std::atomic<app::App*> running = nullptr;
    const Interrupt interrupt{[&] {
                                  if (auto* app = running.load()) app->stop_at_once();
                              },
                              [&] {
                                  auto* app = running.load();
                                  return app && app->reload();
                              }};
    auto loaded = load_settings(arguments);
    const auto terminal = Terminal::of(STDERR_FILENO, arguments.colour);
    const SystemClock clock;
    const auto sink = console_sink(terminal);
    const observe::Log log{*sink, clock, loaded.settings.log.level};
    for (const auto& issue : loaded.warnings) log.warn("unknown variable", {{"name", issue.pointer}, {"why", issue.detail}});

    app::App app{std::move(loaded.settings), role, log};
    running = &app;
    sink->flush();
    greet(app, terminal);
    interrupt.wait();
    if (terminal.live) put_note("stopping; Ctrl-C again stops at once");
    app.stop();
    running = nullptr;
    sink->flush();
    return exit_ok;
}

}  // namespace

int run_all(const Arguments& arguments) { return run_server(arguments, app::Role::all); }
int run_serve(const Arguments& arguments) { return run_server(arguments, app::Role::serve); }
int run_worker(const Arguments& arguments) { return run_server(arguments, app::Role::worker); }

}  // namespace millrace::cli
