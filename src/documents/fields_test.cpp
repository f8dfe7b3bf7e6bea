#include <doctest/doctest.h>

#include "documents/extraction.hpp"
#include "documents/fields.hpp"

using namespace millrace::documents;

namespace {

Extraction document(std::string text) {
    Extraction made;
    made.pages.push_back({.text = std::move(text), .words = {}});
    return made;
}

std::string value(const std::optional<Field>& field) { return field ? field->value : "none"; }

}  // namespace

TEST_CASE("a date is found in the notations of four languages") {
    struct Row { const char* name; const char* text; const char* want; };
    for (const Row& row : std::initializer_list<Row>{
             {"day first", "Date: 25/12/2018", "2018-12-25"},
             {"short year", "Datum 03.04.19", "2019-04-03"},
             {"iso", "Invoice date 2020-02-29", "2020-02-29"},
             {"english", "Date of issue: December 25th, 2018", "2018-12-25"},
             {"abbreviated", "DATE 25-DEC-2018 14:33", "2018-12-25"},
             {"dutch", "Factuurdatum: 3 maart 2021", "2021-03-03"},
             {"german", "Rechnungsdatum 7. März 2014", "2014-03-07"},
             {"french", "Date de facture : 1er août 2015", "2015-08-01"},
             {"letters for digits", "Date: 1O/O2/2O18", "2018-02-10"},
             {"month first where no day fits", "Date: 12/25/2018", "2018-12-25"},
             {"not a date", "Version 1.2.3.4 of 31/02/2018", "none"},
         }) {
        CAPTURE(row.name);
        CHECK(value(find_fields(document(row.text)).date) == row.want);
    }
}

TEST_CASE("the date of issue is told from the others") {
    struct Row { const char* name; const char* text; };
    for (const Row& row : std::initializer_list<Row>{
             {"due date first", "Due date: 01/05/2020\nOrder date: 20/03/2020\nInvoice date: 01/04/2020\n"},
             {"in one line", "Factuurdatum: 01-04-2020   Vervaldatum: 01-05-2020"},
             {"in columns", "Fällig am        Rechnungsdatum     Lieferdatum\n01.05.2020       01.04.2020         28.03.2020\n"},
             {"beside one of delivery, without a label", "Livré le 28/03/2020\n01/04/2020\nÉchéance 01/05/2020\n"},
         }) {
        CAPTURE(row.name);
        CHECK(value(find_fields(document(row.text)).date) == "2020-04-01");
    }
}

TEST_CASE("the total is told from what surrounds it") {
    struct Row { const char* name; const char* text; const char* want; };
    for (const Row& row : std::initializer_list<Row>{
             {"cash and change", "TEA 2.50\nRICE 7.50\nTOTAL 10.00\nCASH 50.00\nCHANGE 40.00\n", "10.00"},
             {"rounding", "TOTAL      33.91\nROUNDING ADJ  -0.01\nROUNDED TOTAL (RM)   33.90\nCASH 40.00\nCHANGE 6.10\n", "33.90"},
             {"tax summary behind", "Total (RM)   33.92\nGST Summary   Amount(RM)   Tax(RM)\nSR @ 6%        32.00        1.92\n", "33.92"},
             {"dutch", "Subtotaal   € 100,00\nBtw 21%   € 21,00\nTe betalen   € 121,00\n", "121.00"},
             {"german thousands", "Nettobetrag 1.000,00 €\nMwSt. 19% 190,00 €\nGesamtbetrag 1.190,00 €\n", "1190.00"},
             {"french spaces", "Total HT  1 000,00 €\nTVA 20 %  200,00 €\nNet à payer  1 200,00 €\n", "1200.00"},
             {"in columns", "Subtotal      VAT        Total\n100.00        20.00      120.00\n", "120.00"},
             {"a label read badly", "TOTAI    12.50\nCASH   20.00\nCHANGE 7.50\n", "12.50"},
             {"of things, not of money", "Total Qty   4\nTotal    8.40\n", "8.40"},
             {"amounts of a column", "Item   Amount\nDesk   480.10\nChair  90.00\nTotal due   570.10\n", "570.10"},
         }) {
        CAPTURE(row.name);
        CHECK(value(find_fields(document(row.text)).total) == row.want);
    }
}

TEST_CASE("codes are found by their check digits and labels") {
    const auto fields = find_fields(document(
        "Kanaal Kantoor B.V.\nFactuurnummer:        2019-89551\nBtw-nummer NL123456789B01\nIBAN: NL91 ABNA 0417 1643 OO   BIC: ABNANL2A\nTe betalen € 12,50\n"));

    CHECK(value(fields.iban) == "NL91ABNA0417164300");
    CHECK(value(fields.bic) == "ABNANL2A");
    CHECK(value(fields.vat) == "NL123456789B01");
    CHECK(value(fields.invoice_number) == "2019-89551");
    CHECK(value(fields.currency) == "EUR");
    CHECK(value(fields.company) == "Kanaal Kantoor B.V.");
}

TEST_CASE("a number with wrong check digits is no IBAN") {
    CHECK_FALSE(find_fields(document("IBAN: NL92 ABNA 0417 1643 00")).iban);
}

TEST_CASE("a field says where it stands, also behind characters of several bytes") {
    const auto made = document("Société Été SARL\nNet à payer : 12,50 €");

    const auto fields = find_fields(made);

    REQUIRE(fields.total);
    CHECK(made.pages[0].text.substr(fields.total->start, fields.total->end - fields.total->start) == "12,50");
}

TEST_CASE("noise has no fields and does no harm") {
    for (const auto& text : {std::string{}, std::string(5000, '1'), std::string(3000, '/'), std::string{"\xff\xfe\xc3"}, std::string(3000, ' ') + "5", std::string{"total total total ."}}) {
        CHECK_FALSE(find_fields(document(text)).iban);
    }
}
