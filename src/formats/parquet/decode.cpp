#include "formats/parquet/decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace millrace::formats::parquet {
namespace {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

template <class T>
T load(const char* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

std::size_t width_of(const Leaf& leaf) {
    switch (leaf.physical) {
        case Physical::int32:
        case Physical::float32: return 4;
        case Physical::int64:
        case Physical::float64: return 8;
        case Physical::int96: return 12;
        case Physical::fixed: return static_cast<std::size_t>(leaf.length);
        default: return 0;
    }
}

std::int64_t to_micros(std::int64_t value, Unit unit) {
    if (unit == Unit::micros) return value;
    if (unit == Unit::nanos) return value / 1000 - (value % 1000 < 0 ? 1 : 0);
    std::int64_t out = 0;
    if (__builtin_mul_overflow(value, std::int64_t{1000}, &out)) damaged("a time is out of range");
    return out;
}

/// Big-endian two's complement, as decimals stand in byte arrays.
Wide to_integer(std::string_view bytes) {
    if (bytes.size() > 16) damaged("a decimal is too long");
    Wide value = !bytes.empty() && (bytes[0] & 0x80) != 0 ? -1 : 0;
    for (const char byte : bytes) {
        value = static_cast<Wide>(static_cast<UnsignedWide>(value) << 8 | static_cast<unsigned char>(byte));
    }
    return value;
}

std::string decimal_text(Wide value, std::int32_t scale) {
    const bool negative = value < 0;
    std::string digits;
    do {
        const int digit = static_cast<int>(value % 10);
        digits += static_cast<char>('0' + (digit < 0 ? -digit : digit));
        value /= 10;
    } while (value != 0 || static_cast<std::int32_t>(digits.size()) <= scale);
    if (scale > 0) digits.insert(static_cast<std::size_t>(scale), 1, '.');
    if (negative) digits += '-';
    std::reverse(digits.begin(), digits.end());
    return digits;
}

std::string uuid_text(std::string_view bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(bytes[i]));
    }
    return out;
}

void push_integer(const Leaf& leaf, std::int64_t value, Column& out) {
    if (leaf.as_text) return out.push(std::string_view{fmt::to_string(static_cast<std::uint64_t>(value))});
    if (leaf.meaning == Meaning::time || leaf.meaning == Meaning::timestamp) value = to_micros(value, leaf.unit);
    if (!leaf.is_signed && leaf.physical == Physical::int32) value = static_cast<std::uint32_t>(value);
    out.push(value);
}

