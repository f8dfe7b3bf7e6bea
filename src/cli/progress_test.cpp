#include "cli/progress.hpp"

#include <doctest/doctest.h>

#include <utility>

using namespace millrace::cli;

namespace {

struct Screen {
    std::string text;
    std::chrono::steady_clock::time_point now{};

    Progress progress(ProgressMode mode, Terminal terminal = {.live = true, .utf8 = true, .width = 72}) {
        return {mode, terminal, [this](std::string_view t) { text += t; }, [this] { return now; }};
    }
    std::string taken() { return std::exchange(text, ""); }
};

}  // namespace

TEST_CASE("a bar says name, share and stage in the width of the terminal") {
    const Terminal wide{.live = true, .utf8 = true, .width = 72};
    CHECK(bar_line({.name = "orders.csv", .stage = "parsed", .percent = 70}, wide) ==
          "orders.csv              ██████████████░░░░░░  70% parsed");
    CHECK(bar_line({.name = "orders.csv", .stage = "parsed", .percent = 70}, {.live = true, .width = 72}) ==
          "orders.csv              [############......]  70% parsed");
    for (int width = 20; width < 140; ++width) {
        CAPTURE(width);
        const Bar bar{.name = "a rather long name of a file.csv", .stage = "upload", .done = 50 << 20, .total = 200 << 20, .seconds = 2};
        CHECK(display_width(bar_line(bar, {.live = true, .utf8 = true, .width = width})) < width);
    }
}

TEST_CASE("an upload shows its rate and the time that is left") {
    const Bar bar{.name = "big.csv", .stage = "upload", .done = 50 << 20, .total = 200 << 20, .seconds = 2};
    const auto line = bar_line(bar, {.live = true, .utf8 = true, .width = 100});
    CHECK(line.find(" 25% upload 25.0 MiB/s, 0:06 left") != line.npos);
}

TEST_CASE("names of files cannot write on the terminal") {
    const auto line = bar_line({.name = "a\x1b[2J.csv", .stage = "x"}, {.live = true, .utf8 = true, .width = 100});
    CHECK(line.find('\x1b') == line.npos);
}

TEST_CASE("on a terminal each frame takes the place of the one before, and ended files stay above") {
    Screen screen;
    auto progress = screen.progress(ProgressMode::live);
    const auto first = progress.begin("a.csv", 10);
    CHECK(screen.taken().starts_with("\x1b[?25la.csv"));
    const auto second = progress.begin("b.csv", 10);
    CHECK(screen.taken().starts_with("\r\x1b[1A\x1b[J\x1b[?25h\x1b[?25la.csv"));

    progress.end(first, "ok a.csv");
    const auto text = screen.taken();
    CHECK(text.starts_with("\r\x1b[2A\x1b[J\x1b[?25hok a.csv\n"));
    CHECK(text.find("b.csv") != text.npos);

    progress.end(second, "ok b.csv");
    CHECK(screen.taken() == "\r\x1b[1A\x1b[J\x1b[?25hok b.csv\n");
}

TEST_CASE("frames are no closer than the eye can follow, but a new stage shows at once") {
    Screen screen;
    auto progress = screen.progress(ProgressMode::live);
    const auto bar = progress.begin("a.csv", 1000);
    screen.taken();
    progress.sent(bar, 100);
    CHECK(screen.taken().empty());
    screen.now += std::chrono::milliseconds{100};
    progress.sent(bar, 200);
    CHECK(!screen.taken().empty());
    progress.stage(bar, "parsed", 70);
    CHECK(screen.taken().find("70% parsed") != std::string::npos);
}

TEST_CASE("many files show a dozen bars and the number of the others") {
    Screen screen;
    auto progress = screen.progress(ProgressMode::live);
    for (int i = 0; i < 15; ++i) progress.begin("f" + std::to_string(i), 1);
    CHECK(screen.text.ends_with("and 3 more\n"));
}

TEST_CASE("elsewhere each stage is a line, without escapes") {
    Screen screen;
    auto progress = screen.progress(ProgressMode::plain, {});
    const auto bar = progress.begin("a.csv", 2048);
    progress.sent(bar, 1024);
    progress.stage(bar, "stored", 40);
    progress.stage(bar, "stored", 40);
    progress.stage(bar, "parsed", 70);
    progress.end(bar, "ok a.csv");
    CHECK(screen.text == "a.csv: upload 0 B of 2.0 KiB\na.csv: 40% stored\na.csv: 70% parsed\nok a.csv\n");
}

TEST_CASE("for programs each stage is an object") {
    Screen screen;
    auto progress = screen.progress(ProgressMode::json, {});
    const auto bar = progress.begin("a \"b\".csv", 10);
    progress.stage(bar, "parsed", 70);
    progress.end(bar, "ok");
    CHECK(screen.text ==
          "{\"file\":\"a \\\"b\\\".csv\",\"stage\":\"upload\",\"percent\":0,\"bytes\":0,\"bytes_total\":10}\n"
          "{\"file\":\"a \\\"b\\\".csv\",\"stage\":\"parsed\",\"percent\":70,\"bytes\":0,\"bytes_total\":10}\n");
}

TEST_CASE("silence is silent") {
    Screen screen;
    auto progress = screen.progress(ProgressMode::none);
    progress.end(progress.begin("a.csv", 1), "ok");
    CHECK(screen.text.empty());
}
