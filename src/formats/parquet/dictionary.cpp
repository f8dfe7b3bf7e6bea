#include "formats/parquet/dictionary.hpp"

#include <algorithm>

namespace millrace::formats::parquet {
namespace {

std::uint64_t load(const char* at, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, size);
    return word;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

constexpr std::uint64_t k0 = 0xa0761d6478bd642full, k1 = 0xe7037ed1a0b428dbull, k2 = 0x8ebc6af09c88c6e3ull;

/// A dictionary larger than this costs more cache than it saves bytes.
constexpr std::size_t values_max = 40'000;
constexpr std::size_t bytes_max = 1u << 20;

// Asked at 4,096 values and at each doubling: are values new too often for a dictionary to pay? The first look is
// lenient, because a column of 10,000 different values looks almost all new after 4,096.
bool pays(std::size_t seen, std::size_t distinct) {
    return seen < 16'384 ? distinct * 8 <= seen * 7 : distinct * 2 <= seen;
}

}  // namespace

std::uint64_t hash_value(std::string_view text) {
    const char* at = text.data();
    const auto size = text.size();
    std::uint64_t a = 0, b = 0, state = k0;
    if (size <= 16) {
        if (size >= 8) {
            a = load(at, 8);
            b = load(at + size - 8, 8);
        } else if (size >= 4) {
            a = load(at, 4);
            b = load(at + size - 4, 4);
        } else if (size > 0) {
            a = static_cast<std::uint64_t>(static_cast<unsigned char>(at[0])) << 16 |
                static_cast<std::uint64_t>(static_cast<unsigned char>(at[size / 2])) << 8 |
                static_cast<unsigned char>(at[size - 1]);
        }
    } else {
        std::size_t left = size;
        for (; left > 16; left -= 16, at += 16) state = mix(load(at, 8) ^ k1, load(at + 8, 8) ^ state);
        a = load(at + left - 16, 8);
        b = load(at + left - 8, 8);
    }
    return mix(k1 ^ size, mix(a ^ k2, b ^ state));
}

void Dictionary::build(const Column& column) {
    complete_ = false;
    rows_seen_ = 0;
    first_rows_.clear();
    counts_.clear();
    hashes_.clear();
    codes_.clear();
    codes_.reserve(column.rows - column.nulls);
    if (slots_.empty()) slots_.resize(1024);
    std::fill(slots_.begin(), slots_.end(), 0);
    mask_ = slots_.size() - 1;
    if (column.type.is_text()) scan(column, [&](std::size_t row) { return column.text(row); });
    else if (column.type.is_float()) {
        // By bits: -0 and 0 are different values here, as they are in the file.
        scan(column, [&](std::size_t row) {
            std::int64_t bits = 0;
            std::memcpy(&bits, &column.floats[row], sizeof bits);
            return bits;
        });
    } else scan(column, [&](std::size_t row) { return column.ints[row]; });
}

template <class Value>
void Dictionary::scan(const Column& column, Value value) {
    std::size_t check = 4096, bytes = 0;
    const bool text = column.type.is_text();
    for (std::size_t row = 0; row < column.rows; ++row) {
        if (column.is_null(row)) continue;
        const auto item = value(row);
        const auto hash = hash_value(item);
        auto slot = hash & mask_;
        std::uint32_t code = 0;
        for (;; slot = (slot + 1) & mask_) {
            if (slots_[slot] == 0) {
                code = static_cast<std::uint32_t>(first_rows_.size());
                slots_[slot] = code + 1;
                first_rows_.push_back(static_cast<std::uint32_t>(row));
                counts_.push_back(0);
                hashes_.push_back(hash);
                if constexpr (requires { item.size(); }) bytes += item.size() + 4;
                break;
            }
            code = slots_[slot] - 1;
            if (hashes_[code] == hash && value(first_rows_[code]) == item) break;
        }
        ++counts_[code];
        codes_.push_back(code);
        if (first_rows_.size() * 2 > slots_.size()) grow();
        if (codes_.size() == check) {
            check *= 2;
            if (!pays(codes_.size(), first_rows_.size())) {
                rows_seen_ = row + 1;
                return;
            }
        }
        if (first_rows_.size() > values_max || (text && bytes > bytes_max)) {
            rows_seen_ = row + 1;
            return;
        }
    }
    rows_seen_ = column.rows;
    complete_ = true;
}

void Dictionary::grow() {
    slots_.assign(slots_.size() * 2, 0);
    mask_ = slots_.size() - 1;
    for (std::uint32_t code = 0; code < hashes_.size(); ++code) {
        auto slot = hashes_[code] & mask_;
        while (slots_[slot] != 0) slot = (slot + 1) & mask_;
        slots_[slot] = code + 1;
    }
}

}  // namespace millrace::formats::parquet
