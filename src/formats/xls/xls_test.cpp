#include "formats/xls/xls.hpp"

#include <doctest/doctest.h>

#include "formats/sheet/testing.hpp"
#include "formats/xls/testing.hpp"

using namespace millrace;
using namespace millrace::formats;
using namespace millrace::formats::xls;
using formats::code_of;
using formats::read_all;
using formats::sheet::Rows;
using formats::sheet::tables_of;

namespace {

const std::string heading = label(0, 0, "name") + label(0, 1, "value");

/// Cell formats of the tests: general, a date, a time stamp, a custom date, a custom number.
const std::string styles = record_of(0x41e, w(164) + text_of("dd\\-mm\\-yyyy")) + record_of(0x41e, w(165) + text_of("0.0 \"days\"")) +
                           record_of(0xe0, w(0) + w(0) + std::string(16, '\0')) + record_of(0xe0, w(0) + w(14) + std::string(16, '\0')) +
                           record_of(0xe0, w(0) + w(22) + std::string(16, '\0')) + record_of(0xe0, w(0) + w(164) + std::string(16, '\0')) +
                           record_of(0xe0, w(0) + w(165) + std::string(16, '\0'));

std::string strings_of(const std::string& items, std::uint32_t count) { return record_of(0xfc, d(count) + d(count) + items); }

std::string value_of(const std::string& cell, const std::string& globals = "") {
    const auto got = read_all(format(), book_of({{.name = "one", .records = heading + label(1, 0, "a") + cell}}, styles + globals), {.dialect = {{"header", true}}});
    REQUIRE(got.rows.size() == 1);
    return got.rows[0].at(1);
}

std::string formula(const std::string& result) { return record_of(0x06, at(1, 1) + result + std::string(8, '\0')); }

}  // namespace

TEST_CASE("a cell of an old workbook becomes the text that people see, without a loss") {
    const auto items = text_of("shared") + wide_of(u"caf\u00e9 \u8ab2\U0001f600") + (w(4) + '\x08' + w(1) + "rich" + std::string(4, 'r')) +
                       (w(2) + '\x05' + d(6) + w(0x8ab2) + w(0x9577) + std::string(6, 'p'));
    struct Row {
        std::string name;
        std::string cell;
        const char* want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"number", number(1, 1, 0.1 + 0.2), "0.3"},
             {"rk of a whole number", record_of(0x27e, at(1, 1) + d(static_cast<std::uint32_t>(-42 << 2) | 2)), "-42"},
             {"rk of hundredths", record_of(0x27e, at(1, 1) + d(12345u << 2 | 3)), "123.45"},
             {"rk of a double", record_of(0x27e, at(1, 1) + d(0x3ff80000)), "1.5"},
             {"shared", shared(1, 1, 0), "shared"},
             {"shared beyond Latin-1", shared(1, 1, 1), "café 課😀"},
             {"rich", shared(1, 1, 2), "rich"},
             {"phonetic guide", shared(1, 1, 3), "課長"},
             {"label", label(1, 1, "caf\xe9"), "café"},
             {"wide label", record_of(0x204, at(1, 1) + wide_of(u"課")), "課"},
             {"true", record_of(0x205, at(1, 1) + '\1' + '\0'), "TRUE"},
             {"error", record_of(0x205, at(1, 1) + '\x2a' + '\1'), "#N/A"},
             {"formula with a number", formula(le(2.5)), "2.5"},
             {"formula with a text", formula(std::string(6, '\0') + "\xff\xff") + record_of(0x207, text_of("ab")), "ab"},
             {"formula with true", formula(std::string{"\1\0\1\0\0\0\xff\xff", 8}), "TRUE"},
             {"formula with an error", formula(std::string{"\2\0\7\0\0\0\xff\xff", 8}), "#DIV/0!"},
             {"formula with nothing", formula(std::string{"\3\0\0\0\0\0\xff\xff", 8}), ""},
             {"date", number(1, 1, 45322, 1), "2024-01-31"},
             {"timestamp", number(1, 1, 45322 + 10.0 / 24, 2), "2024-01-31T10:00:00"},
             {"custom date", number(1, 1, 45322, 3), "2024-01-31"},
             {"custom number", number(1, 1, 45322, 4), "45322"},
             {"unknown style", number(1, 1, 45322, 99), "45322"},
         }) {
        CAPTURE(row.name);
        CHECK(value_of(row.cell, strings_of(items, 4)) == row.want);
    }
    CHECK(value_of(number(1, 1, 43860, 1), record_of(0x22, w(1))) == "2024-01-31");
}

