#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// The RLE / bit-packing hybrid encoding of levels and dictionary indices.
namespace millrace::formats::parquet {

/// Bits needed for values up to `max`; 0 for 0.
inline int bit_width(std::uint32_t max) { return max == 0 ? 0 : 32 - __builtin_clz(max); }

/// Appends values below 2^width, width 1 to 32.
void append_hybrid(std::string& out, std::span<const std::uint32_t> values, int width);
/// Appends the definition levels of rows (1 valid, 0 null), `nulls` of which are null.
void append_levels(std::string& out, std::span<const std::uint8_t> valid, std::size_t nulls);

/// Reads values one run at a time. Never reads beyond `bytes`; throws Error{malformed_file} when values are asked for
/// that are not there.
class HybridReader {
public:
    HybridReader() = default;
    HybridReader(std::string_view bytes, int width);
    void read(std::span<std::uint32_t> out);
    void skip(std::size_t count);

private:
    void next_run();

    std::string_view bytes_;
    int width_ = 0;
    std::size_t at_ = 0;
    std::uint64_t left_ = 0;     // of the current run
    bool packed_ = false;
    std::uint32_t value_ = 0;    // of a repeated run
    std::uint64_t bit_at_ = 0;   // of a packed run: next bit, from the start of bytes_
};

}  // namespace millrace::formats::parquet
