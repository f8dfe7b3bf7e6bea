#include <doctest/doctest.h>

#include <fmt/format.h>

#include "formats/csv/testing.hpp"

namespace millrace::formats::csv {
namespace {

using Rows = std::vector<std::vector<std::string>>;

/// Twelve rows of a table with columns of different kinds.
Rows stock() {
    Rows rows;
    const char* names[] = {"blue lamp", "oak desk, large", "chair", "steel bolt"};
    for (int i = 0; i < 12; ++i) {
        rows.push_back({fmt::format("2024-03-{:02}", i + 1), fmt::format("{}:{:02} PM", i % 9 + 1, i * 4), std::to_string(7 * i + 3),
                        fmt::format("PR-{:04}", 371 * i), fmt::format("{}.{:02}", 12 * i + 1, i * 7), names[i % 4]});
    }
    return rows;
}

const std::vector<std::string> heading = {"date", "time", "quantity", "product", "price", "description"};

std::string line(const std::vector<std::string>& cells, char delimiter = ',') {
    std::string text;
    for (const auto& cell : cells) {
        if (!text.empty()) text += delimiter;
        const bool quoted = cell.find_first_of(std::string{delimiter} + "\"\n") != std::string::npos;
        text += quoted ? "\"" + cell + "\"" : cell;
    }
    return text + "\r\n";
}

std::string lines(const Rows& rows) {
    std::string text;
    for (const auto& row : rows) text += line(row);
    return text;
}

std::string converted(std::string text, ReadReport* report = nullptr) {
    TextSource source{std::move(text)};
    TextSink sink;
    const auto got = convert(source, sink);
    CHECK(got.rows_in == got.rows_out + got.rows_rejected + got.rows_reported);
    CHECK(got.rows_rejected == 0);
    if (report != nullptr) *report = got;
    return sink.text;
}

std::string with_row(std::size_t row, const std::string& replaced) {
    std::string text = line(heading);
    const auto rows = stock();
    for (std::size_t i = 0; i < rows.size(); ++i) text += i == row ? replaced + "\r\n" : line(rows[i]);
    return text;
}

TEST_CASE("what is damaged around a table does not change the table") {
    struct Case {
        std::string name;
        std::string text;
    };
    const std::string top = line(heading);
    const std::string body = lines(stock());
    const std::string want = top + body;
    for (const Case& c : std::initializer_list<Case>{
             {"nothing", want},
             {"no line end at the end", want.substr(0, want.size() - 2)},
             {"two line ends at the end", want + "\r\n"},
             {"title", "Stock of our shop\r\n" + want},
             {"padded title", "Stock of our shop,,,,,\r\n,,,,,\r\n" + want},
             {"names with values", "Exported on,2024-01-05\r\nBy,Anna\r\nRows,12\r\n\r\n" + want},
             {"padded names with values", "Rows,12,,,,\r\nBy,Anna,,,,\r\n,,,,,\r\n" + want},
             {"sentences", "Stock of our shop, as counted, \"by hand\".\r\n\r\n" + want},
             {"padded blank rows", want + ",,,,,\r\n,,,,,\r\n,,,,,\r\n"},
             {"footnote", want + "\r\nSource: our own count\r\n"},
             {"sentence without a gap", want + "Source: our own count, by hand\r\n"},
             {"padded footnote", want + "Source: our own count,,,,,\r\n"},
             {"narrower table", want + "\r\nname,city\r\nanna,Gent\r\nbram,Lyon\r\n"},
             {"wider table, no gap", want + "a,b,c,d,e,f,g\r\n1,2,3,4,5,6,7\r\n1,2,3,4,5,6,7\r\n1,2,3,4,5,6,7\r\n"},
             {"table of the same width", want + "\r\nname,city,street,country,phone,mail\r\nanna,Gent,x,y,z,w\r\n"},
         }) {
        CAPTURE(c.name);
        CHECK(converted(c.text) == want);
    }
}

TEST_CASE("a damaged row is mended by what its columns hold, and counted") {
    struct Case {
        std::string name;
        std::string damaged;
        std::vector<std::string> row;
    };
    const auto good = stock()[5];
    auto stray = good;
    stray[1] = "\"" + stray[1];
    const auto raw = line(good);
    const auto text = raw.substr(0, raw.size() - 2);
    auto lost = text;
    lost.erase(lost.find(','), 1);
    auto surplus = text;
    surplus.insert(surplus.find(','), ",");
    auto quote = text;
    quote.insert(quote.find(',') + 1, "\"");
    std::string twice_quoted;
    for (const char c : text) twice_quoted.append(c == '"' ? 2 : 1, c);
    std::string spaces;
    for (const auto& cell : good) spaces += (spaces.empty() ? "" : " ") + (cell.find(' ') == std::string::npos ? cell : "\"" + cell + "\"");
    std::string bare = spaces;
    std::erase(bare, '"');
    for (const Case& c : std::initializer_list<Case>{
             {"delimiter lost", lost, good},
             {"delimiter too many", surplus, good},
             {"quoted as a whole", "\"" + twice_quoted + "\"", good},
             {"stray quote", quote, stray},
             {"spaces", spaces, good},
             {"spaces without quotes", bare, good},
         }) {
        CAPTURE(c.name);
        const auto got = read_all(with_row(5, c.damaged));

        REQUIRE(got.rows.size() == 12);
        CHECK(got.rows[5] == c.row);
        CHECK(got.rows[6] == stock()[6]);
        CHECK(got.report.rows_repaired == 1);
        CHECK(got.report.warnings.size() == 1);
    }
}

TEST_CASE("a row that cannot be mended with certainty is refused by an import and kept whole by a conversion") {
    const auto text = with_row(5, "what,is,this");

    const auto got = read_all(text);
    CHECK(got.rows.size() == 11);
    REQUIRE(got.rejects.size() == 1);
    CHECK(got.rejects[0].code == "too_few_fields");
    CHECK(got.rejects[0].line == 7);
    CHECK(got.rejects[0].raw == "what,is,this");

    CHECK(converted(text).find("\r\nwhat,is,this,,,\r\n") != std::string::npos);
}

TEST_CASE("rows without their empty cells at the end are those of the heading's table") {
    const auto got = read_all("id,name,city,phone\n1,Anna,Gent,12\n2,Bram\n3,Chris,Lyon\n4,Dora\n5,Emil\n6,Fay,Oslo,13\n7,Gus\n8,Hana,Porto\n");

    CHECK(got.names == std::vector<std::string>{"id", "name", "city", "phone"});
    REQUIRE(got.rows.size() == 8);
    CHECK(got.rows[1] == std::vector<std::string>{"2", "Bram", "", ""});
    CHECK(got.report.rows_repaired == 6);
}

TEST_CASE("a heading that is wider than every row is still the heading") {
    const auto got = read_all("id,day,size,note,name\n1,2024-01-01,3\n2,2024-01-02,4\n3,2024-01-03,5\n");

    CHECK(got.names == std::vector<std::string>{"id", "day", "size", "note", "name"});
    REQUIRE(got.rows.size() == 3);
    CHECK(got.rows[2] == std::vector<std::string>{"3", "2024-01-03", "5", "", ""});
}

TEST_CASE("rows of delimiters only count as blank below a table and as rows inside it") {
    std::string inside = line(heading) + lines(stock()) + ",,,,,\r\n,,,,,\r\n" + lines(stock());
    ReadReport report;

    CHECK(converted(inside + std::string(",,,,,\r\n"), &report) == inside);
    CHECK(report.rows_out == 26);
    CHECK(report.blank_rows == 1);
}

TEST_CASE("a delimiter at the end of every row is no column, until something stands behind it") {
    std::string text = line(heading);
    for (const auto& row : stock()) text += line(row).substr(0, line(row).size() - 2) + ",\r\n";
    CHECK(converted(text) == line(heading) + lines(stock()));

    std::string long_text = line(heading);
    while (long_text.size() < (1 << 20) + 4096) {
        for (const auto& row : stock()) long_text += line(row).substr(0, line(row).size() - 2) + ",\r\n";
    }
    const auto got = read_all(long_text + line({"2024-03-01", "1:00 PM", "3", "PR-0001", "1.00", "chair", "more"}));
    REQUIRE(got.rejects.size() == 1);
    CHECK(got.rejects[0].code == "too_many_fields");
}

TEST_CASE("names stand over what they name") {
    const auto numbered = read_all("name,city\n1,Anna,Gent\n2,Bram,Lyon\n3,Chris,Oslo\n4,Dora,Porto\n");
    CHECK(numbered.names == std::vector<std::string>{"", "name", "city"});

    const auto groups = read_all(",,stock,,money,\r\n" + line({"date", "time", "2023", "2024", "2025", "note"}) +
                                 "2024-01-05,11:15,3,4,5,oak\r\n2024-01-06,11:16,8,1,5,pine\r\n2024-01-07,11:17,2,6,9,oak\r\n");
    CHECK(groups.names == std::vector<std::string>{"date", "time", "stock 2023", "2024", "money 2025", "note"});
}

TEST_CASE("a text that a line end cut is one cell again") {
    auto rows = stock();
    rows[5][5] = "steel";
    rows[5][0] = "2024-03-06";
    const auto good = line(rows[5]);
    auto cut = good;
    cut.replace(cut.find("PR-"), 3, "P\r\nR-");
    std::string text = line(heading);
    for (std::size_t i = 0; i < rows.size(); ++i) text += i == 5 ? cut : line(rows[i]);
    ReadReport report;

    converted(text, &report);

    CHECK(report.rows_out == 12);
    CHECK(report.rows_repaired == 1);
}

TEST_CASE("names between rows of values begin another table of the same width") {
    const std::string first = "id,city,size,day\n1,Gent,4,2024-01-01\n2,Lyon,5,2024-01-02\n3,Oslo,6,2024-01-03\n4,Gent,7,2024-01-04\n5,Lyon,8,2024-01-05\n";
    std::string second = "day,size,id,city\n";
    for (int i = 1; i < 60; ++i) second += fmt::format("2024-02-{:02},{},{},Oslo\n", i % 28 + 1, i, i * 7);

    const auto got = read_all(first + second);

    CHECK(got.rows.size() == 5);
    CHECK(got.report.other_table_rows == 60);
}

TEST_CASE("a damaged row of the table below does not bring the table above back") {
    std::string text = "code,name,price\n";
    for (int i = 0; i < 40; ++i) text += fmt::format("b7-{},bolt {},1.{:02}\n", i, i, i);
    text += "\ntown,people\n";
    for (int i = 0; i < 30; ++i) text += fmt::format("town{},{}000\n{}", i, i, i == 9 ? "x,1,too many\n" : "");

    const auto got = read_all(text);

    CHECK(got.rows.size() == 40);
    CHECK(got.report.other_table_rows == 32);
}

TEST_CASE("the dialect is found where others nearly fit") {
    struct Case {
        std::string name;
        std::string text;
        std::vector<std::string> first;
    };
    std::string colons = "id:code:price:state\n";
    std::string bars = "id||city||size\n";
    std::string inches = "id,size,price,city\n";
    std::string whole = "\"id,city,text\"\n";
    for (int i = 1; i < 30; ++i) {
        colons += fmt::format("{}:{}:{},{:02}:open\n", i, 7000 + i, i * 3, i);
        bars += fmt::format("{}||{}||{}\n", i, i % 3 == 0 ? "" : "Gent", i * 2);
        inches += fmt::format("{},{}\" pipe,\"{},{:02}\",Gent\n", i, i + 1, i * 3, i);
        whole += fmt::format("\"{},Gent,\"\"a, b\"\"\"\n", i);
    }
    for (const Case& c : std::initializer_list<Case>{
             {"decimal commas between colons", colons, {"1", "7001", "3,01", "open"}},
             {"two bars", bars, {"1", "Gent", "2"}},
             {"inches beside quoted decimals", inches, {"1", "2\" pipe", "3,01", "Gent"}},
             {"lines quoted as a whole", whole, {"1", "Gent", "a, b"}},
             {"one quoted word is text", "id,city\n1,Gent\n2,'Lyon'\n3,Oslo\n", {"1", "Gent"}},
         }) {
        CAPTURE(c.name);
        const auto got = read_all(c.text);
        REQUIRE(!got.rows.empty());
        CHECK(got.rows[0] == c.first);
        CHECK(got.report.rows_repaired == 0);
    }
}

TEST_CASE("a comma, a space and a quote inside quoted cells are text") {
    std::string text = "id,note\n";
    for (int i = 0; i < 20; ++i) text += fmt::format("{},\"he said, \"\"yes\"\"\"\n", i);

    const auto got = read_all(text);

    CHECK(got.rows[0] == std::vector<std::string>{"0", "he said, \"yes\""});
    CHECK(got.report.dialect.at("skip_space") == false);
}

TEST_CASE("sentences with quotes above a table do not swallow it") {
    const std::string top = "Counted, by us, \"oak\".\nAgain, by them, \"pine\".\nAt last, by all, \"lamp\".\n\n";
    const std::string body = "id,city,text\n1,Gent,\"a, b\"\n2,Lyon,c\n3,Oslo,\"d, e\"\n4,Porto,f\n";

    const auto got = read_all(top + body);

    CHECK(got.names == std::vector<std::string>{"id", "city", "text"});
    CHECK(got.rows.size() == 4);
}

TEST_CASE("headings are stacked, absent or alone") {
    const auto body = lines(stock());
    const auto two = read_all(line({"date", "time", "quantity", "product", "price", "description"}) +
                              line({"(UTC)", "(UTC)", "(pieces)", "(code)", "(EUR)", "(text)"}) + body);
    CHECK(two.names == std::vector<std::string>{"date (UTC)", "time (UTC)", "quantity (pieces)", "product (code)", "price (EUR)", "description (text)"});
    CHECK(two.report.header_rows == 2);
    CHECK(two.rows == stock());

    const auto none = read_all(body);
    CHECK_FALSE(none.header);
    CHECK(none.names[0] == "column_1");
    CHECK(none.rows == stock());
    CHECK(converted(body) == body);

    const auto alone = read_all(line(heading));
    CHECK(alone.names == heading);
    CHECK(alone.rows.empty());
    CHECK(converted(line(heading)) == line(heading));

    const auto one = read_all(line(heading) + line(stock()[1]));
    CHECK(one.names == heading);
    CHECK(one.rows == Rows{stock()[1]});
}

TEST_CASE("an empty file converts to an empty one") {
    ReadReport report;
    CHECK(converted("", &report).empty());
    CHECK(report.warnings == std::vector<std::string>{"the file is empty"});
}

TEST_CASE("a stray quote that nothing closes does not swallow the rows behind it") {
    std::string text = "id,name\n1,\"open\n";
    for (int i = 2; i < 100'000; ++i) text += fmt::format("{},name {}\n", i, i);

    const auto got = read_all(text);

    CHECK(got.rows.size() == 99'999);
    CHECK(got.rows[0] == std::vector<std::string>{"1", "\"open"});
}

TEST_CASE("bytes that are not UTF-8 are refused by an import and read as windows-1252 by a conversion") {
    const std::string text = "id,name\n1,één\n2,tw\xe9" "e\n3,drie\n";
    CHECK(read_all(text).rejects.size() == 1);
    CHECK(converted(text) == "id,name\r\n1,één\r\n2,twée\r\n3,drie\r\n");
}

TEST_CASE("the account holds where damage is everywhere") {
    std::uint64_t state = 42;
    const auto random = [&] { return state = state * 6364136223846793005u + 1442695040888963407u, state >> 33; };
    const std::string alphabet = "ab1,2;\"'\n\r \t|\\é";
    for (int i = 0; i < 3000; ++i) {
        std::string text = i % 3 == 0 ? line(heading) + lines(stock()) : std::string{};
        for (std::size_t k = 0, n = random() % 400; k < n; ++k) {
            if (text.empty() || i % 3 > 0) text += alphabet[random() % alphabet.size()];
            else text.insert(random() % text.size(), 1, alphabet[random() % alphabet.size()]);
            if (i % 3 == 0 && k > 6) break;
        }
        CAPTURE(text);
        const auto code = code_of([&] { read_all(text); });
        CHECK((!code || *code == Code::empty_file));
        code_of([&] { converted(text); });
    }
}

TEST_CASE("sniffing names what was decided and what else was possible") {
    TextSource source{"id;amount\n1;2,50\n2;3,75\n3;1,00\n"};

    const auto found = sniff(source);

    CHECK(std::string_view{found.at("delimiter").as_string()} == ";");
    CHECK(found.at("candidates").as_array().size() >= 2);
    CHECK(found.at("names").as_array().size() == 2);
    CHECK(found.at("confidence").to_number<double>() > 0.3);
}

}  // namespace
}  // namespace millrace::formats::csv
