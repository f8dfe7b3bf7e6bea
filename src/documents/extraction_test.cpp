#include <doctest/doctest.h>

#include "base/error.hpp"
#include "documents/extracted.hpp"
#include "formats/sheet/testing.hpp"

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

TEST_CASE("letters and slides give their text in the order of the page") {
    using formats::sheet::zip_of;
    struct Row { const char* name; std::string bytes; std::vector<std::string> pages; };
    const std::string rels = R"(<Relationships xmlns="x">)";
    for (const Row& row : std::initializer_list<Row>{
             {"letter.docx",
              zip_of({{"[Content_Types].xml", "<Types/>"},
                      {"word/_rels/document.xml.rels", rels + R"(<Relationship Id="r1" Type="http://x/header" Target="header1.xml"/></Relationships>)"},
                      {"word/header1.xml", "<w:hdr xmlns:w='w'><w:p><w:r><w:t>Kanaal B.V.</w:t></w:r></w:p></w:hdr>"},
                      {"word/document.xml", "<w:document xmlns:w='w'><w:body><w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>Total</w:t><w:tab/><w:t>12.50</w:t></w:r>"
                                            "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
                                            "<w:p><w:r><w:br w:type='page'/><w:t>next</w:t></w:r></w:p></w:body></w:document>"}}),
              {"Kanaal B.V.\nTotal\t12.50\na \tb", "next"}},
             {"slides.pptx",
              zip_of({{"[Content_Types].xml", "<Types/>"},
                      {"ppt/presentation.xml", "<p:presentation xmlns:p='p' xmlns:r='r'><p:sldIdLst><p:sldId id='257' r:id='r9'/><p:sldId id='256' r:id='r2'/></p:sldIdLst></p:presentation>"},
                      {"ppt/_rels/presentation.xml.rels", rels + R"(<Relationship Id="r2" Type="x/slide" Target="slides/slide1.xml"/><Relationship Id="r9" Type="x/slide" Target="slides/slide2.xml"/></Relationships>)"},
                      {"ppt/slides/slide1.xml", "<p:sld xmlns:p='p' xmlns:a='a'><a:p><a:r><a:t>second</a:t></a:r></a:p></p:sld>"},
                      {"ppt/slides/slide2.xml", "<p:sld xmlns:p='p' xmlns:a='a'><a:p><a:r><a:t>first</a:t></a:r></a:p></p:sld>"}}),
              {"first", "second"}},
             {"text.odt",
              zip_of({{"mimetype", "application/vnd.oasis.opendocument.text", true},
                      {"content.xml", "<o:document-content xmlns:o='o' xmlns:text='t'><o:body><text:h>Kop</text:h><text:p>een<text:s text:c='2'/>twee<text:line-break/>drie</text:p></o:body></o:document-content>"}}),
              {"Kop\neen  twee\ndrie"}},
         }) {
        CAPTURE(row.name);
        Extractor extractor{{.program = MILLRACE_EXTRACT}};
        formats::TextSource source{row.bytes};

        const auto read = read_document(source, row.name, extractor);

        std::vector<std::string> pages;
        for (const auto& page : read.document.pages) pages.push_back(page.text);
        CHECK(pages == row.pages);
    }
}

TEST_CASE("a message gives what it says, and what is attached to it is read") {
    Extractor extractor{{.program = MILLRACE_EXTRACT}};
    formats::TextSource source{
        "From: =?ISO-8859-1?Q?Caf=E9_Ren=E9?= <rene@example.com>\r\nTo: me@example.com\r\nSubject: Facture\r\nDate: Tue, 25 Dec 2018 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain; charset=windows-1252\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nVoil=E0 la facture.\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>the same</p>\r\n--c--\r\n--b\r\nContent-Type: application/pdf\r\n"
        "Content-Disposition: attachment; filename=f.pdf\r\n\r\n" + pdf("BT /F1 12 Tf 20 300 Td (Total due: 12.50 and more letters than a stamp) Tj ET") + "\r\n--b--\r\n"};

    const auto read = read_document(source, "mail.eml", extractor);

    REQUIRE(read.document.pages.size() == 1);
    CHECK(read.document.media_type == "message/rfc822");
    CHECK(read.document.pages[0].text.starts_with("From: Caf\u00e9 Ren\u00e9 <rene@example.com>\nTo: me@example.com\nDate: 2018-12-25 10:00\nSubject: Facture\n\nVoil\u00e0 la facture."));
    CHECK(read.text().find("the same") == std::string::npos);
    REQUIRE(read.attached.size() == 1);
    CHECK(read.attached[0].filename == "f.pdf");
    REQUIRE(read.attached[0].fields.total);
    CHECK(read.attached[0].fields.total->value == "12.50");
}

TEST_CASE("a mailbox is a page for each message") {
    Extractor extractor{{.program = MILLRACE_EXTRACT}};
    formats::TextSource source{"From a@b Tue Dec 25 10:00:00 2018\nFrom: a@b\nTo: c@d\nSubject: one\n\nfirst\n\nFrom a@b Tue Dec 25 11:00:00 2018\nFrom: a@b\nTo: c@d\nSubject: two\n\nsecond\n"};

    const auto read = read_document(source, "box.mbox", extractor);

    REQUIRE(read.document.pages.size() == 2);
    CHECK(read.document.pages[1].text.find("Subject: two\n\nsecond") != std::string::npos);
}

TEST_CASE("text that only speaks of mail is no message") {
    CHECK_FALSE(is_mail("Dear all,\nFrom: here\nTo: there\nSubject: roads\n"));
    CHECK_FALSE(is_mail("name: x\nprice: 5\n\n"));
    CHECK(is_mail("Received: by x\n\tfor y\nDate: today\nSubject: z\n\nhello"));
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
