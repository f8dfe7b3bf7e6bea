#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/describe.hpp"
#include "transform/decimal.hpp"
#include "transform/detail/render.hpp"
#include "transform/detail/text.hpp"
#include "transform/operators/groups.hpp"

namespace millrace::transform {
namespace {

std::string_view word(NumberFault fault) {
    switch (fault) {
        case NumberFault::not_a_number: return "not_a_number";
        case NumberFault::overflow: return "overflow";
        case NumberFault::too_many_digits: return "too_many_digits";
        case NumberFault::none: break;
    }
    return "";
}

NumberNotation notation_of(const Site& site) {
    const auto point = site.text("point"), group = site.text("group");
    if (point.size() != 1 || (point != "." && point != ",")) Site::refuse("a decimal point is . or ,");
    if (group.size() > 1 || (group.size() == 1 && std::string_view{".,' _"}.find(group[0]) == std::string_view::npos)) Site::refuse("groups are separated by one of . , ' _ and space, or by nothing");
    if (group == point) Site::refuse("the point and what separates groups are the same");
    return {.point = point[0], .group = group.empty() ? '\0' : group[0], .loose = site.flag("loose")};
}

std::uint8_t scale_of(const Site& site, std::string_view name, std::size_t argument) {
    const auto scale = site.number(name);
    if (scale < 0 || scale > 30) Site::refuse("digits after the point are a number from 0 to 30", argument);
    return static_cast<std::uint8_t>(scale);
}

Rounding rounding_of(const Site& site) {
    const auto mode = from_word<Rounding>(site.text("mode"));
    if (!mode) Site::refuse("the modes are half_up, half_even, half_down, up, down, ceiling and floor", 2);
    return *mode;
}

constexpr Int128 int_min = std::numeric_limits<std::int64_t>::min(), int_max = std::numeric_limits<std::int64_t>::max();

/// The value of a row as a decimal of another scale that is not smaller.
std::optional<Int128> decimal_at(const Vector& vector, std::size_t row, int scale) {
    const Int128 value = vector.type.kind == Kind::decimal ? vector.decimals[row] : static_cast<Int128>(vector.ints[row]);
    return scale_up(value, scale - vector.type.scale);
}

double float_at(const Vector& vector, std::size_t row) {
    switch (vector.type.kind) {
        case Kind::float64: return vector.floats[row];
        case Kind::decimal: return static_cast<double>(vector.decimals[row]) / std::pow(10.0, vector.type.scale);
        default: return static_cast<double>(vector.ints[row]);
    }
}

Bound bind_parse_int(const Site& site) {
    NumberNotation notation{.point = 0, .group = 0, .loose = site.flag("loose")};
    const auto group = site.text("group");
    if (group.size() > 1) Site::refuse("groups are separated by one character", 1);
    if (!group.empty()) notation.group = group[0];
    return {.type = {Kind::int64}, .run = [notation](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            Int128 value = 0;
            auto fault = parse_decimal(text, notation, 0, value);
            if (fault == NumberFault::none && (value < int_min || value > int_max)) fault = NumberFault::overflow;
            if (fault != NumberFault::none) return call.fail(row, fault == NumberFault::not_a_number ? "not_a_whole_number" : word(fault), text);
            call.out.ints[row] = static_cast<std::int64_t>(value);
        });
    }};
}

Bound bind_parse_decimal(const Site& site) {
    const auto scale = scale_of(site, "scale", 1);
    return {.type = {Kind::decimal, scale}, .run = [notation = notation_of(site), scale](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            const auto fault = parse_decimal(text, notation, scale, call.out.decimals[row]);
            if (fault != NumberFault::none) call.fail(row, word(fault), text);
        });
    }};
}

