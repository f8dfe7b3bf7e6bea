#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "base/describe.hpp"
#include "datasets/build.hpp"
#include "formats/csv/csv.hpp"
#include "formats/testing.hpp"

using namespace millrace;
using namespace millrace::datasets;
using formats::TextSink;
using formats::TextSource;

namespace {

constexpr std::size_t source_bytes = 3 << 20;

/// What a build has made, and where it can be gone on from.
struct Made {
    struct Checkpoint {
        std::string state;
        std::string data, texts, rejects;  ///< written until then
    };
    TextSink data, texts, rejects;
    BuildResult result;
    std::vector<Checkpoint> checkpoints;

    Made(TextSource& source, std::uint64_t every, const Checkpoint* from = nullptr) {
        BuildOptions options;
        options.source_bytes = source.size();
        options.group_rows_max = 3000;
        options.rejects_stored_max = 1000;
        options.checkpoint_bytes = every;
        if (every > 0) {
            options.on_checkpoint = [this](std::string state, std::uint64_t) {
                checkpoints.push_back({std::move(state), data.text, texts.text, rejects.text});
            };
        }
        if (from) {
            options.go_on_from = from->state;
            data.text = from->data;
            texts.text = from->texts;
            rejects.text = from->rejects;
        }
        const Sinks sinks{&data, &texts, &rejects, [this] { data.text = texts.text = rejects.text = {}; }};
        const auto open = [&](auto on_reject) { return formats::csv::format().open(source, {.on_reject = std::move(on_reject)}); };
        result = build(open, sinks, options);
    }
};

void check_same(const Made& one, const Made& other) {
    CHECK(one.data.text == other.data.text);
    CHECK(one.texts.text == other.texts.text);
    CHECK(one.rejects.text == other.rejects.text);
    CHECK(to_json(one.result.report) == to_json(other.result.report));
    CHECK(to_json(one.result.profile) == to_json(other.result.profile));
    CHECK(to_json(one.result.columns) == to_json(other.result.columns));
}

/// Rows until the text is long enough; `row` gets their number.
std::string table(const std::string& head, const std::function<std::string(std::size_t)>& row) {
    std::string text = head;
    for (std::size_t i = 0; text.size() < source_bytes; ++i) text += row(i);
    return text;
}

std::string plain_row(std::size_t i) {
    return std::to_string(i) + ",name " + std::to_string(i * 7 % 1000) + "," + std::to_string(i % 90) + ".50,2024-03-" + (i % 2 ? "11" : "27") + "\n";
}

/// Quoted cells over several lines, damage that is mended, rows that are refused, bytes that are no UTF-8.
std::string dirty_row(std::size_t i) {
    const auto n = std::to_string(i);
    switch (i % 11) {
        case 3: return n + ",\"said \"\"no\"\"\nand \"\"yes\"\"\"," + n + ".5,2024-01-02\r\n";
        case 5: return n + ",a \"stray quote,1.0,2024-01-02\n";
        case 6: return i % 2 == 0 ? "\n" : n + ",too,many,cells,here,at,all\n";
        case 8: return n + ",\xff\xfe broken,1.0,2024-01-02\n";
        case 9: return n + ",\"caf\xc3\xa9\",+1.25,2024-01-02\n";
        default: return plain_row(i);
    }
}

std::string as_utf16(std::string_view ascii) {
    std::string out = "\xff\xfe";
    for (const char c : ascii) {
        out += c;
        out += '\0';
    }
    return out;
}

}  // namespace

TEST_CASE("a build goes on from a checkpoint, early or late, and makes the same bytes") {
    const std::string head = "id,name,price,day\n";
    struct Row {
        const char* name;
        std::string text;
        int passes;
    };
    for (Row& row : std::vector<Row>{
             {"regular rows", table(head, plain_row), 1},
             {"damage of all kinds", table(head, dirty_row), 1},
             {"text in a column of numbers near the end", table(head, plain_row) + "x,odd,1.50,2024-03-11\n" + "1,a,1.50,2024-03-11\n", 2},
             {"text in a column of numbers in the middle", table(head, plain_row) + "x,odd,1.50,2024-03-11\n" + table("", plain_row), 2},
             {"windows-1252, known late", table(head, plain_row) + "9,caf\xe9,1.50,2024-03-11\n" + table("", plain_row), 1},
             {"utf-16", as_utf16(table(head, plain_row)), 1},
             {"a byte order mark", "\xef\xbb\xbf" + table(head, plain_row), 1},
             {"lines that end with CR", [&] {
                  auto text = table(head, plain_row);
                  std::replace(text.begin(), text.end(), '\n', '\r');
                  return text;
              }(), 1},
             {"a preamble and footnotes", "Report of today\n\n" + table(head, plain_row) + "\nTotal of all that stands above\nChecked by nobody\n", 1},
             {"another table below", table(head, plain_row) + "\n\nkey;value\n" + "a;b\nc;d\ne;f\n", 1},
         }) {
        CAPTURE(row.name);
        TextSource source{row.text};
        const Made whole{source, 0};
        CHECK(whole.result.report.passes == row.passes);

        const Made stopping{source, 256 * 1024};

        check_same(stopping, whole);
        REQUIRE(stopping.checkpoints.size() >= 5);
        for (const std::size_t i : {std::size_t{0}, stopping.checkpoints.size() / 2, stopping.checkpoints.size() - 1}) {
            CAPTURE(i);
            const Made rest{source, 256 * 1024, &stopping.checkpoints[i]};
            check_same(rest, whole);
            CHECK(rest.checkpoints.size() == stopping.checkpoints.size() - i - 1);
        }
    }
}

TEST_CASE("a build that goes on reads no more than what is left") {
    struct Counting final : formats::Source {
        TextSource& text;
        std::uint64_t bytes = 0;
        explicit Counting(TextSource& t) : text{t} {}
        std::uint64_t size() const override { return text.size(); }
        std::size_t read(std::uint64_t offset, std::span<char> into) override {
            const auto got = text.read(offset, into);
            bytes += got;
            return got;
        }
    };
    TextSource source{table("id,name,price,day\n", plain_row) + table("", plain_row)};
    const Made stopping{source, 1 << 20};
    REQUIRE(stopping.checkpoints.size() >= 4);
    const auto& last = stopping.checkpoints.back();
    Counting counted{source};
    BuildOptions options;
    options.group_rows_max = 3000;
    options.go_on_from = last.state;
    TextSink data{}, texts{};
    data.text = last.data;
    const auto open = [&](auto on_reject) { return formats::csv::format().open(counted, {.on_reject = std::move(on_reject)}); };

    const auto result = build(open, {.data = &data, .texts = &texts, .rejects = nullptr, .restart = {}}, options);

    CHECK(result.rows == stopping.result.rows);
    CHECK(counted.bytes < 3u << 20);  // the first window once more, then from the window of the checkpoint on
}

TEST_CASE("a file whose encoding has no exact positions makes no checkpoints") {
    TextSource source{table("id,name\n", [](std::size_t i) { return std::to_string(i) + ",\xb1\xe6\xb1\xb9\n"; })};
    BuildOptions options;
    options.group_rows_max = 3000;
    options.checkpoint_bytes = 1;
    options.on_checkpoint = [](std::string, std::uint64_t) { FAIL("a checkpoint"); };
    TextSink data, texts;
    const auto open = [&](auto on_reject) {
        return formats::csv::format().open(source, {.dialect = {{"encoding", "euc-kr"}}, .on_reject = std::move(on_reject)});
    };

    CHECK(build(open, {.data = &data, .texts = &texts, .rejects = nullptr, .restart = {}}, options).rows > 3000);
}
