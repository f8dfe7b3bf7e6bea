#pragma once

#include <string>
#include <string_view>

/// What a terminal shows: width of text, escaping of what would move its cursor, colours.
namespace millrace::cli {

/// Where one of the standard streams goes.
struct Terminal {
    bool live = false;   ///< a terminal that understands cursor movement
    bool colour = false;
    bool utf8 = false;   ///< draws more than ASCII
    int width = 80;      ///< columns

    /// Of a file descriptor, by isatty, TERM, NO_COLOR and the locale variables; `colour` is auto, always or never.
    static Terminal of(int descriptor, std::string_view colour = "auto");
};

/// Safe to print on one line: control characters, what is not UTF-8, and characters that reorder or hide text are shown
/// as \n, \x1b or \u{202e}. File names and cells are data of others.
std::string printable(std::string_view text);

/// Columns that printable UTF-8 takes: 2 for East Asian wide characters and emoji, 0 for combining marks.
int display_width(std::string_view text);

/// At most `width` columns; what is cut off is shown as "…" (or "~" without UTF-8). `keep_end` keeps the end, for paths.
std::string fit(std::string_view text, int width, bool utf8 = true, bool keep_end = false);

/// `text` and spaces up to `width` columns; `right` puts the spaces first.
std::string pad(std::string_view text, int width, bool right = false);

enum class Style { bold, dim, red, green, yellow, cyan };
/// `text` in that style when `colour`.
std::string styled(std::string_view text, Style style, bool colour);

/// "1,234,567".
std::string grouped(std::uint64_t number);
/// "12.3 MiB".
std::string human_bytes(double bytes);
/// "0:07", "12:05", "3:07:00".
std::string clock_text(double seconds);

/// Writes all of it; a reader that has gone (`millrace jobs ls | head`) ends the program quietly with status 0.
void put(std::string_view text);        ///< to stdout
void put_error(std::string_view text);  ///< to stderr, as it is
void put_note(std::string_view text);   ///< to stderr, and a newline

}  // namespace millrace::cli
