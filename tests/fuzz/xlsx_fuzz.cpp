// Any bytes as a part of a workbook: rows that keep their promises or an Error, never more memory than the limits say.
// The first byte chooses the part: a worksheet, the shared strings, the styles, or the content of an OpenDocument sheet.
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/error.hpp"
#include "formats/ods/detail/content.hpp"
#include "formats/sheet/table.hpp"
#include "formats/xlsx/detail/sheet.hpp"
#include "formats/xlsx/detail/workbook.hpp"

namespace {

using namespace millrace;
using namespace millrace::formats;

void must(bool holds) {
    if (!holds) std::abort();
}

struct Bytes final : sheet::ByteStream {
    std::string_view bytes;
    std::size_t at = 0;
    explicit Bytes(std::string_view b) : bytes{b} {}
    std::size_t read(std::span<char> into) override {
        const auto got = bytes.copy(into.data(), into.size(), at);
        at += got;
        return got;
    }
    double progress() const override { return bytes.empty() ? 1 : static_cast<double>(at) / static_cast<double>(bytes.size()); }
};

/// Passes rows on and looks whether they are what RowSource promises.
struct Checked final : sheet::RowSource {
    std::unique_ptr<sheet::RowSource> inner;
    std::uint64_t row = 0;
    std::uint64_t blocks = 0;
    explicit Checked(std::unique_ptr<sheet::RowSource> i) : inner{std::move(i)} {}
    bool read(sheet::RowBlock& block) override {
        if (++blocks > 2000 || !inner->read(block)) return false;  // a repeated row may make very many
        must(!block.rows.empty());
        for (std::size_t r = 0; r < block.rows.size(); ++r) {
            must(block.rows[r].number > row && block.rows[r].number <= sheet::rows_max);
            row = block.rows[r].number;
            std::int64_t column = -1;
            must(block.rows[r].first < block.end_of(r) && block.end_of(r) <= block.cells.size());
            for (auto c = block.rows[r].first; c < block.end_of(r); ++c) {
                const auto& cell = block.cells[c];
                must(cell.column > column && cell.column < sheet::columns_max && cell.size > 0);
                must(cell.begin + cell.size <= block.text.size());
                column = cell.column;
            }
        }
        return true;
    }
    double progress() const override { return inner->progress(); }
};

void read_table(std::unique_ptr<sheet::RowSource> rows) {
    const auto reader = sheet::open_sheet({.format = "fuzz", .name = "", .source_bytes = 1000}, std::make_unique<Checked>(std::move(rows)),
                                          {.record_bytes_max = 1 << 20, .columns_max = 2000});
    std::uint64_t count = 0;
    for (TextBatch batch; reader->next(batch); count += batch.rows) must(batch.cells.size() == batch.rows * reader->names().size());
    const auto& report = reader->report();
    must(report.rows_out == count && report.rows_in == report.rows_out + report.rows_rejected + report.rows_reported);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Bytes bytes{{reinterpret_cast<const char*>(data) + 1, size - 1}};
    try {
        xlsx::Context context;
        switch (data[0] % 4) {
            case 0: {
                Bytes strings{"<sst><si><t>zero</t></si><si><t>one</t></si></sst>"};
                context.strings = xlsx::SharedStrings{strings, 100};
                context.styles = {sheet::Shown::number, sheet::Shown::date, sheet::Shown::time, sheet::Shown::timestamp, sheet::Shown::elapsed};
                context.epoch = size % 2 == 0 ? sheet::Epoch::from_1900 : sheet::Epoch::from_1904;
                read_table(xlsx::read_rows(bytes, context));
                break;
            }
            case 1: {
                const xlsx::SharedStrings strings{bytes, size};
                for (std::size_t i = 0; i < strings.size(); ++i) must(strings[i].size() <= size * 2);
                break;
            }
            case 2: xlsx::read_styles(bytes); break;
            case 3: {
                const auto tables = ods::list_tables(bytes);
                for (std::size_t i = 0; i < std::min<std::size_t>(tables.size(), 2); ++i) {
                    bytes.at = 0;
                    read_table(ods::read_rows(bytes, i));
                }
                break;
            }
        }
    } catch (const Error& error) {
        must(error.code() != Code::internal);
    }
    return 0;
}
