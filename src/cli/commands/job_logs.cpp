#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/follow.hpp"
#include "cli/interrupt.hpp"
#include "cli/sse.hpp"
#include "cli/terminal.hpp"

namespace millrace::cli {
namespace {

constexpr int lines_at_once = 1000;

/// Shows the log of one job.
class LogReader {
public:
    LogReader(const Arguments& arguments, Remote& remote)
        : arguments_{arguments}, remote_{remote}, terminal_{Terminal::of(STDOUT_FILENO, arguments.colour)} {}

    /// What there is now.
    void read() {
        for (;;) {
            const auto page = remote_.get(fmt::format("{}&limit={}", path(), lines_at_once));
            const auto* items = page.is_object() ? page.get_object().if_contains("items") : nullptr;
            if (!items || !items->is_array()) return;
            for (const auto& line : items->get_array()) show(line.get_object());
            if (items->get_array().size() < lines_at_once) return;
        }
    }

    /// Until the job ends; a stream that breaks off is opened again where it was.
    void follow() {
        while (!read_stream()) {
            if (!pause(remote_.stop(), std::chrono::milliseconds{500})) throw Error{Code::interrupted};
        }
    }

private:
    std::string path() const {
        auto path = fmt::format("/api/v2/jobs/{}/logs?after={}", http::encode_segment(arguments_.ids.at(0)), last_);
        if (arguments_.attempt) path += fmt::format("&attempt={}", *arguments_.attempt);
        return path;
    }

    void show(const json::object& line) {
        last_ = std::max<std::int64_t>(last_, static_cast<std::int64_t>(number_of(line, "seq")));
        if (arguments_.json) return put(json::serialize(line) + '\n');
        const auto level = text_of(line, "level");
        const auto style = level == "error" ? Style::red : level == "warn" ? Style::yellow : Style::dim;
        put(fmt::format("{} {} {}\n", styled(text_of(line, "at"), Style::dim, terminal_.colour), styled(pad(level, 5), style, terminal_.colour),
                        printable(text_of(line, "message"))));
    }

    /// True when the job has ended.
    bool read_stream() {
        bool ended = false;
        SseParser parser;
        http::ClientRequest request;
        request.headers.set("Accept", "text/event-stream");
        request.idle_timeout = 45s;  // three heartbeats
        request.on_body = [&](std::string_view bytes) {
            return parser.feed(bytes, [&](const SseParser::Event& event) {
                if (event.name == "end") ended = true;
                if (event.name == "log") {
                    if (const auto line = json::parse(event.data); line.is_object()) show(line.get_object());
                }
                return !ended && event.name != "bye";
            });
        };
        const auto response = remote_.send(std::move(request), path() + "&follow=true");
        if (response.status >= 400) throw Remote::error_of(response);
        return ended;
    }

    const Arguments& arguments_;
    Remote& remote_;
    const Terminal terminal_;
    std::int64_t last_ = 0;
};

}  // namespace

int run_jobs_logs(const Arguments& arguments) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    LogReader reader{arguments, remote};
    if (arguments.follow) reader.follow();
    else reader.read();
    return exit_ok;
}

}  // namespace millrace::cli