/// IEEE 754 binary16.
double half(std::uint16_t bits) {
    const int exponent = bits >> 10 & 31;
    const double fraction = bits & 1023;
    const double magnitude = exponent == 31  ? (fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN())
                             : exponent == 0 ? std::ldexp(fraction, -24)
                                             : std::ldexp(1024 + fraction, exponent - 25);
    return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

void push_bytes(const Leaf& leaf, std::string_view raw, Column& out) {
    if (leaf.meaning == Meaning::decimal) {
        const auto value = to_integer(raw);
        if (leaf.as_text) return out.push(std::string_view{decimal_text(value, leaf.scale)});
        constexpr std::int64_t limit = 1'000'000'000'000'000'000;
        if (value >= limit || value <= -limit) damaged("a decimal has too many digits");
        return out.push(static_cast<std::int64_t>(value));
    }
    if (leaf.meaning == Meaning::uuid) return out.push(std::string_view{uuid_text(raw)});
    if (leaf.meaning == Meaning::float16) return out.push(half(load<std::uint16_t>(raw.data())));
    out.push(raw);
}

/// Days since the Julian epoch and nanoseconds of the day: what Impala and old Spark wrote.
std::int64_t int96_micros(const char* at) {
    const auto days = static_cast<std::int64_t>(load<std::uint32_t>(at + 8)) - 2'440'588;
    const auto nanos = load<std::int64_t>(at);
    return days * 86'400'000'000 + to_micros(nanos, Unit::nanos);
}

class DeltaReader {
public:
    explicit DeltaReader(std::string_view bytes) : bytes_{bytes} {
        block_ = varint();
        miniblocks_ = varint();
        count_ = varint();
        value_ = zigzag();
        if (block_ == 0 || block_ > 1u << 20 || miniblocks_ == 0 || miniblocks_ > block_ || block_ % miniblocks_ != 0 ||
            (block_ / miniblocks_) % 8 != 0) {
            damaged("a delta page has an impossible head");
        }
    }
    /// All values, at most `max`; `end` is where the next part begins.
    void read(std::size_t max, std::vector<std::int64_t>& out) {
        if (count_ > max) damaged("a delta page holds too many values");
        if (count_ > 0) out.push_back(value_);
        while (out.size() < count_) read_block(out);
    }
    std::size_t end() const { return at_; }

private:
    void read_block(std::vector<std::int64_t>& out) {
        const auto least = zigzag();
        if (bytes_.size() - at_ < miniblocks_) damaged("a page ends too early");
        const auto widths = bytes_.substr(at_, miniblocks_);
        at_ += miniblocks_;
        const auto size = block_ / miniblocks_;
        for (std::size_t i = 0; i < miniblocks_ && out.size() < count_; ++i) {
            const auto width = static_cast<std::size_t>(static_cast<unsigned char>(widths[i]));
            if (width > 64) damaged("a bit width is impossible");
            const auto bytes = size / 8 * width;
            if (bytes_.size() - at_ < bytes) damaged("a page ends too early");
            const auto packed = bytes_.substr(at_, bytes);
            at_ += bytes;
            for (std::size_t k = 0; k < size && out.size() < count_; ++k) {
                const auto delta = static_cast<std::uint64_t>(least) + unpack(packed, k * width, width);
                value_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(value_) + delta);
                out.push_back(value_);
            }
        }
    }
    static std::uint64_t unpack(std::string_view bytes, std::size_t bit, std::size_t width) {
        std::uint64_t value = 0;
        for (std::size_t have = 0; have < width;) {
            const auto byte = static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[(bit + have) / 8]));
            const auto offset = (bit + have) % 8;
            const auto take = std::min<std::size_t>(8 - offset, width - have);
            value |= ((byte >> offset) & ((1u << take) - 1)) << have;
            have += take;
        }
        return value;
    }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (at_ >= bytes_.size()) damaged("a page ends too early");
            const auto byte = static_cast<std::uint8_t>(bytes_[at_++]);
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
        damaged("a number in a page is too long");
    }
    std::int64_t zigzag() {
        const auto raw = varint();
        return static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    std::uint64_t block_ = 0, miniblocks_ = 0, count_ = 0;
    std::int64_t value_ = 0;
};

}  // namespace

Leaf leaf_of(const SchemaElement& element) {
    Leaf leaf{.name = element.name, .physical = *element.type, .length = element.type_length};
    leaf.optional = element.repetition == 1;
    leaf.max_def = leaf.optional ? 1 : 0;
    leaf.meaning = element.meaning;
    leaf.unit = element.unit;
    leaf.is_signed = element.is_signed;
    if (leaf.physical == Physical::fixed && (leaf.length < 1 || leaf.length > 1 << 20)) damaged("a column has no length");
    const bool bytes = leaf.physical == Physical::bytes || leaf.physical == Physical::fixed;
    const bool integer = leaf.physical == Physical::int32 || leaf.physical == Physical::int64;
    if (leaf.meaning == Meaning::list || leaf.meaning == Meaning::map) leaf.meaning = Meaning::none;  // of groups only
    if (leaf.meaning == Meaning::other && bytes) leaf.meaning = Meaning::none;                        // intervals and what may come
    if (leaf.meaning == Meaning::other) unsupported("a column of an unusual type");
    if (leaf.meaning == Meaning::float16) {
        if (leaf.physical != Physical::fixed || leaf.length != 2) damaged("a number of half precision is not 2 bytes long");
        leaf.type.type = Type::float64;
        return leaf;
    }
    leaf.binary = bytes && leaf.meaning == Meaning::none;
    if (leaf.meaning == Meaning::decimal) {
        if (!bytes && !integer) damaged("a decimal has an impossible type");
        if (element.precision < 1 || element.precision > 38 || element.scale < 0 || element.scale > element.precision) {
            damaged("a decimal has an impossible precision");
        }
        leaf.scale = element.scale;
        leaf.as_text = element.precision > 18;
        if (leaf.as_text && integer) damaged("a decimal has an impossible precision");
        if (!leaf.as_text) {
            leaf.type = {.type = Type::decimal, .precision = static_cast<std::uint8_t>(element.precision),
                         .scale = static_cast<std::uint8_t>(element.scale)};
        }
        return leaf;
    }
    switch (leaf.physical) {
        case Physical::boolean: leaf.type.type = Type::boolean; break;
        case Physical::float32:
        case Physical::float64: leaf.type.type = Type::float64; break;
        case Physical::int96: leaf.type.type = Type::timestamp; break;
        case Physical::int32:
        case Physical::int64:
            leaf.type.type = leaf.meaning == Meaning::date        ? Type::date
                             : leaf.meaning == Meaning::time      ? Type::time
                             : leaf.meaning == Meaning::timestamp ? Type::timestamp
                                                                  : Type::int64;
            leaf.type.utc = leaf.meaning == Meaning::timestamp && element.utc;
            leaf.as_text = leaf.physical == Physical::int64 && !leaf.is_signed;
            if (leaf.as_text) leaf.type = {};
            break;
        default:
            if (leaf.meaning == Meaning::uuid && (leaf.physical != Physical::fixed || leaf.length != 16)) {
                damaged("a UUID is not 16 bytes long");
            }
            leaf.type.type = leaf.meaning == Meaning::json ? Type::json : leaf.meaning == Meaning::uuid ? Type::uuid : Type::text;
    }
    return leaf;
}

