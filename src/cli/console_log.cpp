#include "cli/console_log.hpp"

#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <unistd.h>

#include <ctime>

#include "base/clock.hpp"
#include "cli/follow.hpp"
#include "cli/table.hpp"

namespace millrace::cli {
namespace {

/// Passes lines on, rewritten for people.
class HumanSink final : public observe::LogSink {
public:
    explicit HumanSink(const Terminal& terminal) : terminal_{terminal} {}
    void write(observe::Level level, std::string_view line) override { under_.write(level, human_line(line, terminal_)); }
    void flush() override { under_.flush(); }

private:
    const Terminal terminal_;
    observe::DescriptorSink under_{STDERR_FILENO};
};

std::string local_time(const std::string& at) {
    const auto instant = from_rfc3339(at);
    if (!instant) return at;
    const auto seconds = std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::seconds>(*instant));
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    char text[16];
    return std::string{text, std::strftime(text, sizeof text, "%H:%M:%S", &parts)};
}

}  // namespace

std::string human_line(std::string_view line, const Terminal& terminal) {
    json::value value;
    try {
        value = json::parse(line);
    } catch (const Error&) {
        return std::string{line};
    }
    if (!value.is_object()) return std::string{line};
    const auto& fields = value.get_object();
    const auto level = text_of(fields, "level");
    const auto style = level == "error" ? Style::red : level == "warn" ? Style::yellow : Style::dim;
    std::string out = styled(local_time(text_of(fields, "at")), Style::dim, terminal.colour) + " " +
                      styled(pad(level, 5), style, terminal.colour) + " " + printable(text_of(fields, "message"));
    for (const auto& field : fields) {
        if (field.key() == "at" || field.key() == "level" || field.key() == "message") continue;
        out += "  " + styled(printable(field.key()) + "=", Style::dim, terminal.colour) + printable(cell_text(field.value()));
    }
    return out + '\n';
}

std::unique_ptr<observe::LogSink> console_sink(const Terminal& terminal) {
    if (terminal.live) return std::make_unique<HumanSink>(terminal);
    return std::make_unique<observe::DescriptorSink>(STDERR_FILENO);
}

}  // namespace millrace::cli
