// What is said of values that could not be made, once per language.
#include "transform/program.hpp"

namespace millrace::transform {

std::string_view fault_text(std::string_view code, std::string_view language) {
    struct Text {
        std::string_view code, en, nl;
    };
    constexpr Text texts[] = {
        {"not_a_number", "this is not a number", "dit is geen getal"},
        {"not_a_whole_number", "this is not a whole number", "dit is geen geheel getal"},
        {"too_many_digits", "it has more digits after the point than fit", "er staan meer cijfers achter de komma dan passen"},
        {"overflow", "the number is too large", "het getal is te groot"},
        {"division_by_zero", "division by zero", "deling door nul"},
        {"not_a_date", "this is not a date in the expected form", "dit is geen datum in de verwachte vorm"},
        {"impossible_date", "there is no such date", "deze datum bestaat niet"},
        {"ambiguous_date", "the date can be read in more than one way", "de datum is op meer manieren te lezen"},
        {"not_a_time", "this is not a time of day", "dit is geen tijdstip"},
        {"has_offset", "the time has an offset where a wall time is expected", "het tijdstip heeft een tijdzone waar die niet verwacht wordt"},
        {"no_offset", "the time has no offset", "het tijdstip heeft geen tijdzone"},
        {"not_a_bool", "this is neither of the words for true and false", "dit is geen woord voor waar of onwaar"},
        {"not_in_map", "the value is not in the map", "de waarde staat niet in de tabel"},
        {"not_in_list", "the value is not in the list", "de waarde staat niet in de lijst"},
        {"unknown_unit", "the unit has no rate", "voor deze eenheid is er geen koers"},
        {"too_many_items", "there are too many items", "er zijn te veel onderdelen"},
        {"not_json", "this is not JSON", "dit is geen JSON"},
        {"not_a_list", "this is not a list", "dit is geen lijst"},
        {"not_an_iban", "this is not an IBAN", "dit is geen IBAN"},
        {"not_an_ean", "this is not an EAN", "dit is geen EAN"},
        {"not_a_vat_number", "this is not a VAT number", "dit is geen btw-nummer"},
        {"not_an_email", "this is not an e-mail address", "dit is geen e-mailadres"},
        {"not_a_phone_number", "this is not a telephone number", "dit is geen telefoonnummer"},
        {"too_long", "the text is too long", "de tekst is te lang"},
        {"is_null", "there is no value", "er is geen waarde"},
    };
    for (const auto& text : texts) {
        if (text.code == code) return language == "nl" ? text.nl : text.en;
    }
    return code;
}

}  // namespace millrace::transform