Bound bind_parse_float(const Site& site) {
    return {.type = {Kind::float64}, .run = [point = notation_of(site).point](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = trim(call.arg(0).texts[row]);
            double value = 0;
            const auto read = fast_float::from_chars_advanced(text.data(), text.data() + text.size(), value, fast_float::parse_options{fast_float::chars_format::general, point});
            if (read.ec == std::errc::result_out_of_range || (read.ec == std::errc{} && std::isinf(value))) return call.fail(row, "overflow", text);
            if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || std::isnan(value)) return call.fail(row, "not_a_number", text);
            call.out.floats[row] = value;
        });
    }};
}

Bound bind_to_int(const Site& site) {
    const auto from = site.types[0];
    return {.type = {Kind::int64}, .run = [from](Call& call) {
        each(call, [&](std::size_t row) {
            if (from.kind == Kind::int64) {
                call.out.ints[row] = call.arg(0).ints[row];
            } else if (from.kind == Kind::decimal) {
                const auto value = scale_down_exactly(call.arg(0).decimals[row], from.scale);
                if (!value) return call.fail(row, "not_a_whole_number", text_of(call.arg(0), row));
                if (*value < int_min || *value > int_max) return call.fail(row, "overflow", text_of(call.arg(0), row));
                call.out.ints[row] = static_cast<std::int64_t>(*value);
            } else {
                const double value = call.arg(0).floats[row];
                if (value != std::trunc(value)) return call.fail(row, "not_a_whole_number", text_of(call.arg(0), row));
                if (!(value >= -0x1p63 && value < 0x1p63)) return call.fail(row, "overflow", text_of(call.arg(0), row));
                call.out.ints[row] = static_cast<std::int64_t>(value);
            }
        });
    }};
}

Bound bind_to_decimal(const Site& site) {
    const auto scale = scale_of(site, "scale", 1);
    const auto from = site.types[0];
    return {.type = {Kind::decimal, scale}, .run = [from, scale](Call& call) {
        each(call, [&](std::size_t row) {
            if (from.kind == Kind::float64) {
                // By its shortest text, so that 0.1 is 0.1; digits beyond the scale are refused.
                const auto text = fmt::format("{:f}", call.arg(0).floats[row]);
                const auto shortest = text_of(call.arg(0), row);
                const auto fault = parse_decimal(shortest.find('e') == shortest.npos ? shortest : text, {}, scale, call.out.decimals[row]);
                if (fault != NumberFault::none) call.fail(row, word(fault), shortest);
                return;
            }
            const Int128 value = from.kind == Kind::decimal ? call.arg(0).decimals[row] : static_cast<Int128>(call.arg(0).ints[row]);
            const auto made = from.scale <= scale ? scale_up(value, scale - from.scale) : scale_down_exactly(value, from.scale - scale);
            if (!made) return call.fail(row, from.scale <= scale ? "overflow" : "too_many_digits", text_of(call.arg(0), row));
            call.out.decimals[row] = *made;
        });
    }};
}

Bound bind_to_float(const Site&) {
    return {.type = {Kind::float64}, .run = [](Call& call) { each(call, [&](std::size_t row) { call.out.floats[row] = float_at(call.arg(0), row); }); }};
}

Bound bind_to_text(const Site&) {
    return {.type = {Kind::text}, .run = [](Call& call) {
        const auto& from = call.arg(0);
        if (from.type.is_text()) {
            each(call, [&](std::size_t row) { call.out.texts[row] = from.texts[row]; });
            return;
        }
        std::string text;
        each(call, [&](std::size_t row) {
            text.clear();
            append_value(text, from, row);
            call.out.texts[row] = call.frame.scratch.keep(text);
        });
    }};
}

