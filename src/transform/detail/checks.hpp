#pragma once

#include <span>
#include <string>
#include <string_view>

/// Codes that carry their own check, and other formats of text.
namespace millrace::transform {

/// Letters in upper case and digits; everything else left out.
std::string letters_and_digits(std::string_view text);

bool is_iban(std::string_view text);  ///< without spaces, in upper case
bool is_ean(std::string_view digits);  ///< 8, 12, 13 or 14 digits
bool is_bic(std::string_view text);
bool is_luhn(std::string_view digits);
bool is_isbn(std::string_view text);  ///< 10 or 13, without hyphens
/// With the letters of its country in front: the form of all countries of the EU and GB, NO, CH; the check digits of AT BE DE DK
/// ES FI IT LU NL PL PT SE SI and others where they are simple.
bool is_vat(std::string_view text);
bool is_email(std::string_view text);
bool is_url(std::string_view text);
bool is_uuid(std::string_view text);
bool is_ip(std::string_view text);
bool is_country(std::string_view text);   ///< ISO 3166-1 alpha-2
bool is_currency(std::string_view text);  ///< ISO 4217
bool is_phone(std::string_view text);     ///< E.164

struct Check {
    std::string_view name;
    bool (*holds)(std::string_view text);
    std::string (*repair)(std::string_view text);  ///< how it might be meant; not always better
};
std::span<const Check> checks();
const Check* find_check(std::string_view name);
/// "bic, country, ..."
std::string check_names();

/// +31612345678, by the country's code and trunk prefix; empty when it cannot be one.
std::string to_e164(std::string_view text, std::string_view country);
bool knows_phones_of(std::string_view country);

}  // namespace millrace::transform
