#pragma once

#include <string>
#include <string_view>

#include "formats/sheet/testing.hpp"

/// Workbooks for tests, made part by part.
namespace millrace::formats::xlsx {

struct BookSheet {
    std::string name;
    std::string rows;          ///< what stands in sheetData
    std::string attributes{};  ///< of the sheet in the workbook, e.g. state="hidden"
    std::string kind = "worksheet";
};

struct Book {
    std::vector<BookSheet> sheets;
    std::string shared{};    ///< items of the shared strings
    std::string formats{};   ///< numFmt elements
    std::string cell_formats{};  ///< xf elements of cellXfs
    std::string properties{};    ///< attributes of workbookPr
    std::string prefix{};        ///< of the elements of sheets, "x:"
    bool strict = false;
};

inline std::vector<sheet::ZipEntry> parts_of(const Book& book) {
    const std::string main = book.strict ? "http://purl.oclc.org/ooxml/spreadsheetml/main" : "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const std::string types = book.strict ? "http://purl.oclc.org/ooxml/officeDocument/relationships" : "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const std::string relations = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">";
    const auto relation = [&](const std::string& id, const std::string& kind, const std::string& target) {
        return "<Relationship Id=\"" + id + "\" Type=\"" + types + "/" + kind + "\" Target=\"" + target + "\"/>";
    };
    std::vector<sheet::ZipEntry> parts = {
        {"[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"},
        {"_rels/.rels", relations + relation("r1", "officeDocument", "xl/workbook.xml") + "</Relationships>"},
    };
    std::string sheets, targets;
    for (std::size_t i = 0; i < book.sheets.size(); ++i) {
        const auto& sheet = book.sheets[i];
        const auto number = std::to_string(i + 1);
        sheets += "<sheet name=\"" + sheet.name + "\" sheetId=\"" + number + "\" r:id=\"s" + number + "\" " + sheet.attributes + "/>";
        targets += relation("s" + number, sheet.kind, "worksheets/sheet" + number + ".xml");
        const auto& p = book.prefix;
        const auto space = p.empty() ? "xmlns" : "xmlns:" + p.substr(0, p.size() - 1);
        parts.push_back({"xl/worksheets/sheet" + number + ".xml",
                         "<?xml version=\"1.0\" encoding=\"UTF-8\"?><" + p + "worksheet " + space + "=\"" + main + "\"><" + p + "dimension ref=\"A1:XFD1048576\"/><" + p + "sheetData>" +
                             sheet.rows + "</" + p + "sheetData></" + p + "worksheet>"});
    }
    targets += relation("st", "styles", "styles.xml") + relation("ss", "sharedStrings", "/xl/sharedStrings.xml");
    parts.push_back({"xl/workbook.xml", "<workbook xmlns=\"" + main + "\" xmlns:r=\"" + types + "\"><workbookPr " + book.properties + "/><sheets>" + sheets + "</sheets></workbook>"});
    parts.push_back({"xl/_rels/workbook.xml.rels", relations + targets + "</Relationships>"});
    parts.push_back({"xl/styles.xml", "<styleSheet xmlns=\"" + main + "\"><numFmts>" + book.formats + "</numFmts><cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs><cellXfs>" +
                                          book.cell_formats + "</cellXfs></styleSheet>"});
    parts.push_back({"xl/sharedStrings.xml", "<sst xmlns=\"" + main + "\">" + book.shared + "</sst>"});
    return parts;
}

inline std::string book_of(const Book& book) { return sheet::zip_of(parts_of(book)); }

/// A workbook of one sheet.
inline std::string sheet_of(std::string rows) { return book_of({.sheets = {{.name = "one", .rows = std::move(rows)}}}); }

}  // namespace millrace::formats::xlsx
