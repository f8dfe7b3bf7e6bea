#include <string>

#include "base/error.hpp"
#include "formats/csv/csv.hpp"
#include "table.hpp"

// Any bytes give rows or an error, never a crash: the account adds up, batches are rectangular, counting and reading
// agree, and what convert() writes reads back.

namespace {

using namespace millrace;
using namespace millrace::formats;

struct Text final : Sink {
    std::string text;
    void write(std::string_view bytes) override { text += bytes; }
};

void check(const ReadReport& report) {
    must(report.rows_in == report.rows_out + report.rows_rejected + report.rows_reported);
    must(report.rows_reported == report.header_rows + report.preamble_rows + report.footnote_rows + report.blank_rows +
                                     report.other_table_rows);
    must(report.rows_repaired <= report.rows_out);
}

/// The first byte of the input chooses what is given, so that overrides are visited too.
json::object overrides(unsigned char choice) {
    switch (choice & 7) {
        case 1: return {{"delimiter", ";"}};
        case 2: return {{"quote", "'"}, {"escape", "backslash"}};
        case 3: return {{"header", false}, {"quote", nullptr}};
        case 4: return {{"delimiter", ", "}, {"escape", "none"}};
        case 5: return {{"encoding", "utf-16le"}};
        case 6: return {{"encoding", "shift_jis"}};
        case 7: return {{"delimiter", ","}, {"quote", "\""}, {"header_rows", 2}, {"skip_rows", 1}};
        default: return {};
    }
}

void read(Bytes& source, ReadOptions options) {
    const auto report = read_table(csv::format(), source, options);
    if (!report) return;
    check(*report);
    const auto counted = csv::count(source, options);
    must(counted.rows_in == report->rows_in && counted.rows_out == report->rows_out);
    // The table below it, if there is one, is part of the same account.
    options.table = 1;
    if (const auto below = read_table(csv::format(), source, options)) must(below->other_table_rows > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Bytes source;
    source.text.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
    ReadOptions options;
    options.dialect = overrides(data[0]);
    options.record_bytes_max = 1 << 16;
    options.columns_max = 500;
    read(source, options);
    try {
        Text out;
        const auto report = csv::convert(source, out, options);
        check(report);
        must(report.rows_rejected == 0);
        Bytes again;
        again.text = std::move(out.text);
        Text twice;
        ReadOptions standard;
        standard.dialect = {{"delimiter", ","}, {"quote", "\""}, {"escape", "doubled"}, {"header_rows", 0}};
        csv::convert(again, twice, standard);
    } catch (const Error&) {
    }
    return 0;
}
