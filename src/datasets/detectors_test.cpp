#include <doctest/doctest.h>

#include <string>

#include "base/describe.hpp"
#include "datasets/detectors.hpp"

using namespace millrace;
using namespace millrace::datasets;

namespace {

std::string names(Detected found) {
    std::string out;
    for (std::size_t i = 0; i < detector_count; ++i) {
        if (!found.has(static_cast<Detector>(i))) continue;
        if (!out.empty()) out += ' ';
        out += word(static_cast<Detector>(i));
    }
    return out;
}

}  // namespace

TEST_CASE("a value is known by its form and its check digits") {
    struct Row { std::string_view value; const char* want; };
    for (const Row& row : std::initializer_list<Row>{
             {"NL91ABNA0417164300", "iban"},
             {"nl91 abna 0417 1643 00", "iban"},
             {"GB82 WEST 1234 5698 7654 32", "iban"},
             {"NL91ABNA0417164301", ""},      // a wrong digit
             {"ZZ91ABNA0417164300", ""},      // no such country
             {"DE8937040044053201300", ""},   // a digit is missing
             {"NL004495445B01", "vat_id"},
             {"NL004495446B01", ""},
             {"NL000099998B57", "vat_id"},
             {"BE0428759497", "vat_id"},
             {"BE 0428.759.497", "vat_id"},
             {"BE0428759498", ""},
             {"DE136695976", "vat_id"},
             {"DE136695977", ""},
             {"FR83404833048", "vat_id"},
             {"4006381333931", "gtin"},
             {"036000291452", "gtin"},
             {"96385074", "gtin"},
             {"4006381333932", ""},
             {"00000000", ""},
             {"jan@example.org", "email"},
             {"a.b+c@sub.example.co.uk", "email"},
             {"a..b@example.org", ""},
             {"jan@localhost", ""},
             {"@example.org", ""},
             {"jan@example.org, piet@example.org", ""},
             {"https://example.org/a?b=c", "url"},
             {"www.example.org", "url"},
             {"https:///nothing", ""},
             {"see https://example.org", ""},
             {"123e4567-e89b-12d3-a456-426614174000", "uuid"},
             {"{123E4567-E89B-12D3-A456-426614174000}", "uuid"},
             {"123e4567-e89b-12d3-a456-42661417400g", ""},
             {"52.3702, 4.8952", "lat_lon"},
             {"(-33.86 151.21)", "lat_lon"},
             {"95.3702, 4.8952", ""},
             {"52.3702", "latitude longitude"},
             {"-151.2093", "longitude"},
             {"52.37", ""},
             {"€ 1.249,00", "money"},
             {"EUR 12", "money"},
             {"-$5.00", "money"},
             {"12,50 USD", "money"},
             {"5,-", ""},
             {"XXQ 12", ""},
             {"2024-02-29", "date"},
             {"2024-02-30", ""},
             {"31/12/1999", "date"},
             {"12/31/1999", "date"},
             {"31.12.99 23:59", "date"},
             {"20240131", "date"},
             {"2024-01-31T10:00:00.123Z", "date"},
             {"5 januari 2024", "date"},
             {"Jan 5, 2024", "date"},
             {"05-mei-2024", "date"},
             {"2024-01-31 and more", ""},
             {"+31 20 624 1111", "phone"},
             {"020-62411", ""},               // too few digits
             {"020-6241111", "phone"},
             {"(020) 624 11 11", "phone"},
             {"1017 AB", "postal_code"},
             {"1017ab", "postal_code"},
             {"SW1A 1AA", "postal_code"},
             {"10115", "postal_code"},
             {"B-1000", "postal_code"},
             {"1999", ""},
             {"yes", "boolean"},
             {"Nee", "boolean"},
             {"EUR", "currency_code"},
             {"eur", ""},
             {"NLD", "country_code"},
             {"DE", "country_code"},
             {"Nederland", "country_name"},
             {"GERMANY", "country_name"},
             {"España", "country_name"},
             {"Germanyx", ""},
             {"", ""},
             {"   ", ""},
             {" NL ", "country_code"},
         }) {
        CAPTURE(std::string{row.value});
        
        CHECK(names(detect(row.value)) == row.want);
    }
}

TEST_CASE("of several things that a value looks like the most telling one is given") {
    CHECK(detector_of("NL91ABNA0417164300") == Detector::iban);
    CHECK(detector_of("20240131") == Detector::date);
    CHECK(detector_of("NO") == Detector::boolean);
    CHECK(detector_of("hello") == std::nullopt);
}

TEST_CASE("no value is too long or too odd to be looked at") {
    CHECK(detect(std::string(100'000, '@')).empty());
    CHECK(detect(std::string("a\0b@c.de", 8)).empty());
    CHECK(detect("\xff\xfe").empty());
    for (std::size_t size = 0; size < 70; ++size) {
        for (const char c : {'0', '1', 'A', 'z', '-', '.', ' ', ',', '+', ':', '/', '\xc3'}) (void)detect(std::string(size, c));
    }
}