TEST_CASE("strings go on in the records behind theirs, in either width") {
    const std::string first = text_of("one") + w(6) + '\0' + "abc";
    const auto globals = record_of(0xfc, d(3) + d(3) + first) + record_of(0x3c, '\1' + w(0x8ab2) + w('x')) + record_of(0x3c, std::string{"\0y", 2} + w(2) + '\0') +
                         record_of(0x3c, std::string{"\0hi", 3});
    CHECK(value_of(shared(1, 1, 0), globals) == "one");
    CHECK(value_of(shared(1, 1, 1), globals) == "abc課xy");
    CHECK(value_of(shared(1, 1, 2), globals) == "hi");
}

TEST_CASE("numbers in one record for several cells, and cells out of order") {
    const std::string several = record_of(0xbd, w(1) + w(0) + w(0) + d(1 << 2 | 2) + w(0) + d(2 << 2 | 2) + w(1));
    CHECK(read_all(format(), book_of({{.name = "one", .records = heading + several}}, styles)).rows == Rows{{"1", "2"}});
    const auto disorder = book_of({{.name = "one", .records = number(2, 1, 22) + number(1, 1, 12) + several + heading + number(2, 0, 21) + number(2, 0, 20)}}, styles);
    CHECK(read_all(format(), disorder).rows == Rows{{"1", "2"}, {"20", "22"}});
}

TEST_CASE("rows of a large sheet come in order across blocks") {
    std::string records = heading;
    for (unsigned row = 1; row < 40'000; ++row) records += number(row, 0, row) + number(row, 1, row / 4.0);
    const auto got = read_all(format(), book_of({{.name = "one", .records = records}}, styles));
    REQUIRE(got.rows.size() == 39'999);
    CHECK(got.rows[19'999] == std::vector<std::string>{"20000", "5000"});
}

TEST_CASE("the tables of an old workbook are its worksheets, visible ones first") {
    const auto one = heading + label(1, 0, "a") + number(1, 1, 1);
    const auto chart = begin_of(0x20) + number(0, 0, 99) + end_record;
    const auto bytes = book_of({{.name = "hidden", .records = one, .state = 1}, {.name = "chart", .records = "", .state = 0, .type = 2},
                                {.name = "shown", .records = heading + chart + label(1, 0, "b") + number(1, 1, 2)}}, styles);
    CHECK(tables_of(format(), bytes) == std::vector<std::pair<std::string, bool>>{{"shown", false}, {"hidden", true}});
    CHECK(read_all(format(), bytes).rows == Rows{{"b", "2"}});
    CHECK(read_all(format(), bytes, {.table = 1}).rows == Rows{{"a", "1"}});
}

TEST_CASE("damaged and hostile old workbooks are refused by name") {
    const auto good = book_of({{.name = "one", .records = heading + number(1, 0, 1)}}, styles);
    const auto sheet_with = [](const std::string& records) { return book_of({{.name = "one", .records = heading + records}}, styles); };
    const auto circle = [&] {
        auto bytes = good;
        std::memset(bytes.data() + 512 + 4 * 2, 0, 4);  // the stream comes back to its table
        bytes[512 + 4 * 2] = 2;
        return bytes;
    };
    auto with_circle_in_directory = good;
    with_circle_in_directory.replace(512 + 4, 4, d(1));
    struct Row {
        std::string name;
        std::string bytes;
        Code want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"head only", good.substr(0, 512), Code::malformed_file},
             {"truncated", good.substr(0, 2000), Code::malformed_file},
             {"sectors in a circle", circle(), Code::malformed_file},
             {"directory in a circle", with_circle_in_directory, Code::malformed_file},
             {"no workbook", compound_of("text", u"WordDocument"), Code::unsupported_format},
             {"before Excel 97", compound_of(begin_of(5, 0x500) + end_record), Code::unsupported_format},
             {"before Excel 95", compound_of("text", u"Book"), Code::unsupported_format},
             {"with a password", compound_of(stream_of({{.name = "one", .records = heading}}, record_of(0x2f, w(1)))), Code::encrypted_file},
             {"new workbook with a password", compound_of("text", u"EncryptedPackage"), Code::encrypted_file},
             {"no sheets", book_of({}), Code::malformed_file},
             {"empty sheet", book_of({{.name = "one", .records = ""}}), Code::no_rows},
             {"no such string", sheet_with(shared(1, 1, 5)), Code::malformed_file},
             {"column too far", sheet_with(number(1, 256, 1)), Code::malformed_file},
             {"short record", sheet_with(record_of(0x203, w(1))), Code::malformed_file},
             {"record beyond its stream", sheet_with(w(0x203) + w(0xffff)), Code::malformed_file},
             {"text beyond its record", sheet_with(record_of(0x204, at(1, 1) + w(100) + '\0' + "short")), Code::malformed_file},
             {"strings beyond their records", book_of({{.name = "one", .records = heading}}, record_of(0xfc, d(1) + d(0xffffffff) + text_of("one"))), Code::malformed_file},
         }) {
        CAPTURE(row.name);
        CHECK(code_of([&] { read_all(format(), row.bytes); }) == row.want);
    }
}