Values::Values(const Leaf& leaf, Encoding encoding, std::string_view bytes, std::size_t values, const Column* dictionary)
    : leaf_{&leaf}, encoding_{encoding}, bytes_{bytes}, dictionary_{dictionary} {
    switch (encoding) {
        case Encoding::plain: return;
        case Encoding::plain_dictionary:
        case Encoding::rle_dictionary:
            if (!dictionary) damaged("a page needs a dictionary that is not there");
            if (bytes.empty()) return;
            hybrid_ = HybridReader{bytes.substr(1), static_cast<unsigned char>(bytes[0])};
            return;
        case Encoding::rle: {
            if (leaf.physical != Physical::boolean || bytes.size() < 4) damaged("a page has an impossible encoding");
            hybrid_ = HybridReader{bytes.substr(4, load<std::uint32_t>(bytes.data())), 1};
            return;
        }
        case Encoding::delta_binary:
            if (leaf.physical != Physical::int32 && leaf.physical != Physical::int64) {
                damaged("a page has an impossible encoding");
            }
            decode_delta(values);
            return;
        case Encoding::delta_length:
            if (leaf.physical != Physical::bytes) damaged("a page has an impossible encoding");
            decode_delta_length(values);
            return;
        case Encoding::delta_bytes:
            if (leaf.physical != Physical::bytes && leaf.physical != Physical::fixed) {
                damaged("a page has an impossible encoding");
            }
            decode_delta_bytes(values);
            return;
        case Encoding::byte_stream_split: return_to_plain(); return;
        default: unsupported("an unusual encoding");
    }
}

/// The first bytes of all values, then the second ones, and so on: put together again, they are PLAIN.
void Values::return_to_plain() {
    const auto width = width_of(*leaf_);
    if (width == 0 || bytes_.size() % width != 0) damaged("a page has an impossible encoding");
    const auto count = bytes_.size() / width;
    arena_ = std::make_unique<std::string>(bytes_.size(), '\0');
    for (std::size_t k = 0; k < width; ++k) {
        for (std::size_t i = 0; i < count; ++i) (*arena_)[i * width + k] = bytes_[k * count + i];
    }
    bytes_ = *arena_;
    encoding_ = Encoding::plain;
}

void Values::decode_delta(std::size_t values) {
    DeltaReader{bytes_}.read(values, numbers_);
    if (leaf_->physical == Physical::int32) {
        for (auto& number : numbers_) number = static_cast<std::int32_t>(number);
    }
}

void Values::decode_delta_length(std::size_t values) {
    std::vector<std::int64_t> lengths;
    DeltaReader reader{bytes_};
    reader.read(values, lengths);
    at_ = reader.end();
    for (const auto length : lengths) {
        if (length < 0) damaged("a text has a negative length");
        texts_.push_back(take(static_cast<std::size_t>(length)));
    }
}

