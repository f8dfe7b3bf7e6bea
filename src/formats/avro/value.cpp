#include "formats/avro/detail/value.hpp"

#include <array>
#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/utf8.hpp"
#include "formats/detail/render.hpp"

namespace millrace::formats::avro {
namespace {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

constexpr int depth_max = 128;  ///< a type may hold itself

template <class T>
T load(std::string_view bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

/// Big-endian two's complement with a point; longer than 16 bytes is no number that we write.
std::string decimal(std::string_view bytes, std::int32_t scale) {
    if (bytes.size() > 16) damaged("a decimal is too long");
    Wide value = !bytes.empty() && (bytes[0] & 0x80) != 0 ? -1 : 0;
    for (const char byte : bytes) value = static_cast<Wide>(static_cast<UnsignedWide>(value) << 8 | static_cast<unsigned char>(byte));
    auto magnitude = value < 0 ? 0 - static_cast<UnsignedWide>(value) : static_cast<UnsignedWide>(value);
    std::string digits;
    do {
        digits += static_cast<char>('0' + static_cast<int>(magnitude % 10));
        magnitude /= 10;
    } while (magnitude != 0 || static_cast<std::int32_t>(digits.size()) <= scale);
    if (scale > 0) digits.insert(static_cast<std::size_t>(scale), 1, '.');
    if (value < 0) digits += '-';
    return {digits.rbegin(), digits.rend()};
}

std::int64_t scaled(std::int64_t value, std::int64_t by) {
    std::int64_t out = 0;
    if (__builtin_mul_overflow(value, by, &out)) damaged("a time is out of range");
    return out;
}

std::int64_t rounded_down(std::int64_t nanos) { return nanos / 1000 - (nanos % 1000 < 0 ? 1 : 0); }

/// The text of a day, a time or a moment.
std::string_view moment(Logical logical, std::int64_t value, std::span<char> into) {
    char* const to = into.data();
    const auto until = [&](char* end) { return std::string_view{to, static_cast<std::size_t>(end - to)}; };
    switch (logical) {
        case Logical::date: return until(put_date(to, value));
        case Logical::time_millis: return until(put_time(to, scaled(value, 1000), 0));
        case Logical::time_micros: return until(put_time(to, value, 0));
        case Logical::timestamp_millis: return until(put_timestamp(to, scaled(value, 1000), true, 0));
        case Logical::timestamp_micros: return until(put_timestamp(to, value, true, 0));
        case Logical::timestamp_nanos: return until(put_timestamp(to, rounded_down(value), true, 0));
        case Logical::local_millis: return until(put_timestamp(to, scaled(value, 1000), false, 0));
        case Logical::local_micros: return until(put_timestamp(to, value, false, 0));
        case Logical::local_nanos: return until(put_timestamp(to, rounded_down(value), false, 0));
        default: return until(put_int(to, value));
    }
}

}  // namespace

std::int64_t Bytes::number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        const auto byte = static_cast<unsigned char>(take(1)[0]);
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
    }
    damaged("a number is too long");
}

std::string_view Bytes::take(std::uint64_t size) {
    if (size > bytes_.size()) damaged("a block ends too early");
    const auto taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
}

std::uint64_t Bytes::length() {
    const auto size = number();
    if (size < 0) damaged("a length is negative");
    return static_cast<std::uint64_t>(size);
}

Was ValueText::append_cell(const Shape& shape, Bytes& in, std::string& out) {
    not_utf8_.reset();
    const auto was = append(shape, in, out, false, 0);
    if (not_utf8_) out = *not_utf8_;
    return was;
}

std::string_view ValueText::checked(std::string_view text) {
    if (!not_utf8_ && first_invalid_utf8(text) != text.npos) not_utf8_ = text;
    return text;
}

void ValueText::append_json(const Shape& shape, Bytes& in, std::string& out, int depth) {
    if (append(shape, in, out, true, depth) == Was::null) out += "null";
    if (out.size() > text_bytes_max_) throw Error{Code::line_too_long, {{"line", std::to_string(row_)}, {"limit", std::to_string(text_bytes_max_)}}};
}

Was ValueText::append_text(std::string_view text, std::string& out, bool quoted) const {
    if (quoted) json::append_string(out, text);
    else out += text;
    return Was::text;
}

Was ValueText::append(const Shape& shape, Bytes& in, std::string& out, bool quoted, int depth) {
    if (depth > depth_max) damaged("a value is nested too deeply");
    std::array<char, value_bytes_max> buffer{};
    switch (shape.kind) {
        case Kind::null: return Was::null;
        case Kind::boolean: out += in.take(1)[0] != 0 ? "true" : "false"; return Was::bare;
        case Kind::int32:
        case Kind::int64: {
            const auto text = moment(shape.logical, in.number(), buffer);
            if (shape.logical != Logical::none) return append_text(text, out, quoted);
            out += text;
            return Was::bare;
        }
        case Kind::float32:
        case Kind::float64: {
            const double value = shape.kind == Kind::float32 ? static_cast<double>(load<float>(in.take(4))) : load<double>(in.take(8));
            const std::string_view text{buffer.data(), static_cast<std::size_t>(put_float(buffer.data(), value) - buffer.data())};
            if (!std::isfinite(value)) return append_text(text, out, quoted);
            out += text;
            return Was::bare;
        }
        case Kind::bytes:
        case Kind::fixed: {
            const auto bytes = shape.kind == Kind::bytes ? in.text() : in.take(shape.size);
            if (shape.logical != Logical::decimal) return append_text(to_hex(bytes), out, quoted);
            out += decimal(bytes, shape.scale);
            return Was::bare;
        }
        case Kind::string: return append_text(checked(in.text()), out, quoted);
        case Kind::enumeration: {
            const auto at = in.length();
            if (at >= shape.names.size()) damaged("a value is not one of its enumeration");
            return append_text(shape.names[at], out, quoted);
        }
        case Kind::choice: {
            const auto at = in.length();
            if (at >= shape.parts.size()) damaged("a value is none of its choice");
            return append(*shape.parts[at], in, out, quoted, depth + 1);
        }
        case Kind::record:
            out += '{';
            for (std::size_t i = 0; i < shape.parts.size(); ++i) {
                if (i > 0) out += ',';
                json::append_string(out, shape.names[i]);
                out += ':';
                append_json(*shape.parts[i], in, out, depth + 1);
            }
            out += '}';
            return Was::bare;
        case Kind::array:
        case Kind::map: append_items(shape, in, out, depth); return Was::bare;
    }
    damaged("a type of its schema is none");
}

/// Parts of some items each, the last of which has none.
void ValueText::append_items(const Shape& shape, Bytes& in, std::string& out, int depth) {
    const bool map = shape.kind == Kind::map;
    out += map ? '{' : '[';
    bool first = true;
    for (auto count = in.number(); count != 0; count = in.number()) {
        if (count < 0) {
            in.number();  // how many bytes they have, for those who skip them
            if (__builtin_sub_overflow(std::int64_t{0}, count, &count)) damaged("a list is too long");
        }
        for (; count > 0; --count) {
            if (!std::exchange(first, false)) out += ',';
            if (map) {
                json::append_string(out, checked(in.text()));
                out += ':';
            }
            append_json(*shape.parts[0], in, out, depth + 1);
        }
    }
    out += map ? '}' : ']';
}

}  // namespace millrace::formats::avro
