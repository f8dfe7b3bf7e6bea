#include "formats/xls/xls.hpp"

#include <array>

#include "formats/sheet/recognise.hpp"
#include "formats/sheet/table.hpp"
#include "formats/xls/detail/compound.hpp"
#include "formats/xls/detail/workbook.hpp"

namespace millrace::formats::xls {
namespace {

/// A workbook with its stream, whole.
struct Book {
    Stream stream;
    Workbook workbook;

    static std::unique_ptr<Book> open(Source& source) {
        const Compound compound{source};
        if (compound.has("EncryptedPackage")) throw Error{Code::encrypted_file};
        auto stream = compound.open("Workbook");
        if (!stream) {
            const char* what = compound.has("Book") ? "xls before Excel 97" : "an old Office document without a workbook";
            throw Error{Code::unsupported_format, {{"format", what}, {"known", "xls, xlsx, csv"}}};
        }
        auto workbook = read_workbook(*stream);
        return std::unique_ptr<Book>{new Book{std::move(*stream), std::move(workbook)}};
    }
    std::vector<TableInfo> tables() const {
        std::vector<TableInfo> found;
        for (const auto& part : workbook.sheets) found.push_back({part.name, part.hidden});
        return found;
    }
};

class OpenSheet final : public sheet::RowSource {
public:
    OpenSheet(std::unique_ptr<Book> book, const SheetPart& part) : book_{std::move(book)}, rows_{read_rows(book_->stream, book_->workbook, part)} {}
    bool read(sheet::RowBlock& block) override { return rows_->read(block); }
    double progress() const override { return rows_->progress(); }

private:
    std::unique_ptr<Book> book_;
    std::unique_ptr<sheet::RowSource> rows_;
};

struct Xls final : Format {
    std::string_view name() const override { return "xls"; }
    std::string_view media_type() const override { return "application/vnd.ms-excel"; }
    std::span<const std::string_view> extensions() const override {
        static constexpr std::array<std::string_view, 2> known = {"xls", "xlt"};
        return known;
    }
    double recognise(std::string_view head, std::uint64_t, std::string_view filename) const override {
        if (!sheet::is_compound(head)) return 0;
        // The directory with the names may stand behind the head, so an old document by another name may be one as well.
        return sheet::has_extension(filename, extensions()) || sheet::holds_name(head, "Workbook") ? 0.9 : 0.55;
    }
    std::vector<TableInfo> tables(Source& source, const ReadOptions&) const override {
        auto tables = Book::open(source)->tables();
        sheet::visible_first(tables);
        return tables;
    }
    bool counts_other_tables() const override { return false; }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions& options) const override {
        auto book = Book::open(source);
        auto tables = book->tables();
        const auto order = sheet::visible_first(tables);
        const auto& part = book->workbook.sheets[order[sheet::checked_table(options.table, order.size())]];
        auto name_of_sheet = part.name;
        return sheet::open_sheet({.format = name(), .name = std::move(name_of_sheet), .source_bytes = source.size()},
                                 std::make_unique<OpenSheet>(std::move(book), part), options);
    }
};

}  // namespace

const Format& format() {
    static const Xls xls;
    return xls;
}

}  // namespace millrace::formats::xls