Bound bind_format_number(const Site& site) {
    const auto notation = notation_of(site);
    const bool all = !site.constants.contains("digits");
    const auto digits = all ? std::uint8_t{0} : scale_of(site, "digits", 1);
    const auto from = site.types[0];
    if (from.kind == Kind::float64) Site::refuse("a float has no exact digits; use to_decimal() or round() first", 0);
    return {.type = {Kind::text}, .run = [notation, digits, all, from](Call& call) {
        std::string plain, text;
        each(call, [&](std::size_t row) {
            Int128 value = from.kind == Kind::decimal ? call.arg(0).decimals[row] : static_cast<Int128>(call.arg(0).ints[row]);
            const int shown = all ? from.scale : digits;
            if (shown < from.scale) value = scale_down(value, from.scale - shown, Rounding::half_up);
            else if (const auto more = scale_up(value, shown - from.scale)) value = *more;
            else return call.fail(row, "overflow", text_of(call.arg(0), row));
            plain.clear();
            append_decimal(plain, value, shown, false);
            text.clear();
            const auto point = std::min(plain.find('.'), plain.size());
            for (std::size_t i = 0; i < plain.size(); ++i) {
                if (i < point && notation.group && i > 0 && plain[i - 1] != '-' && (point - i) % 3 == 0) text += notation.group;
                text += i == point ? notation.point : plain[i];
            }
            call.out.texts[row] = call.frame.scratch.keep(text);
        });
    }};
}

enum class Sign : unsigned char { plus, minus };

template <Sign sign>
Bound bind_add(const Site& site) {
    const auto a = site.types[0], b = site.types[1];
    if (a.kind == Kind::float64 || b.kind == Kind::float64) {
        if (a.kind == Kind::decimal || b.kind == Kind::decimal) Site::refuse("a decimal and a float do not mix; say to_float() or to_decimal()");
        return {.type = {Kind::float64}, .run = [](Call& call) {
            each(call, [&](std::size_t row) {
                const double x = float_at(call.arg(0), row), y = float_at(call.arg(1), row);
                call.out.floats[row] = sign == Sign::plus ? x + y : x - y;
                if (std::isinf(call.out.floats[row])) call.fail(row, "overflow");
            });
        }};
    }
    if (a.kind == Kind::int64 && b.kind == Kind::int64) {
        return {.type = {Kind::int64}, .run = [](Call& call) {
            each(call, [&](std::size_t row) {
                const auto x = call.arg(0).ints[row], y = call.arg(1).ints[row];
                auto& result = call.out.ints[row];
                if (sign == Sign::plus ? __builtin_add_overflow(x, y, &result) : __builtin_sub_overflow(x, y, &result)) call.fail(row, "overflow", std::to_string(x));
            });
        }};
    }
    const auto scale = std::max(a.scale, b.scale);
    return {.type = {Kind::decimal, scale}, .run = [scale](Call& call) {
        each(call, [&](std::size_t row) {
            const auto x = decimal_at(call.arg(0), row, scale), y = decimal_at(call.arg(1), row, scale);
            const auto sum = x && y ? add(*x, sign == Sign::plus ? *y : -*y) : std::nullopt;
            if (!sum) return call.fail(row, "overflow", text_of(call.arg(0), row));
            call.out.decimals[row] = *sum;
        });
    }};
}

Bound bind_multiply(const Site& site) {
    const auto a = site.types[0], b = site.types[1];
    if (a.kind == Kind::float64 || b.kind == Kind::float64) {
        if (a.kind == Kind::decimal || b.kind == Kind::decimal) Site::refuse("a decimal and a float do not mix; say to_float() or to_decimal()");
        return {.type = {Kind::float64}, .run = [](Call& call) {
            each(call, [&](std::size_t row) {
                call.out.floats[row] = float_at(call.arg(0), row) * float_at(call.arg(1), row);
                if (std::isinf(call.out.floats[row])) call.fail(row, "overflow");
            });
        }};
    }
    if (a.kind == Kind::int64 && b.kind == Kind::int64) {
        return {.type = {Kind::int64}, .run = [](Call& call) {
            each(call, [&](std::size_t row) {
                const auto x = call.arg(0).ints[row];
                if (__builtin_mul_overflow(x, call.arg(1).ints[row], &call.out.ints[row])) call.fail(row, "overflow", std::to_string(x));
            });
        }};
    }
    const int scale = a.scale + b.scale;
    if (scale > 36) Site::refuse(fmt::format("the product would have {} digits after the point; round() one of the factors", scale));
    return {.type = {Kind::decimal, static_cast<std::uint8_t>(scale)}, .run = [](Call& call) {
        each(call, [&](std::size_t row) {
            const auto product = multiply(*decimal_at(call.arg(0), row, call.arg(0).type.scale), *decimal_at(call.arg(1), row, call.arg(1).type.scale));
            if (!product) return call.fail(row, "overflow", text_of(call.arg(0), row));
            call.out.decimals[row] = *product;
        });
    }};
}

