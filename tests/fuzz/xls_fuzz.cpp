// Any bytes as an old workbook, whole or (an odd first byte) as its stream alone: rows or an Error.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/error.hpp"
#include "formats/sheet/table.hpp"
#include "formats/xls/detail/workbook.hpp"
#include "formats/xls/xls.hpp"

namespace {

using namespace millrace;
using namespace millrace::formats;

void must(bool holds) {
    if (!holds) std::abort();
}

struct Bytes final : Source {
    std::string_view bytes;
    explicit Bytes(std::string_view b) : bytes{b} {}
    std::uint64_t size() const override { return bytes.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        return bytes.copy(into.data(), into.size(), std::min<std::uint64_t>(offset, bytes.size()));
    }
};

void read_all(TableReader& reader) {
    std::uint64_t count = 0;
    for (TextBatch batch; reader.next(batch); count += batch.rows) must(batch.cells.size() == batch.rows * reader.names().size());
    const auto& report = reader.report();
    must(report.rows_out == count && report.rows_in == report.rows_out + report.rows_rejected + report.rows_reported);
}

void read_stream(Source& source) {
    xls::Stream stream{source, {0}, static_cast<std::uint32_t>(source.size()), source.size()};
    const auto workbook = xls::read_workbook(stream);
    for (std::size_t i = 0; i < std::min<std::size_t>(workbook.sheets.size(), 3); ++i) {
        const auto reader = sheet::open_sheet({.format = "xls", .name = "", .source_bytes = source.size()},
                                              xls::read_rows(stream, workbook, workbook.sheets[i]), {});
        read_all(*reader);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    Bytes source{{reinterpret_cast<const char*>(data) + 1, size - 1}};
    try {
        if (data[0] % 2 == 1) read_stream(source);
        else read_all(*xls::format().open(source, {}));
    } catch (const Error& error) {
        must(error.code() != Code::internal);
    }
    return 0;
}
