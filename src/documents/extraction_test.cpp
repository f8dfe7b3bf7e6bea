#include <doctest/doctest.h>

#include "base/error.hpp"
#include "documents/extracted.hpp"
#include "formats/testing.hpp"

#ifdef MILLRACE_EXTRACT

using namespace millrace;
using namespace millrace::documents;

namespace {

std::string pdf(std::string_view content) {
    std::string text = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
                       "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 400]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj "
                       "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj 4 0 obj<</Length " + std::to_string(content.size()) + ">>stream\n";
    return text.append(content).append("\nendstream endobj trailer<</Root 1 0 R>>");
}

Code refusal(Extractor& extractor, std::string bytes) {
    formats::TextSource source{std::move(bytes)};
    try {
        extractor.extract(source, "file");
    } catch (const Error& error) {
        return error.code();
    }
    return Code::internal;
}

}  // namespace

TEST_CASE("a PDF gives its text and its fields") {
    Extractor extractor{{.program = MILLRACE_EXTRACT}};
    formats::TextSource source{pdf("BT /F1 12 Tf 20 300 Td (Invoice date: 25/12/2018) Tj 0 -20 Td (Total due: 12.50) Tj ET")};

    const auto read = read_document(source, "invoice.pdf", extractor);

    CHECK(read.document.media_type == "application/pdf");
    REQUIRE(read.document.pages.size() == 1);
    CHECK(read.document.pages[0].text.find("Invoice date: 25/12/2018") != std::string::npos);
    CHECK(read.fields.date->value == "2018-12-25");
    CHECK(read.fields.total->value == "12.50");
}

TEST_CASE("what cannot be read is refused, and the next document is read all the same") {
    Extractor extractor{{.program = MILLRACE_EXTRACT}};

    CHECK(refusal(extractor, "%PDF-1.7\nnothing of the kind") == Code::malformed_file);
    CHECK(refusal(extractor, std::string{"\x89PNG\r\n\x1a\n"} + std::string(100, 'x')) == Code::malformed_file);
    CHECK(refusal(extractor, "") == Code::empty_file);
    formats::TextSource source{pdf("BT /F1 12 Tf 20 300 Td (still here, and more letters than a stamp) Tj ET")};
    CHECK(extractor.extract(source, "a.pdf").text().find("still here") != std::string::npos);
}

TEST_CASE("a program that is missing is named") {
    Extractor extractor{{.program = "/nowhere/millrace-extract"}};

    CHECK(refusal(extractor, pdf("")) == Code::extractor_missing);
}

#endif