/// Division by 100, 8 or 0.25 is a multiplication with a few digits more: exact, and without a division of 128 bits.
std::optional<Bound> divide_by_constant(const Site& site) {
    const auto* divisor = site.known[1];
    if (!divisor || !divisor->has(0)) return std::nullopt;
    const Int128 value = *decimal_at(*divisor, 0, divisor->type.scale);
    const int scale = divisor->type.scale;
    for (int more = 0; more <= 12; ++more) {
        if (value == 0 || power_of_ten(more) % value != 0) continue;
        const int digits = site.types[0].scale + more - scale;
        const auto factor = multiply(power_of_ten(more) / value, power_of_ten(std::max(0, -digits)));
        if (!factor || digits > 30) return std::nullopt;
        return Bound{.type = {Kind::decimal, static_cast<std::uint8_t>(std::max(digits, 0))}, .run = [factor = *factor](Call& call) {
            const auto& x = call.arg(0);
            each(call, [&](std::size_t row) {
                const auto result = multiply(x.type.kind == Kind::decimal ? x.decimals[row] : static_cast<Int128>(x.ints[row]), factor);
                if (!result) return call.fail(row, "overflow", text_of(x, row));
                call.out.decimals[row] = *result;
            });
        }};
    }
    return std::nullopt;
}

Bound bind_divide(const Site& site) {
    const auto a = site.types[0], b = site.types[1];
    if (a.kind == Kind::float64 || b.kind == Kind::float64) {
        if (a.kind == Kind::decimal || b.kind == Kind::decimal) Site::refuse("a decimal and a float do not mix; say to_float() or to_decimal()");
        return {.type = {Kind::float64}, .run = [](Call& call) {
            each(call, [&](std::size_t row) {
                const double divisor = float_at(call.arg(1), row);
                if (divisor == 0) return call.fail(row, "division_by_zero", text_of(call.arg(0), row));
                call.out.floats[row] = float_at(call.arg(0), row) / divisor;
            });
        }};
    }
    if (auto bound = divide_by_constant(site)) return std::move(*bound);
    // Twelve digits more than the longer of both, at most 24: what is cut off is rounded half up, far behind any cent.
    const int scale = std::max<int>(std::min(std::max(a.scale, b.scale) + 12, 24), a.scale);
    return {.type = {Kind::decimal, static_cast<std::uint8_t>(scale)}, .run = [scale](Call& call) {
        each(call, [&](std::size_t row) {
            const auto &x = call.arg(0), &y = call.arg(1);
            const auto divisor = *decimal_at(y, row, y.type.scale);
            if (divisor == 0) return call.fail(row, "division_by_zero", text_of(x, row));
            const auto result = divide(*decimal_at(x, row, x.type.scale), divisor, scale - x.type.scale + y.type.scale, Rounding::half_up);
            if (!result || !fits(*result)) return call.fail(row, "overflow", text_of(x, row));
            call.out.decimals[row] = *result;
        });
    }};
}

Bound bind_mod(const Site&) {
    return {.type = {Kind::int64}, .run = [](Call& call) {
        each(call, [&](std::size_t row) {
            const auto divisor = call.arg(1).ints[row];
            if (divisor == 0) return call.fail(row, "division_by_zero", text_of(call.arg(0), row));
            call.out.ints[row] = divisor == -1 ? 0 : call.arg(0).ints[row] % divisor;
        });
    }};
}

