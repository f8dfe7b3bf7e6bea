#include "cli/terminal.hpp"

#include <doctest/doctest.h>

using namespace millrace::cli;

TEST_CASE("what could move a cursor or turn text around is shown, not sent") {
    struct Row { const char* name; std::string_view text; const char* want; };
    for (const Row& row : std::initializer_list<Row>{
             {"plain", "orders 2026.csv", "orders 2026.csv"},
             {"letters of all kinds", "Çelik é 表 👍", "Çelik é 表 👍"},
             {"escape sequence", "a\x1b[2Jb", "a\\x1b[2Jb"},
             {"title of the window", "\x1b]0;x\x07", "\\x1b]0;x\\x07"},
             {"line ends and tabs", "a\r\n\tb", "a\\r\\n\\tb"},
             {"delete", "a\x7f", "a\\x7f"},
             {"C1 control", "a\xc2\x9b" "31m", "a\\u{9b}31m"},
             {"right to left override", "exe\xe2\x80\xae" "fdp", "exe\\u{202e}fdp"},
             {"zero width space", "a\xe2\x80\x8b", "a\\u{200b}"},
             {"not UTF-8", "caf\xe9", "caf\\xe9"},
             {"NUL", std::string_view{"a\0b", 3}, "a\\x00b"},
         }) {
        CAPTURE(row.name);
        CHECK(printable(row.text) == row.want);
    }
}

TEST_CASE("text is measured in columns, not in bytes") {
    CHECK(display_width("abc") == 3);
    CHECK(display_width("é") == 1);
    CHECK(display_width("e\xcc\x81") == 1);  // e and a combining accent
    CHECK(display_width("表格") == 4);
    CHECK(display_width("👍") == 2);
}

TEST_CASE("text is cut and padded to columns") {
    CHECK(fit("short", 10) == "short");
    CHECK(fit("a long name", 6) == "a lon…");
    CHECK(fit("a long name", 6, false) == "a lon~");
    CHECK(fit("/data/in/orders.csv", 11, true, true) == "…orders.csv");
    CHECK(fit("表格表格", 4) == "表…");
    CHECK(fit("abc", 0).empty());
    CHECK(pad("é", 3) == "é  ");
    CHECK(pad("7", 3, true) == "  7");
}

TEST_CASE("numbers, sizes and times are written for people") {
    CHECK(grouped(0) == "0");
    CHECK(grouped(999) == "999");
    CHECK(grouped(1000) == "1,000");
    CHECK(grouped(1234567) == "1,234,567");
    CHECK(human_bytes(512) == "512 B");
    CHECK(human_bytes(1536) == "1.5 KiB");
    CHECK(human_bytes(3.5 * 1024 * 1024 * 1024) == "3.5 GiB");
    CHECK(clock_text(7.9) == "0:07");
    CHECK(clock_text(725) == "12:05");
    CHECK(clock_text(11220) == "3:07:00");
}

TEST_CASE("colour is left out where it is not wanted") {
    CHECK(styled("ok", Style::green, false) == "ok");
    CHECK(styled("ok", Style::green, true) == "\x1b[32mok\x1b[0m");
}
