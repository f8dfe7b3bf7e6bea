#pragma once

#include <boost/describe/enum.hpp>

#include <array>
#include <cstdint>
#include <string_view>

#include "mapping/summary.hpp"

namespace millrace::mapping {

/// What a value can be recognised as.
BOOST_DEFINE_ENUM_CLASS(Kind, email, url, image, phone, iban, bic, vat, gtin, uuid, ip, currency, country_code, country_name, language, postal,
                        house, date, birth, instant, time, boolean, gender, first_name, last_name, person, city, company, street, unit, vat_rate,
                        money, latitude, longitude, year, percent, salutation)
constexpr std::size_t kind_count = 36;

/// Can the kind be told from the value alone, so that a column without such values cannot be of it?
bool is_certain(Kind kind);

/// Share of the values of a column that are of each kind, 0 to 1.
using Kinds = std::array<float, kind_count>;
Kinds detect(const Summary& values);

/// Is one value of this kind? (birth, vat_rate and the like depend on the others and are only detected for columns.)
bool is_kind(std::string_view text, Kind kind);

/// Is a text a number, in any usual notation; with a decimal mark, a currency sign or a percent sign?
struct NumberForm {
    bool number = false;
    bool decimals = false;
    bool comma = false;     ///< the decimal mark is a comma
    bool thousands = false; ///< there are marks between thousands
    bool sign = false;      ///< a currency sign or code
    bool percent = false;
    double value = 0;
};
NumberForm number_form(std::string_view text);

/// Is a text a date, and how is it written?
struct DateForm {
    enum class Order : std::uint8_t { none, ymd, dmy, mdy, either, words };  ///< either: dmy or mdy, both are possible
    Order order = Order::none;
    bool has_time = false;
    int year = 0;
};
DateForm date_form(std::string_view text);

}  // namespace millrace::mapping
