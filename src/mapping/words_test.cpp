#include "mapping/words.hpp"

#include <doctest/doctest.h>

#include "mapping/lexicon.hpp"

namespace millrace::mapping {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("a name is split into its words, whatever marks them") {
    struct Row { const char* name; std::string_view text; Words want; };
    for (const Row& row : std::initializer_list<Row>{
             {"underscore", "first_name", {"first", "name"}},
             {"camel case", "customerFirstName", {"customer", "first", "name"}},
             {"capitals before a word", "VATNumber", {"vat", "number"}},
             {"digits", "address2", {"address", "2"}},
             {"accents", "Numéro de TVA", {"numero", "de", "tva"}},
             {"accents and capitals", "PrénomÉlève", {"prenom", "eleve"}},
             {"number sign", "Item #", {"item", "number"}},
             {"percent sign", "Btw-%", {"btw", "percent"}},
             {"umlaut", "Straße", {"strasse"}},
             {"full width", "ＩＤ", {"id"}},
             {"traditional Chinese", "標題", {"标题"}},
             {"mixed", "商品Name", {"商品", "name"}},
             {"nothing", " -_- ", {}},
             {"bytes that are no text", "a\xFF\xFE b", {"a", "b"}},
         }) {
        CAPTURE(row.name);
        auto got = words_of(row.text);
        std::erase_if(got, [](const auto& word) { return word == "\xEF\xBF\xBD"; });
        CHECK(got == row.want);
    }
}

TEST_CASE("an abbreviation is known by what was left out") {
    struct Row { const char* name; std::string_view shorter; Words words; double least, most; };
    for (const Row& row : std::initializer_list<Row>{
             {"vowels", "bdgt", {"budget"}, 1, 1},
             {"vowels of two words", "dcdcd", {"decade", "code"}, 1, 1},
             {"beginnings of words", "decc", {"decade", "code"}, 0.85, 0.95},
             {"initials and a number", "do2", {"domgross", "2013"}, 0.85, 0.95},
             {"letters in order", "qty", {"quantity"}, 0.2, 0.7},
             {"another word", "bdgt", {"revenue"}, 0, 0},
             {"longer than the name", "budget", {"bdgt"}, 0, 0},
             {"nothing", "", {"budget"}, 0, 0},
         }) {
        CAPTURE(row.name);
        const double got = abbreviation(row.shorter, row.words);
        CHECK(got >= row.least);
        CHECK(got <= row.most);
    }
}

TEST_CASE("a long hostile name costs no more than its length allows") {
    const std::string letters(5000, 'a');
    CHECK(abbreviation(letters, Words(8, letters)) >= 0);
    CHECK(abbreviation(std::string(24, 'a'), Words(8, std::string(24, 'a'))) > 0);
    CHECK(edit_similarity(letters, letters + "b") == 0);
}

TEST_CASE("names that say nothing are told from short ones that do") {
    for (const auto* name : {"col4", "F12", "Unnamed: 3", "x", "column_7", "veld15", "", "7"}) {
        CAPTURE(name);
        CHECK(is_opaque(name));
    }
    for (const auto* name : {"id", "address2", "plz", "TP53", "EAN11", "BI"}) {
        CAPTURE(name);
        CHECK_FALSE(is_opaque(name));
    }
}

TEST_CASE("headers of five languages and of ERP systems mean the same") {
    struct Row { std::string_view header; Words want; };
    for (const Row& row : std::initializer_list<Row>{
             {"Geboortedatum", {"birth", "date"}},
             {"Geb.datum", {"birth", "date"}},
             {"Rechnungsnr.", {"invoice", "number"}},
             {"Fällig am", {"due", "date"}},
             {"Faellig am", {"due", "date"}},
             {"N° TVA", {"vat", "number"}},
             {"Código postal", {"postal", "code"}},
             {"MATNR", {"item", "number"}},
             {"Mindestbestellmenge", {"min", "order", "quantity"}},
             {"Voorname", {"first", "name"}},
             {"Lieferantennummer", {"supplier", "number"}},
             {"日期", {"date"}},
             {"價格", {"price"}},
         }) {
        CAPTURE(row.header);
        bool meant = false;
        for (const auto& meaning : Lexicon::built_in().meanings(words_of(row.header))) meant |= meaning.concepts == row.want;
        CHECK(meant);
    }
}

TEST_CASE("a word that the lexicon does not know stands for itself") {
    const auto meanings = Lexicon::built_in().meanings({"frobnitz"});
    REQUIRE(meanings.size() == 1);
    CHECK(meanings[0].concepts == Words{"frobnitz"});
}

}  // namespace
}  // namespace millrace::mapping
