#include "formats/xlsx/xlsx.hpp"

#include <array>

#include "base/error.hpp"
#include "formats/sheet/recognise.hpp"
#include "formats/sheet/table.hpp"
#include "formats/xlsx/detail/sheet.hpp"
#include "formats/xlsx/detail/workbook.hpp"

namespace millrace::formats::xlsx {
namespace {

/// A workbook and the rows of one of its sheets, with everything that they refer to.
class OpenSheet final : public sheet::RowSource {
public:
    OpenSheet(std::unique_ptr<sheet::Archive> archive, const Workbook& workbook, const SheetPart& part) : archive_{std::move(archive)} {
        context_.epoch = workbook.epoch;
        if (const auto entry = find(workbook.styles)) context_.styles = read_styles(*archive_->open(*entry));
        if (const auto entry = find(workbook.shared_strings)) context_.strings = SharedStrings{*archive_->open(*entry), entry->bytes};
        const auto entry = find(part.part);
        if (!entry) throw Error{Code::malformed_file, {{"why", "a sheet is missing"}}};
        bytes_ = archive_->open(*entry);
        rows_ = read_rows(*bytes_, context_);
    }
    bool read(sheet::RowBlock& block) override { return rows_->read(block); }
    double progress() const override { return rows_->progress(); }

private:
    std::optional<sheet::Archive::Entry> find(std::string_view part) const {
        return part.empty() ? std::nullopt : archive_->find(part);
    }

    std::unique_ptr<sheet::Archive> archive_;
    Context context_;
    std::unique_ptr<sheet::ByteStream> bytes_;
    std::unique_ptr<sheet::RowSource> rows_;
};

std::unique_ptr<sheet::Archive> open_archive(Source& source) {
    if (sheet::is_compound(sheet::head_of(source))) sheet::refuse_compound(source);
    return std::make_unique<sheet::Archive>(source);
}

std::vector<TableInfo> tables_of(const Workbook& workbook) {
    std::vector<TableInfo> tables;
    for (const auto& part : workbook.sheets) tables.push_back({part.name, part.hidden});
    return tables;
}

struct Xlsx final : Format {
    std::string_view name() const override { return "xlsx"; }
    std::string_view media_type() const override { return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"; }
    std::span<const std::string_view> extensions() const override {
        static constexpr std::array<std::string_view, 4> known = {"xlsx", "xlsm", "xltx", "xltm"};
        return known;
    }
    double recognise(std::string_view head, std::uint64_t, std::string_view filename) const override {
        const bool named = sheet::has_extension(filename, extensions());
        // With a password, the whole of it lies in a container of the old kind.
        if (sheet::is_compound(head)) return sheet::holds_name(head, sheet::encrypted_package) ? 0.95 : named ? 0.6 : 0;
        if (!sheet::is_zip(head)) return 0;
        if (sheet::has_entry(head, "xl/")) return 0.95;
        // Letters and slides have the same frame.
        const bool other = sheet::has_entry(head, "word/") || sheet::has_entry(head, "ppt/");
        return named || (sheet::has_entry(head, "[Content_Types].xml") && !other) ? 0.6 : 0;
    }
    std::vector<TableInfo> tables(Source& source, const ReadOptions&) const override {
        const auto archive = open_archive(source);
        auto tables = tables_of(read_workbook(*archive));
        sheet::visible_first(tables);
        return tables;
    }
    bool counts_other_tables() const override { return false; }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions& options) const override {
        auto archive = open_archive(source);
        const auto workbook = read_workbook(*archive);
        auto tables = tables_of(workbook);
        const auto order = sheet::visible_first(tables);
        const auto& part = workbook.sheets[order[sheet::checked_table(options.table, order.size())]];
        return sheet::open_sheet({.format = name(), .name = part.name, .source_bytes = source.size()},
                                 std::make_unique<OpenSheet>(std::move(archive), workbook, part), options);
    }
};

}  // namespace

const Format& format() {
    static const Xlsx xlsx;
    return xlsx;
}

}  // namespace millrace::formats::xlsx
