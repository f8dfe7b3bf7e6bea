#include "formats/csv/detail/tokenizer.hpp"

#include <doctest/doctest.h>

#include <random>

#include "formats/csv/testing.hpp"

namespace millrace::formats::csv {
namespace {

/// One byte at a time: what the block-wise tokenizer must find, written so that one can see that it is right.
struct Simple {
    std::vector<std::uint32_t> cell_ends;
    std::vector<std::uint32_t> row_ends;
    std::size_t irregular_at = SIZE_MAX;
};

Simple index_simply(std::string_view text, const Marks& marks) {
    Simple found;
    bool inside = false;
    const char other = marks.line_end == '\n' ? '\r' : '\n';
    const auto irregular = [&](std::size_t at) { found.irregular_at = std::min(found.irregular_at, at); };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const char before = i == 0 ? marks.line_end : text[i - 1];
        const bool behind_quote = i > 0 && marks.quote != 0 && before == marks.quote;
        if (marks.quote != 0 && c == marks.quote) {
            if (!inside && before != marks.delimiter && before != marks.line_end && !behind_quote) irregular(i);
            inside = !inside;
            continue;
        }
        if (inside) continue;
        const bool mark = c == marks.delimiter || c == marks.line_end;
        if (behind_quote && !mark && c != other) irregular(i);
        if (before == other && i > 0 && marks.line_end == '\n' && c != '\n' && !behind_quote) irregular(i);
        if (c == other && marks.line_end == '\r') irregular(i);
        if (!mark) continue;
        found.cell_ends.push_back(static_cast<std::uint32_t>(i));
        if (c == marks.line_end) found.row_ends.push_back(static_cast<std::uint32_t>(found.cell_ends.size()));
    }
    return found;
}

std::string random_text(std::mt19937_64& random, std::string_view alphabet, std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += alphabet[random() % alphabet.size()];
    return text;
}

/// Regular cells only, some quoted with everything in them.
std::string random_table(std::mt19937_64& random, std::string_view line_end) {
    std::string text;
    const auto columns = 1 + random() % 6;
    for (std::size_t r = 0, rows = random() % 60; r < rows; ++r) {
        for (std::size_t c = 0; c < columns; ++c) {
            if (c > 0) text += ',';
            const auto size = random() % 30;
            if (random() % 3 > 0) {
                text += random_text(random, "ab 1", size);
            } else {
                text += '"';
                for (const char x : random_text(random, "ab,\n\r\"", size)) text += x == '"' ? "\"\"" : std::string(1, x);
                text += '"';
            }
        }
        text += line_end;
    }
    return text;
}

void compare(std::string_view set, const std::string& text, const Marks& marks) {
    std::string padded = text + std::string(64, '\0');
    const auto want = index_simply(text, marks);
    CellIndex got;
    std::size_t covered = 0;
    if (!index_cells_with(set, {padded.data(), text.size()}, marks, got, covered)) return;
    CAPTURE(set);
    CAPTURE(text);
    if (want.irregular_at == SIZE_MAX) CHECK(covered == text.size());
    else CHECK(covered == want.irregular_at / 64 * 64);
    std::size_t cells = 0;
    while (cells < want.cell_ends.size() && want.cell_ends[cells] < covered) ++cells;
    REQUIRE(got.cells == cells);
    CHECK(std::equal(want.cell_ends.begin(), want.cell_ends.begin() + static_cast<std::ptrdiff_t>(cells), got.cell_ends.begin()));
    std::size_t rows = 0;
    while (rows < want.row_ends.size() && want.row_ends[rows] <= cells) ++rows;
    REQUIRE(got.rows == rows);
    CHECK(std::equal(want.row_ends.begin(), want.row_ends.begin() + static_cast<std::ptrdiff_t>(rows), got.row_ends.begin()));
}

TEST_CASE("every tokenizer finds the cells that the simple reading finds") {
    std::mt19937_64 random{20261122};
    for (const auto set : tokenizers()) {
        for (int i = 0; i < 3000; ++i) {
            compare(set, random_table(random, i % 2 ? "\n" : "\r\n"), {',', '"', '\n'});
            compare(set, random_text(random, "a,b\n\"", random() % 300), {',', '"', '\n'});
            compare(set, random_text(random, "aaaaaaaa,\r\n\"", random() % 300), {',', '"', '\n'});
            compare(set, random_text(random, "aaaaaaaaaaaa;\r", random() % 300), {';', 0, '\r'});
        }
    }
}

TEST_CASE("line ends are counted, two bytes of one as one") {
    std::mt19937_64 random{7};
    for (int i = 0; i < 2000; ++i) {
        const auto text = random_text(random, "ab\r\n", random() % 200);
        std::uint64_t want = 0;
        for (std::size_t k = 0; k < text.size(); ++k) want += text[k] == '\r' || (text[k] == '\n' && (k == 0 || text[k - 1] != '\r'));
        CHECK(count_line_ends(std::string_view{text + std::string(64, '\n')}.substr(0, text.size())) == want);
    }
}

TEST_CASE("the fast and the careful path deliver the same rows") {
    // A dialect that is not plain is read carefully throughout; "skip_space" cannot be given, so a two-byte delimiter
    // with the same cells serves.
    std::mt19937_64 random{99};
    for (int i = 0; i < 300; ++i) {
        std::string fast = "k,id,name,note\n";
        std::string slow = "k::id::name::note\n";
        for (std::size_t r = 0, rows = 2 + random() % 3000; r < rows; ++r) {
            std::string cells[4];
            cells[0] = "k";
            cells[1] = std::to_string(r);
            cells[2] = random_text(random, "xyz ", random() % 12);
            cells[3] = random() % 4 ? random_text(random, "abc", random() % 9) : "\"" + random_text(random, "a,\n", random() % 9) + "\"";
            if (random() % 200 == 0) cells[2] = "5\" pipe";
            for (int c = 0; c < 4; ++c) {
                fast += (c > 0 ? "," : "") + cells[c];
                slow += (c > 0 ? "::" : "") + cells[c];
            }
            const char* end = random() % 2 ? "\n" : "\r\n";
            fast += end;
            slow += end;
        }
        ReadOptions options;
        options.dialect = {{"delimiter", ","}, {"quote", "\""}, {"header", true}, {"escape", "doubled"}};
        const auto one = read_all(fast, options);
        options.dialect["delimiter"] = "::";
        const auto other = read_all(slow, options);

        CHECK(one.rows == other.rows);
        CHECK(one.report.rows_in == other.report.rows_in);
        TextSource source{fast};
        options.dialect["delimiter"] = ",";
        CHECK(count(source, options).rows_out == one.rows.size());
        if (one.rows != other.rows) {
            std::size_t at = 0;
            while (at < std::min(one.rows.size(), other.rows.size()) && one.rows[at] == other.rows[at]) ++at;
            for (auto k = at > 1 ? at - 1 : 0; k < at + 3 && k < one.rows.size() && k < other.rows.size(); ++k) {
                for (const auto* table : {&one.rows, &other.rows}) {
                    std::string row;
                    for (const auto& cell : (*table)[k]) row += "[" + cell + "]";
                    MESSAGE(row);
                }
            }
            return;
        }
    }
}

}  // namespace
}  // namespace millrace::formats::csv