void Values::decode_delta_bytes(std::size_t values) {
    std::vector<std::int64_t> prefixes, lengths;
    DeltaReader prefix_reader{bytes_};
    prefix_reader.read(values, prefixes);
    DeltaReader length_reader{bytes_.substr(prefix_reader.end())};
    length_reader.read(values, lengths);
    at_ = prefix_reader.end() + length_reader.end();
    if (prefixes.size() != lengths.size()) damaged("a page holds prefixes without texts");
    arena_ = std::make_unique<std::string>();
    auto& arena = *arena_;
    std::vector<std::size_t> ends;
    std::size_t last = 0;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
        const auto previous = arena.size() - last;
        if (prefixes[i] < 0 || lengths[i] < 0 || static_cast<std::uint64_t>(prefixes[i]) > previous) {
            damaged("a text repeats more than there is");
        }
        // Prefixes can repeat a long text a million times: what a page may unfold to is limited.
        if (arena.size() + static_cast<std::size_t>(prefixes[i]) > 256u << 20) damaged("a page unfolds to too much text");
        const auto start = arena.size();
        arena.append(arena, last, static_cast<std::size_t>(prefixes[i]));
        arena += take(static_cast<std::size_t>(lengths[i]));
        last = start;
        ends.push_back(arena.size());
    }
    std::size_t begin = 0;
    for (const auto end : ends) {
        texts_.push_back(std::string_view{arena}.substr(begin, end - begin));
        begin = end;
        if (leaf_->physical == Physical::fixed && texts_.back().size() != static_cast<std::size_t>(leaf_->length)) {
            damaged("a value has another length than its column");
        }
    }
}

std::string_view Values::take(std::size_t size) {
    if (size > bytes_.size() - at_) damaged("a page ends too early");
    at_ += size;
    return bytes_.substr(at_ - size, size);
}

void Values::push(std::string_view raw, Column& out) const {
    switch (leaf_->physical) {
        case Physical::int32: {
            const auto value = load<std::int32_t>(raw.data());
            if (leaf_->meaning == Meaning::decimal) out.push(std::int64_t{value});
            else push_integer(*leaf_, value, out);
            return;
        }
        case Physical::int64: {
            const auto value = load<std::int64_t>(raw.data());
            if (leaf_->meaning == Meaning::decimal) out.push(value);
            else push_integer(*leaf_, value, out);
            return;
        }
        case Physical::float32: out.push(static_cast<double>(load<float>(raw.data()))); return;
        case Physical::float64: out.push(load<double>(raw.data())); return;
        case Physical::int96: out.push(int96_micros(raw.data())); return;
        default: push_bytes(*leaf_, raw, out);
    }
}

void Values::read_plain(std::size_t count, Column* out) {
    if (leaf_->physical == Physical::boolean) {
        if (count > bytes_.size() * 8 - bit_) damaged("a page ends too early");
        for (std::size_t i = 0; i < count; ++i, ++bit_) {
            if (out) out->push(std::int64_t{(bytes_[bit_ / 8] >> (bit_ % 8)) & 1});
        }
        return;
    }
    if (leaf_->physical == Physical::bytes) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto text = take(load<std::uint32_t>(take(4).data()));
            if (out) push_bytes(*leaf_, text, *out);
        }
        return;
    }
    const auto width = width_of(*leaf_);
    if (count > (bytes_.size() - at_) / width) damaged("a page ends too early");
    for (std::size_t i = 0; i < count && out; ++i) push(bytes_.substr(at_ + i * width, width), *out);
    at_ += count * width;
}

void Values::read_codes(std::size_t count, Column& out) {
    codes_.resize(count);
    hybrid_.read(codes_);
    for (const auto code : codes_) {
        if (encoding_ == Encoding::rle) {
            out.push(std::int64_t{code});
            continue;
        }
        if (code >= dictionary_->rows) damaged("a page names a value that the dictionary has not");
        if (out.type.is_text()) out.push(dictionary_->text(code));
        else if (out.type.is_float()) out.push(dictionary_->floats[code]);
        else out.push(dictionary_->ints[code]);
    }
}

void Values::skip(std::size_t count) {
    switch (encoding_) {
        case Encoding::plain: read_plain(count, nullptr); return;
        case Encoding::delta_binary:
        case Encoding::delta_length:
        case Encoding::delta_bytes: next_ += count; return;
        default: hybrid_.skip(count);
    }
}

void Values::read(std::size_t count, Column& out) {
    switch (encoding_) {
        case Encoding::plain: read_plain(count, &out); return;
        case Encoding::delta_binary:
            if (next_ > numbers_.size() || count > numbers_.size() - next_) damaged("a page ends too early");
            for (std::size_t i = 0; i < count; ++i, ++next_) {
                if (leaf_->meaning == Meaning::decimal) out.push(numbers_[next_]);
                else push_integer(*leaf_, numbers_[next_], out);
            }
            return;
        case Encoding::delta_length:
        case Encoding::delta_bytes:
            if (next_ > texts_.size() || count > texts_.size() - next_) damaged("a page ends too early");
            for (std::size_t i = 0; i < count; ++i, ++next_) push_bytes(*leaf_, texts_[next_], out);
            return;
        default: read_codes(count, out);
    }
}

}  // namespace millrace::formats::parquet
