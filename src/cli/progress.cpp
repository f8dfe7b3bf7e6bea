#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"

namespace millrace::cli {
namespace {

/// Between two frames; more would only burn the terminal's time.
constexpr auto frame = std::chrono::milliseconds{80};
constexpr int bars_max = 12;

std::string bar_of(double fraction, int width, bool utf8) {
    fraction = std::clamp(fraction, 0.0, 1.0);
    const auto eighths = static_cast<int>(fraction * width * 8);
    if (!utf8) {
        const auto full = static_cast<std::size_t>(eighths / 8);
        return "[" + std::string(full, '#') + std::string(static_cast<std::size_t>(width) - full, '.') + "]";
    }
    constexpr const char* parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    std::string out;
    for (int i = 0; i < eighths / 8; ++i) out += "█";
    int used = eighths / 8;
    if (eighths % 8 != 0) {
        out += parts[eighths % 8];
        ++used;
    }
    for (; used < width; ++used) out += "░";
    return out;
}

/// Rate and time left of an upload.
std::string rate_text(const Bar& bar) {
    if (bar.seconds < 0.2 || bar.done == 0) return human_bytes(static_cast<double>(bar.done));
    const double rate = static_cast<double>(bar.done) / bar.seconds;
    const double left = static_cast<double>(bar.total - std::min(bar.done, bar.total)) / rate;
    return fmt::format("{}/s, {} left", human_bytes(rate), clock_text(left));
}

}  // namespace

ProgressMode progress_mode(const std::string& word, const Terminal& terminal) {
    if (word == "auto" || word.empty()) return terminal.live ? ProgressMode::live : ProgressMode::plain;
    if (word == "live") return ProgressMode::live;
    if (word == "plain") return ProgressMode::plain;
    if (word == "json") return ProgressMode::json;
    if (word == "none") return ProgressMode::none;
    throw Error{Code::usage, {{"why", "--progress takes auto, live, plain, json or none, not \"" + word + "\""}}};
}

std::string bar_line(const Bar& bar, const Terminal& terminal) {
    const int width = terminal.width - 1;
    const bool uploading = bar.stage == "upload";
    const double fraction = !uploading      ? bar.percent / 100.0
                            : bar.total > 0 ? static_cast<double>(bar.done) / static_cast<double>(bar.total)
                                            : 0;
    const int name_width = std::clamp(width / 3, 8, 32);
    const auto percent = fmt::format("{:>3}%", static_cast<int>(fraction * 100));
    auto tail = printable(bar.stage);
    if (uploading) tail += " " + rate_text(bar);
    else if (bar.seconds >= 2) tail += " " + clock_text(bar.seconds);

    const int fixed = name_width + 1 + 1 + 4 + 1;
    const int room = width - fixed;
    const int bar_width = std::clamp(room / 2, 0, 30);
    std::string out = pad(fit(printable(bar.name), name_width, terminal.utf8, true), name_width) + ' ';
    if (bar_width >= 5) {
        const auto drawn = bar_of(fraction, terminal.utf8 ? bar_width : bar_width - 2, terminal.utf8);
        out += styled(drawn, uploading ? Style::cyan : Style::green, terminal.colour) + ' ';
    }
    out += percent + ' ';
    const int used = name_width + 1 + (bar_width >= 5 ? bar_width + 1 : 0) + 5;
    return out + fit(tail, std::max(0, width - used), terminal.utf8);
}

Progress::Progress(ProgressMode mode, Terminal terminal, std::function<void(std::string_view)> write, Now now)
    : mode_{mode}, terminal_{terminal}, write_{std::move(write)}, now_{std::move(now)} {}

Progress::~Progress() {
    const std::lock_guard hold{mutex_};
    if (const auto text = erase(); !text.empty()) write_(text);
}

std::size_t Progress::begin(const std::string& name, std::uint64_t total_bytes) {
    const std::lock_guard hold{mutex_};
    Item item;
    item.bar = {.name = name, .stage = "upload", .total = total_bytes};
    item.begun = now_();
    items_.push_back(std::move(item));
    say(items_.back());
    draw(true);
    return items_.size() - 1;
}

void Progress::sent(std::size_t bar, std::uint64_t bytes) {
    const std::lock_guard hold{mutex_};
    auto& item = items_[bar];
    item.bar.done = bytes;
    // Without a terminal only a long upload is worth more than its one line: a tenth at a time above 64 MiB.
    const int tenth = item.bar.total > (64 << 20) ? static_cast<int>(bytes * 10 / item.bar.total) : 0;
    if (tenth > item.noted_tenth && tenth > 0) {
        item.noted_tenth = tenth;
        say(item);
    }
    draw(false);
}

void Progress::stage(std::size_t bar, const std::string& stage, int percent) {
    const std::lock_guard hold{mutex_};
    auto& item = items_[bar];
    const bool moved = item.bar.stage != stage;
    item.bar.stage = stage;
    item.bar.percent = percent;
    if (moved) say(item);
    draw(moved);
}

void Progress::end(std::size_t bar, const std::string& line) {
    const std::lock_guard hold{mutex_};
    items_[bar].active = false;
    if (mode_ == ProgressMode::live) write_(erase() + line + '\n');
    else if (mode_ == ProgressMode::plain) write_(line + '\n');
    draw(true);
}

void Progress::note(const std::string& line) {
    const std::lock_guard hold{mutex_};
    write_(erase() + line + '\n');
    draw(true);
}

/// Moves the cursor to where the bars begin and clears from there on.
std::string Progress::erase() {
    if (drawn_ == 0) return "";
    const auto text = fmt::format("\r\x1b[{}A\x1b[J\x1b[?25h", drawn_);
    drawn_ = 0;
    return text;
}

void Progress::draw(bool at_once) {
    if (mode_ != ProgressMode::live) return;
    const auto now = now_();
    if (!at_once && now - last_ < frame) return;
    last_ = now;
    std::string lines;
    int shown = 0, hidden = 0;
    for (auto& item : items_) {
        if (!item.active) continue;
        if (shown == bars_max) {
            ++hidden;
            continue;
        }
        item.bar.seconds = std::chrono::duration<double>(now - item.begun).count();
        lines += bar_line(item.bar, terminal_) + '\n';
        ++shown;
    }
    if (hidden > 0) {
        lines += fmt::format("and {} more\n", hidden);
        ++shown;
    }
    // One write per frame: cursor hidden while the lines are replaced, so that nothing flickers.
    auto text = erase();
    drawn_ = shown;
    if (shown > 0) text += "\x1b[?25l" + lines;
    if (!text.empty()) write_(text);
}

void Progress::say(const Item& item) {
    const auto& bar = item.bar;
    if (mode_ == ProgressMode::plain) {
        if (bar.stage == "upload") {
            write_(fmt::format("{}: upload {} of {}\n", printable(bar.name), human_bytes(static_cast<double>(bar.done)),
                               human_bytes(static_cast<double>(bar.total))));
        } else {
            write_(fmt::format("{}: {}% {}\n", printable(bar.name), bar.percent, printable(bar.stage)));
        }
    } else if (mode_ == ProgressMode::json) {
        std::string line = "{\"file\":";
        json::append_string(line, bar.name);
        line += ",\"stage\":";
        json::append_string(line, bar.stage);
        fmt::format_to(std::back_inserter(line), ",\"percent\":{},\"bytes\":{},\"bytes_total\":{}}}\n", bar.percent,
                       bar.done, bar.total);
        write_(line);
    }
}

}  // namespace millrace::cli
