#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "formats/csv/csv.hpp"

// Any bytes give rows or an error, never a crash: the account adds up, batches are rectangular, counting and reading
// agree, and what convert() writes reads back.

namespace {

using namespace millrace;
using namespace millrace::formats;

struct Bytes final : Source {
    std::string text;
    std::uint64_t size() const override { return text.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        return offset >= text.size() ? 0 : text.copy(into.data(), into.size(), offset);
    }
};

struct Text final : Sink {
    std::string text;
    void write(std::string_view bytes) override { text += bytes; }
};

void must(bool holds) {
    if (!holds) std::abort();
}

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
    std::uint64_t rejects = 0;
    std::uint64_t last_line = 0;
    options.on_reject = [&](const Reject& reject) {
        ++rejects;
        must(reject.line >= last_line && reject.line >= 1);
        must(reject.byte_offset <= source.size());
        must(!reject.code.empty() && !reject.reason.empty());
        last_line = reject.line;
    };
    const auto reader = csv::format().open(source, options);
    std::uint64_t rows = 0;
    std::uint64_t consumed = 0;
    std::uint64_t sum = 0;
    for (TextBatch batch; reader->next(batch);) {
        must(batch.columns == reader->names().size());
        must(batch.rows > 0 && batch.cells.size() == batch.rows * batch.columns);
        must(batch.first_row == rows);
        must(batch.bytes_consumed >= consumed && batch.bytes_consumed <= source.size());
        consumed = batch.bytes_consumed;
        rows += batch.rows;
        for (const auto& cell : batch.cells) {
            for (const char c : cell.text()) sum += static_cast<unsigned char>(c);  // a sanitizer sees a wrong pointer
        }
    }
    must(sum < UINT64_MAX);
    const auto& report = reader->report();
    check(report);
    must(report.rows_out == rows && report.rows_rejected == rejects && report.bytes == source.size());
    options.on_reject = nullptr;
    const auto counted = csv::count(source, options);
    must(counted.rows_in == report.rows_in && counted.rows_out == report.rows_out);
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
    try {
        read(source, options);
    } catch (const Error&) {
    }
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