template <class Ints, class Decimals, class Floats>
Bound number_to_number(const Site& site, Ints ints, Decimals decimals, Floats floats) {
    return {.type = site.types[0], .run = [=](Call& call) {
        each(call, [&](std::size_t row) {
            switch (call.out.type.kind) {
                case Kind::int64:
                    if (call.arg(0).ints[row] == std::numeric_limits<std::int64_t>::min()) return call.fail(row, "overflow", text_of(call.arg(0), row));
                    call.out.ints[row] = ints(call.arg(0).ints[row]);
                    break;
                case Kind::decimal: call.out.decimals[row] = decimals(call.arg(0).decimals[row]); break;
                default: call.out.floats[row] = floats(call.arg(0).floats[row]);
            }
        });
    }};
}

Bound bind_negate(const Site& site) {
    const auto minus = [](auto value) { return -value; };
    return number_to_number(site, minus, minus, minus);
}
Bound bind_abs(const Site& site) {
    const auto size = [](auto value) { return value < 0 ? -value : value; };
    return number_to_number(site, size, size, size);
}

Bound bind_sign(const Site&) {
    return {.type = {Kind::int64}, .run = [](Call& call) {
        each(call, [&](std::size_t row) {
            const auto sign = [](auto value) { return value < 0 ? -1 : value > 0 ? 1 : 0; };
            const auto& arg = call.arg(0);
            call.out.ints[row] = arg.type.kind == Kind::float64 ? sign(arg.floats[row]) : arg.type.kind == Kind::decimal ? sign(arg.decimals[row]) : sign(arg.ints[row]);
        });
    }};
}

Bound round_to(const Site& site, std::int64_t digits, Rounding mode) {
    const auto from = site.types[0];
    if (from.kind == Kind::int64) return {.type = from, .run = [](Call& call) { each(call, [&](std::size_t row) { call.out.ints[row] = call.arg(0).ints[row]; }); }};
    if (from.kind == Kind::float64) {
        Site::refuse("a float cannot be rounded to decimal digits exactly; parse it with parse_decimal(), or use to_decimal()", 0);
    }
    const auto scale = static_cast<std::uint8_t>(std::min<std::int64_t>(digits, from.scale));
    return {.type = {Kind::decimal, scale}, .run = [cut = from.scale - scale, mode](Call& call) {
        each(call, [&](std::size_t row) { call.out.decimals[row] = scale_down(call.arg(0).decimals[row], cut, mode); });
    }};
}

Bound bind_round(const Site& site) { return round_to(site, scale_of(site, "digits", 1), rounding_of(site)); }
Bound bind_floor(const Site& site) { return round_to(site, 0, Rounding::floor); }
Bound bind_ceil(const Site& site) { return round_to(site, 0, Rounding::ceiling); }

Bound bind_convert(const Site& site) {
    if (site.types[0].kind == Kind::float64) Site::refuse("only exact numbers are converted; use to_decimal() first", 0);
    constexpr std::uint8_t rate_scale = 12;
    std::map<std::string, Int128, std::less<>> rates;
    for (const auto& entry : site.constants.at("rates").as_object()) {
        const auto& given = entry.value();
        const std::string text = given.is_string() ? std::string{std::string_view{given.get_string()}} : json::serialize(given);
        Int128 rate = 0;
        if (parse_decimal(text, {}, rate_scale, rate) != NumberFault::none) Site::refuse("the rate of " + std::string{entry.key()} + " is no number of at most 12 digits after the point", 2);
        rates.emplace(entry.key(), rate);
    }
    const int scale = site.types[0].scale + rate_scale;
    if (scale > 36) Site::refuse("the number has too many digits after the point; round() it first", 0);
    return {.type = {Kind::decimal, static_cast<std::uint8_t>(scale)}, .run = [rates = std::move(rates)](Call& call) {
        each(call, [&](std::size_t row) {
            const auto& value = call.arg(0);
            const auto unit = call.arg(1).texts[row];
            const auto rate = rates.find(unit);
            if (rate == rates.end()) return call.fail(row, "unknown_unit", unit);
            const auto product = multiply(*decimal_at(value, row, value.type.scale), rate->second);
            if (!product) return call.fail(row, "overflow", text_of(value, row));
            call.out.decimals[row] = *product;
        });
    }};
}

