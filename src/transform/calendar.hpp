#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

/// Dates and times as text, by patterns such as "dd/MM/yyyy" or "yyyy-MM-dd'T'HH:mm:ssXXX".
namespace millrace::transform {

inline constexpr std::int64_t micros_per_second = 1'000'000;
inline constexpr std::int64_t micros_per_day = 86'400 * micros_per_second;

struct Date {
    std::int64_t year = 1970;
    unsigned month = 1, day = 1;
};

/// Days since 1970-01-01 in the Gregorian calendar; years 1 to 9999.
std::int64_t days_of(const Date& date);
Date date_of(std::int64_t days);
unsigned days_in_month(std::int64_t year, unsigned month);
bool is_date(const Date& date);
/// Are the days within the years 1 to 9999?
bool is_day(std::int64_t days);

/// What was read, and which parts of it were there.
struct Moment {
    std::int64_t days = 0;
    std::int64_t micros = 0;  ///< since midnight
    std::optional<int> offset_minutes;
};

enum class DateFault : std::uint8_t { none, not_a_date, impossible_date, ambiguous_date };

/// A pattern, ready for use. Letters: yyyy yy MMMM MMM MM M dd d HH H hh h mm ss S.. a XXX; everything else stands for
/// itself, letters between apostrophes. MMM and MMMM read the names of months in English, Dutch, German, French and Spanish,
/// and write them in English. yy stands for 1970 to 2069.
class DatePattern {
public:
    /// Error{invalid_parameter} says which letters mean nothing, or what stands twice.
    static Result<DatePattern> compile(std::string_view pattern);

    bool has_date() const { return has_date_; }
    bool has_time() const { return has_time_; }
    bool has_offset() const { return has_offset_; }

    DateFault parse(std::string_view text, Moment& moment) const;
    void append(std::string& out, const Moment& moment) const;

private:
    enum class Part : std::uint8_t { literal, year, short_year, month_name, short_month_name, month, day, hour, half_hour, minute, second, fraction, half, offset };
    struct Token {
        Part part;
        std::uint8_t width = 0;  // of a number: digits at least (and at most, when 2 or more)
        std::string literal;
    };
    const char* read(const Token& token, const char* at, const char* end, Date& date, Moment& moment, int& half) const;

    std::vector<Token> tokens_;
    bool has_date_ = false, has_time_ = false, has_offset_ = false;
};

/// Which part of a date stands first where only numbers say so.
enum class Order : std::uint8_t { ymd, dmy, mdy };

/// A date of three numbers in the order, between any of - / . or spaces; the year has four digits.
DateFault parse_in_order(std::string_view text, Order order, std::int64_t& days);
/// yyyy-MM-dd. A date that could be dd/MM/yyyy as well as MM/dd/yyyy is `ambiguous_date`.
DateFault parse_iso_date(std::string_view text, std::int64_t& days);
/// HH:mm[:ss[.ffffff]]
bool parse_iso_time(std::string_view text, std::int64_t& micros);
/// A date, "T" or a space, a time, and perhaps Z or an offset.
DateFault parse_iso_timestamp(std::string_view text, Moment& moment);

}  // namespace millrace::transform
