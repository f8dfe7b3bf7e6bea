#pragma once

#include <string_view>

/// Identifiers that prove themselves by their form and check digits. None allocates.
namespace millrace::datasets {

/// ISO 13616: known country, its length, ISO 7064 mod 97. Single spaces may stand between groups.
bool is_iban(std::string_view text);
/// GS1: digits only, 8, 12, 13 or 14 of them, mod 10 with weights 3 and 1. All zeros are none.
bool is_gtin(std::string_view digits);
/// Form by country; check digits of NL (both kinds), BE and DE. Points, blanks and hyphens inside do not matter.
bool is_vat_id(std::string_view text);

}  // namespace millrace::datasets
