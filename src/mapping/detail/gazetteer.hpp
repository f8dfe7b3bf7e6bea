#pragma once

#include <string_view>

/// Short lists of what is often found in business data; enough to tell a column of cities from one of names, not more.
/// Words are folded (mapping::fold) unless said otherwise; those of several words are squashed.
namespace millrace::mapping::detail {

bool is_first_name(std::string_view word);
bool is_last_name(std::string_view word);
bool is_city(std::string_view squashed);
bool is_company_form(std::string_view word);
bool is_street_word(std::string_view word);
bool is_unit(std::string_view squashed);
bool is_boolean(std::string_view folded);
bool is_gender(std::string_view folded);
bool is_salutation(std::string_view squashed);
bool is_month(std::string_view word);
bool is_language(std::string_view folded);
bool is_currency(std::string_view text);      ///< ISO 4217, capitals
bool is_country_code(std::string_view text);  ///< ISO 3166-1 alpha-2 or alpha-3, capitals
bool is_country_name(std::string_view squashed);

}  // namespace millrace::mapping::detail
