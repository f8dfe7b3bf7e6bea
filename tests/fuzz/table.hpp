#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "formats/format.hpp"

/// What must hold for every reader of tables, whatever the bytes.
namespace millrace::formats {

struct Bytes final : Source {
    std::string text;
    std::uint64_t size() const override { return text.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        return offset >= text.size() ? 0 : text.copy(into.data(), into.size(), offset);
    }
};

inline void must(bool holds) {
    if (!holds) std::abort();
}

/// Reads a table to its end: the account adds up, batches are rectangular and follow each other, rejects have a place.
/// Nothing when the source is refused, then `refused` has the error.
inline std::optional<ReadReport> read_table(const Format& format, Bytes& source, ReadOptions options, std::optional<Error>* refused = nullptr) {
    std::uint64_t rejects = 0;
    std::uint64_t last_line = 0;
    options.on_reject = [&](const Reject& reject) {
        ++rejects;
        must(reject.line >= last_line && reject.line >= 1);
        must(reject.byte_offset <= source.size());
        must(!reject.code.empty() && !reject.reason.empty());
        last_line = reject.line;
    };
    try {
        const auto reader = format.open(source, options);
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
        must(report.rows_in == report.rows_out + report.rows_rejected + report.rows_reported);
        must(report.rows_reported == report.header_rows + report.preamble_rows + report.footnote_rows + report.blank_rows +
                                         report.other_table_rows);
        must(report.rows_out == rows && report.rows_rejected == rejects && report.bytes == source.size());
        return report;
    } catch (const Error& error) {
        if (refused != nullptr) *refused = error;
        return std::nullopt;
    }
}

}  // namespace millrace::formats
