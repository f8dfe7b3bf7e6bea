#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/parquet/hybrid.hpp"
#include "formats/parquet/metadata.hpp"
#include "formats/types.hpp"

namespace millrace::formats::parquet {

/// How a leaf of the schema becomes a column of ours.
struct Leaf {
    std::string name;
    Physical physical = Physical::bytes;
    std::int32_t length = 0;     ///< of `fixed`
    bool optional = false;
    DataType type;
    Meaning meaning = Meaning::none;
    Unit unit = Unit::micros;
    std::int32_t scale = 0;      ///< of a decimal
    bool as_text = false;        ///< a number that only text holds exactly
    bool is_signed = true;
    bool binary = false;         ///< bytes that may be no text: those that are not UTF-8 become hex digits
    std::uint32_t max_def = 0;   ///< the definition level of a value that is there
    std::uint32_t max_rep = 0;   ///< more than 0: it stands in a list
};

/// Throws Error{unsupported_format} for a type that has no counterpart.
Leaf leaf_of(const SchemaElement& element);

/// Values without nulls, of one page, in any encoding. Checks every length against the bytes.
class Values {
public:
    Values() = default;
    /// `values` is the number of values the page may hold; `dictionary` the decoded dictionary page or null.
    Values(const Leaf& leaf, Encoding encoding, std::string_view bytes, std::size_t values, const Column* dictionary);

    void skip(std::size_t count);
    /// Appends `count` values to `out`.
    void read(std::size_t count, Column& out);

private:
    void push(std::string_view raw, Column& out) const;
    void read_plain(std::size_t count, Column* out);
    void read_codes(std::size_t count, Column& out);
    std::string_view take(std::size_t size);
    void return_to_plain();
    void decode_delta(std::size_t values);
    void decode_delta_length(std::size_t values);
    void decode_delta_bytes(std::size_t values);

    const Leaf* leaf_ = nullptr;
    Encoding encoding_ = Encoding::plain;
    std::string_view bytes_;
    std::size_t at_ = 0;
    std::size_t bit_ = 0;            // PLAIN booleans
    HybridReader hybrid_;            // dictionary codes, RLE booleans
    const Column* dictionary_ = nullptr;
    std::vector<std::int64_t> numbers_;      // delta encodings, decoded
    std::vector<std::string_view> texts_;    // delta encodings of texts
    std::unique_ptr<std::string> arena_;     // of texts put together from a prefix and a rest; stays where it is on a move
    std::size_t next_ = 0;                   // of numbers_ or texts_
    std::vector<std::uint32_t> codes_;
};

}  // namespace millrace::formats::parquet
