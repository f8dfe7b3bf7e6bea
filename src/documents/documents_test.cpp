#include <doctest/doctest.h>

#include "base/error.hpp"
#include "documents/html.hpp"
#include "documents/text.hpp"

using namespace millrace;
using namespace millrace::documents;

namespace {

struct Bytes final : formats::Source {
    std::string text;
    explicit Bytes(std::string t) : text{std::move(t)} {}
    std::uint64_t size() const override { return text.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        return offset >= text.size() ? 0 : text.copy(into.data(), into.size(), offset);
    }
};

}  // namespace

TEST_CASE("a page is read as a person reads it") {
    const auto page = read_html(R"(<!DOCTYPE html><html lang="nl"><head><title> Prijslijst &amp; voorraad </title>
<meta name="description" content="Alle prijzen"><style>p { color: red }</style><script>if (a < b) document.write("<p>no</p>")</script></head>
<body><h1>Prijzen</h1><p>Vanaf <b>12,50&nbsp;&euro;</b> per
stuk.</p><!-- geheim --><table><tr><th>Art<th>Prijs<tr><td>A1<td>1,50</table><p hidden>niet <b>dit</b></p><ul><li>een<li>twee</ul></body></html>)");
    CHECK(page.title == "Prijslijst & voorraad");
    CHECK(page.language == "nl");
    CHECK(page.description == "Alle prijzen");
    CHECK(page.text == "Prijzen\nVanaf 12,50\u00a0€ per stuk.\nArt\tPrijs\nA1\t1,50\neen\ntwee\n");
}

TEST_CASE("broken markup never fails and loses no text") {
    for (const auto* html : {"<", "<p", "<p class=", "<p class=\"x", "<script>", "<!--", "</", "<title>x", "&", "&#", "&#x110000;", "a<b", "<a <b>c", "<select><option>", "<p hidden"}) {
        CAPTURE(html);
        CHECK_NOTHROW(read_html(html));
    }
    CHECK(read_html("3 < 4 &unknown; &#8364; &lt;p&gt;").text == "3 < 4 &unknown; € <p>\n");
    CHECK(read_html("<pre>a  b\n  c</pre>d").text == "a  b\n  c\nd\n");
}

TEST_CASE("text comes as it stands from any encoding, and HTML is known by its begin") {
    Bytes latin{"caf\xe9 voor 3 \x80\n"};
    CHECK(read_text(latin).text == "café voor 3 €\n");
    CHECK(read_text(latin).media_type == "text/plain");
    Bytes page{"\n<!-- x --><!doctype HTML><p>hi"};
    CHECK(read_text(page).media_type == "text/html");
    Bytes binary{std::string("PK\0\3", 4) + std::string(100, '\0')};
    CHECK_THROWS_AS(read_text(binary), Error);
}
