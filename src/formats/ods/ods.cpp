#include "formats/ods/ods.hpp"

#include <array>

#include "base/error.hpp"
#include "formats/ods/detail/content.hpp"
#include "formats/sheet/recognise.hpp"
#include "formats/sheet/table.hpp"

namespace millrace::formats::ods {
namespace {

constexpr std::string_view media = "application/vnd.oasis.opendocument.spreadsheet";
constexpr std::size_t manifest_bytes_max = 16 << 20;

/// The content part of a document, which holds all of its tables.
class Document {
public:
    explicit Document(Source& source) : archive_{source} {
        if (const auto manifest = archive_.find("META-INF/manifest.xml")) {
            if (archive_.text_of(*manifest, manifest_bytes_max).find("encryption-data") != std::string::npos) throw Error{Code::encrypted_file};
        }
        const auto content = archive_.find("content.xml");
        if (!content) throw Error{Code::malformed_file, {{"why", "it has no content"}}};
        content_ = *content;
    }
    std::unique_ptr<sheet::ByteStream> content() { return archive_.open(content_); }

private:
    sheet::Archive archive_;
    sheet::Archive::Entry content_;
};

struct Found {
    std::size_t place = 0;  ///< in the document
    std::string name;
};

Found find_table(Document& document, std::size_t table) {
    auto bytes = document.content();
    auto tables = list_tables(*bytes, table);
    auto sorted = tables;
    const auto order = sheet::visible_first(sorted);
    const auto place = order[sheet::checked_table(table, order.size())];
    return {place, tables[place].name};
}

class OpenSheet final : public sheet::RowSource {
public:
    OpenSheet(std::unique_ptr<Document> document, std::size_t place)
        : document_{std::move(document)}, bytes_{document_->content()}, rows_{read_rows(*bytes_, place)} {}
    bool read(sheet::RowBlock& block) override { return rows_->read(block); }
    double progress() const override { return rows_->progress(); }

private:
    std::unique_ptr<Document> document_;
    std::unique_ptr<sheet::ByteStream> bytes_;
    std::unique_ptr<sheet::RowSource> rows_;
};

struct Ods final : Format {
    std::string_view name() const override { return "ods"; }
    std::string_view media_type() const override { return media; }
    std::span<const std::string_view> extensions() const override {
        static constexpr std::array<std::string_view, 2> known = {"ods", "ots"};
        return known;
    }
    double recognise(std::string_view head, std::uint64_t, std::string_view filename) const override {
        if (!sheet::is_zip(head)) return 0;
        const auto inside = sheet::media_type_inside(head);
        if (inside.starts_with(media)) return 0.97;
        return inside.empty() && sheet::has_extension(filename, extensions()) ? 0.6 : 0;
    }
    std::vector<TableInfo> tables(Source& source, const ReadOptions&) const override {
        Document document{source};
        auto tables = list_tables(*document.content());
        sheet::visible_first(tables);
        return tables;
    }
    bool counts_other_tables() const override { return false; }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions& options) const override {
        auto document = std::make_unique<Document>(source);
        auto found = find_table(*document, options.table);
        return sheet::open_sheet({.format = name(), .name = std::move(found.name), .source_bytes = source.size()},
                                 std::make_unique<OpenSheet>(std::move(document), found.place), options);
    }
};

}  // namespace

const Format& format() {
    static const Ods ods;
    return ods;
}

}  // namespace millrace::formats::ods