constexpr Operator operators[] = {
    {"parse_int(text: text, group: const text = '', loose: const bool = false) -> int", "A whole number of 64 bits. `loose` allows white space, a plus and a currency sign.", "parse_int('1.200', group: '.') = 1200", bind_parse_int},
    {"parse_decimal(text: text, scale: const int = 6, point: const text = '.', group: const text = '', loose: const bool = false) -> decimal", "An exact number with up to `scale` digits after the point; more that are not zero are an error, never rounded.", "parse_decimal('1.234,50', 2, ',', '.') = 1234.5", bind_parse_decimal},
    {"parse_float(text: text, point: const text = '.') -> float", "A binary floating-point number, also with an exponent. For measurements, not for money.", "parse_float('1.5e3') = 1.5e3", bind_parse_float},
    {"to_int(number: number) -> int", "The same number as int; an error when it is not whole.", "to_int(12.0) = 12", bind_to_int},
    {"to_decimal(number: number, scale: const int = 6) -> decimal", "The same number with `scale` digits after the point; an error when it has more.", "to_decimal(1.5e0, 2) = 1.5", bind_to_decimal},
    {"to_float(number: number) -> float", "The nearest float.", "to_float(1.5) = 1.5e0", bind_to_float},
    {"to_text(value: any) -> text", "As it is written to a file: exact digits, ISO dates.", "to_text(1.50) = '1.50'", bind_to_text},
    {"format_number(number: number, digits: const int = null, point: const text = '.', group: const text = '') -> text", "In digits, rounded half up to `digits` after the point when given.", "format_number(1234.5, 2, ',', '.') = '1.234,50'", bind_format_number},
    {"add(a: number, b: number) -> number", "The sum; written `+`.", "add(1, 0.25) = 1.25", bind_add<Sign::plus>},
    {"subtract(a: number, b: number) -> number", "The difference; written `-`.", "subtract(1, 0.25) = 0.75", bind_add<Sign::minus>},
    {"multiply(a: number, b: number) -> number", "The product, exact; written `*`.", "multiply(3, 0.15) = 0.45", bind_multiply},
    {"divide(a: number, b: number) -> number", "The quotient as a decimal: exact when the divisor is a constant such as 100, else with 12 digits more than both have, rounded half up; written `/`.", "divide(1, 8) = 0.125", bind_divide},
    {"mod(a: int, b: int) -> int", "The rest of a division, with the sign of `a`; written `%`.", "mod(-7, 3) = -1", bind_mod},
    {"negate(number: number) -> number", "With the other sign; written `-`.", "negate(1.5) = -1.5", bind_negate},
    {"abs(number: number) -> number", "Without its sign.", "abs(-1.5) = 1.5", bind_abs},
    {"sign(number: number) -> int", "-1, 0 or 1.", "sign(-0.5) = -1", bind_sign},
    {"round(number: number, digits: const int = 0, mode: const text = 'half_up') -> number", "To `digits` after the point. Modes: half_up (away from zero), half_even, half_down, up, down, ceiling, floor.", "round(2.345, 2) = 2.35", bind_round},
    {"floor(number: number) -> number", "The next whole number below.", "floor(-1.2) = -2", bind_floor},
    {"ceil(number: number) -> number", "The next whole number above.", "ceil(1.2) = 2", bind_ceil},
    {"convert(number: number, unit: text, rates: const map) -> decimal", "Times the rate of its unit or currency.", "convert(2.5, 'kg', {'kg': 1000, 'g': 1}) = 2500", bind_convert},
};

}  // namespace

std::span<const Operator> number_operators() { return operators; }

}  // namespace millrace::transform
