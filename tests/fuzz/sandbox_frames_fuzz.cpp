// Any bytes as what a child says to its parent: tables or rows that keep their promises, or an Error that a file may
// end with. What the parent answers goes nowhere.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "formats/sandbox/parent.hpp"
#include "base/utf8.hpp"

namespace {

using namespace millrace;
using namespace millrace::formats;

void must(bool holds) {
    if (!holds) std::abort();
}

struct Bytes final : Source {
    std::uint64_t size() const override { return 1000; }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        const auto got = offset >= 1000 ? 0 : std::min<std::size_t>(into.size(), 1000 - offset);
        std::memset(into.data(), 'x', got);
        return got;
    }
};

struct Child final : sandbox::Link {
    std::string_view said;
    explicit Child(std::string_view s) : said{s} {}
    void read(std::span<char> into) override {
        if (said.size() < into.size()) throw Error{Code::parser_crashed, {{"format", "fuzz"}, {"why", "gone"}}};
        said.copy(into.data(), into.size());
        said.remove_prefix(into.size());
    }
    void write(std::string_view) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view said{reinterpret_cast<const char*>(data) + 1, size - 1};
    Bytes source;
    std::uint64_t rejects = 0;
    ReadOptions options{.on_reject = [&](const Reject& reject) { must(!reject.code.empty()), ++rejects; }, .record_bytes_max = 1 << 20, .columns_max = 100};
    try {
        if (data[0] % 2 == 1) {
            Child child{said};
            must(!sandbox::ask_tables(child, "fuzz", source, options).empty());
            return 0;
        }
        const auto reader = sandbox::ask_table(std::make_unique<Child>(said), "fuzz", source, options);
        must(!reader->names().empty() && reader->names().size() <= 100);
        std::uint64_t rows = 0, consumed = 0;
        for (TextBatch batch; reader->next(batch); rows += batch.rows) {
            must(batch.rows > 0 && batch.columns == reader->names().size() && batch.cells.size() == batch.rows * batch.columns);
            must(batch.first_row == rows && batch.bytes_consumed >= consumed && batch.bytes_consumed <= 1000);
            consumed = batch.bytes_consumed;
            for (const auto& cell : batch.cells) must(first_invalid_utf8(cell.text()) == std::string_view::npos);
        }
        const auto& report = reader->report();
        must(report.rows_out == rows && report.rows_rejected == rejects);
        must(report.rows_in == report.rows_out + report.rows_rejected + report.rows_reported);
    } catch (const Error& error) {
        must(error.code() != Code::internal);
    }
    return 0;
}
