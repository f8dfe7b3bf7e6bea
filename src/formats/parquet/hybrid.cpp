#include "formats/parquet/hybrid.hpp"

#include <algorithm>
#include <cstring>

#include "formats/parquet/metadata.hpp"

namespace millrace::formats::parquet {
namespace {

void append_varint(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out += static_cast<char>(value | 0x80);
        value >>= 7;
    }
    out += static_cast<char>(value);
}

void append_repeated(std::string& out, std::uint64_t count, std::uint32_t value, int width) {
    append_varint(out, count << 1);
    for (int bits = 0; bits < width; bits += 8) out += static_cast<char>(value >> bits);
}

void append_packed(std::string& out, std::span<const std::uint32_t> values, int width) {
    if (values.empty()) return;
    const auto groups = (values.size() + 7) / 8;
    append_varint(out, groups << 1 | 1);
    const auto start = out.size();
    out.resize(start + groups * static_cast<std::size_t>(width));
    char* to = out.data() + start;
    std::uint64_t word = 0;
    int bits = 0;
    for (const auto value : values) {
        word |= static_cast<std::uint64_t>(value) << bits;
        bits += width;
        if (bits >= 32) {
            const auto low = static_cast<std::uint32_t>(word);
            std::memcpy(to, &low, 4);
            to += 4;
            word >>= 32;
            bits -= 32;
        }
    }
    for (; bits > 0; bits -= 8, word >>= 8) *to++ = static_cast<char>(word);
}

}  // namespace

void append_hybrid(std::string& out, std::span<const std::uint32_t> values, int width) {
    std::size_t literal = 0, at = 0;
    while (at < values.size()) {
        // `at` stays a multiple of eight away from `literal`, as packed runs come in groups of eight.
        auto end = at + 1;
        while (end < values.size() && values[end] == values[at]) ++end;
        if (end - at >= 16) {
            append_packed(out, values.subspan(literal, at - literal), width);
            append_repeated(out, end - at, values[at], width);
            literal = at = end;
        } else {
            at = std::min(at + 8, values.size());
        }
    }
    append_packed(out, values.subspan(literal), width);
}

void append_levels(std::string& out, std::span<const std::uint8_t> valid, std::size_t nulls) {
    if (nulls == 0 || nulls == valid.size()) return append_repeated(out, valid.size(), nulls == 0 ? 1 : 0, 1);
    const auto groups = (valid.size() + 7) / 8;
    append_varint(out, groups << 1 | 1);
    std::size_t at = 0;
    for (; at + 8 <= valid.size(); at += 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, valid.data() + at, 8);
        // Gathers the lowest bit of each byte into one byte, first row lowest.
        out += static_cast<char>((eight * 0x0102040810204080ull) >> 56);
    }
    if (at == valid.size()) return;
    unsigned last = 0;
    for (unsigned bit = 0; at < valid.size(); ++at, ++bit) last |= static_cast<unsigned>(valid[at]) << bit;
    out += static_cast<char>(last);
}

HybridReader::HybridReader(std::string_view bytes, int width) : bytes_{bytes}, width_{width} {
    if (width < 0 || width > 32) damaged("a bit width is impossible");
}

void HybridReader::next_run() {
    std::uint64_t head = 0;
    for (int shift = 0;; shift += 7) {
        if (at_ >= bytes_.size() || shift > 35) damaged("a page ends too early");
        const auto byte = static_cast<std::uint8_t>(bytes_[at_++]);
        head |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) break;
    }
    packed_ = (head & 1) != 0;
    if (packed_) {
        // The last group may be cut short in the bytes of some writers: only whole values count.
        const auto wanted = (head >> 1) * static_cast<std::uint64_t>(width_);
        const auto have = std::min<std::uint64_t>(wanted, bytes_.size() - at_);
        bit_at_ = at_ * 8;
        left_ = width_ == 0 ? (head >> 1) * 8 : have * 8 / static_cast<std::uint64_t>(width_);
        at_ += have;
        if (left_ == 0) damaged("a page holds an empty run");
        return;
    }
    const auto size = static_cast<std::size_t>((width_ + 7) / 8);
    if (bytes_.size() - at_ < size) damaged("a page ends too early");
    value_ = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value_ |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes_[at_ + i])) << (8 * i);
    }
    at_ += size;
    // The bits above the width mean nothing, and nothing may come of them.
    if (width_ < 32) value_ &= (1u << width_) - 1;
    left_ = head >> 1;
    if (left_ == 0) damaged("a page holds an empty run");
}

void HybridReader::read(std::span<std::uint32_t> out) {
    if (width_ == 0 && bytes_.empty()) {
        std::fill(out.begin(), out.end(), 0u);
        return;
    }
    const auto mask = width_ == 32 ? ~0ull : (1ull << width_) - 1;
    while (!out.empty()) {
        if (left_ == 0) next_run();
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, out.size()));
        if (!packed_ || width_ == 0) {
            std::fill_n(out.begin(), count, packed_ ? 0 : value_);
        } else {
            for (std::size_t i = 0; i < count; ++i, bit_at_ += static_cast<std::uint64_t>(width_)) {
                const auto byte = static_cast<std::size_t>(bit_at_ / 8);
                std::uint64_t word = 0;
                std::memcpy(&word, bytes_.data() + byte, std::min<std::size_t>(8, bytes_.size() - byte));
                out[i] = static_cast<std::uint32_t>((word >> (bit_at_ % 8)) & mask);
            }
        }
        left_ -= count;
        out = out.subspan(count);
    }
}

void HybridReader::skip(std::size_t count) {
    if (width_ == 0 && bytes_.empty()) return;
    while (count > 0) {
        if (left_ == 0) next_run();
        const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(left_, count));
        if (packed_) bit_at_ += step * static_cast<std::uint64_t>(width_);
        left_ -= step;
        count -= step;
    }
}

}  // namespace millrace::formats::parquet
