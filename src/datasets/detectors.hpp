#pragma once

#include <boost/describe/enum.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

/// What kind of thing a single value looks like, whatever its column is called.
namespace millrace::datasets {

/// In order of how much a match tells: what has a checksum or a form of its own comes before what many values look like.
BOOST_DEFINE_ENUM_CLASS(Detector,
    iban,           ///< with the length of its country and its check digits; spaces allowed
    vat_id,         ///< of the EU, GB, NO or CH, with the prefix of the country; check digits of NL, BE and DE
    email,
    url,            ///< http, https, ftp, or beginning with "www."
    uuid,
    lat_lon,        ///< "52.3702, 4.8952"
    gtin,           ///< 8, 12, 13 or 14 digits with their check digit (EAN, UPC)
    money,          ///< a number with a currency sign or code beside it
    date,           ///< also with a time behind it
    phone,          ///< "+31 20 624 1111", "020-6241111": 7 to 15 digits, national ones 9 to 11 with a leading zero
    postal_code,    ///< forms with letters or marks (1017 AB, SW1A 1AA, 00-950, B-1000) and five digits; four are years too often
    boolean,        ///< true/false, yes/no, 0/1 and the like in English, Dutch, German and French
    currency_code,  ///< ISO 4217, capitals
    country_code,   ///< ISO 3166 alpha-2 or alpha-3, capitals
    country_name,   ///< in English, Dutch, German, French or Spanish, whatever the case of ASCII letters
    latitude,       ///< -90 to 90 with four decimals or more
    longitude)      ///< -180 to 180 with four decimals or more

inline constexpr std::size_t detector_count = 17;

/// A set of detectors.
class Detected {
public:
    bool has(Detector detector) const { return (bits_ >> static_cast<unsigned>(detector) & 1) != 0; }
    bool empty() const { return bits_ == 0; }
    void set(Detector detector) { bits_ |= 1u << static_cast<unsigned>(detector); }
    std::uint32_t bits() const { return bits_; }
    bool operator==(const Detected&) const = default;

private:
    std::uint32_t bits_ = 0;
};

/// All that the value looks like; blanks around it do not matter. Pure; some 50 to 200 ns.
Detected detect(std::string_view value);

/// What the value looks like most: the first of `detect`, in the order above.
std::optional<Detector> detector_of(std::string_view value);

}  // namespace millrace::datasets
