#include <doctest/doctest.h>

#include <random>

#include "datasets/rows.hpp"
#include "datasets/testing.hpp"
#include "datasets/transcode.hpp"
#include "formats/csv/csv.hpp"
#include "formats/output.hpp"

using namespace millrace;
using namespace millrace::datasets;

namespace {

using testing::Memory;

OpenTable table_of(Memory& csv) {
    return [&csv](std::function<void(formats::Reject)> on_reject) {
        return formats::csv::format().open(csv, {.on_reject = std::move(on_reject)});
    };
}

/// By way of a dataset.
std::string exported(Memory& csv, const formats::OutputFormat& format, const BuildOptions& options) {
    Memory data, texts, out;
    const Sinks sinks{&data, &texts, nullptr, [&] {
        data.bytes.clear();
        texts.bytes.clear();
    }};
    const auto result = build(table_of(csv), sinks, options);
    RowReader rows{data, result.texts_bytes > 0 ? &texts : nullptr, result.columns};
    const auto writer = format.open(out, rows.write_columns(), {});
    rows.write({}, Values::typed, *writer);
    writer->finish();
    return out.bytes;
}

std::string transcoded(Memory& csv, const formats::OutputFormat& format, const BuildOptions& options, int& passes) {
    Memory out;
    const auto result = transcode(table_of(csv), [&](std::vector<formats::WriteColumn> columns) {
        out.bytes.clear();
        return format.open(out, std::move(columns), {});
    }, options);
    passes = result.report.passes;
    return out.bytes;
}

}  // namespace

TEST_CASE("a conversion gives what an import and an export give, also when types widen late") {
    struct Row { const char* name; std::string (*cell)(int row); int passes; };
    for (const Row& row : std::initializer_list<Row>{
             {"never widened",           [](int i) -> std::string { return std::to_string(i); }, 1},
             {"whole, then decimal",     [](int i) -> std::string { return i < 20'000 ? std::to_string(i) : std::to_string(i) + ".25"; }, 2},
             {"decimal, then longer",    [](int i) -> std::string { return i < 20'000 ? "1.5" : "1.125"; }, 2},
             {"number, then text",       [](int i) -> std::string { return i < 20'000 ? "1" : std::string{"n/a"}; }, 2},
             {"nothing, then numbers",   [](int i) -> std::string { return i < 20'000 ? "" : std::to_string(i) + ".50"; }, 2},
             {"nothing, then times",     [](int i) -> std::string { return i < 20'000 ? "" : std::string{"2024-01-31 12:30:00.250"}; }, 2},
             {"nothing, then two kinds", [](int i) -> std::string { return i < 12'000 ? "" : i < 20'000 ? "1" : std::string{"1.50"}; }, 2},
             {"nothing at all",          [](int) -> std::string { return std::string{}; }, 1},
             {"zeros that come and go",  [](int i) -> std::string { return i % 2 ? "1.5" : std::string{"2"}; }, 1},
         }) {
        CAPTURE(std::string{row.name});
        Memory csv;
        csv.bytes = "id,cell,filler\r\n";
        const std::string filler(100, 'x');  // so that there are several batches
        for (int i = 0; i < 30'000; ++i) csv.bytes += std::to_string(i) + "," + row.cell(i) + "," + filler + "\r\n";
        BuildOptions options;
        options.group_rows_max = 1000;
        for (const auto* name : {"ndjson", "sql", "csv"}) {
            CAPTURE(std::string{name});
            const auto& format = *formats::find_output(name);
            int passes = 0;
            const auto got = transcoded(csv, format, options, passes);
            CHECK(got == exported(csv, format, options));
            CHECK(passes >= row.passes);
        }
    }
}

TEST_CASE("a conversion that is stopped leaves nothing behind but an error") {
    Memory csv;
    csv.bytes = "a\r\n1\r\n";
    std::stop_source stop;
    stop.request_stop();
    BuildOptions options;
    options.stop = stop.get_token();
    int passes = 0;
    CHECK_THROWS_AS(transcoded(csv, *formats::find_output("json"), options, passes), Error);
}
