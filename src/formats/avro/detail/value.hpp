#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/avro/detail/schema.hpp"

namespace millrace::formats::avro {

/// The bytes of a block, value by value. Checks every length against them; throws Error{malformed_file}.
class Bytes {
public:
    explicit Bytes(std::string_view bytes) : bytes_{bytes} {}
    std::int64_t number();  ///< zigzag
    std::string_view take(std::uint64_t size);
    std::string_view text() { return take(length()); }
    std::uint64_t length();
    std::size_t left() const { return bytes_.size(); }

private:
    std::string_view bytes_;
};

/// What a cell or a part of JSON has become.
enum class Was : std::uint8_t { null, text, bare };  ///< bare: a number, or JSON

/// Appends values as text. A text alone is bare (a cell), inside of JSON it is quoted; bytes are hex digits. A cell with a
/// text in it that is no UTF-8 becomes that text.
class ValueText {
public:
    explicit ValueText(std::uint64_t text_bytes_max) : text_bytes_max_{text_bytes_max} {}
    /// Throws Error{malformed_file | line_too_long}.
    Was append_cell(const Shape& shape, Bytes& in, std::string& out);
    void begin_row() { ++row_; }

private:
    Was append(const Shape& shape, Bytes& in, std::string& out, bool quoted, int depth);
    void append_json(const Shape& shape, Bytes& in, std::string& out, int depth);
    void append_items(const Shape& shape, Bytes& in, std::string& out, int depth);
    Was append_text(std::string_view text, std::string& out, bool quoted) const;
    std::string_view checked(std::string_view text);

    std::uint64_t text_bytes_max_;
    std::uint64_t row_ = 0;
    std::optional<std::string_view> not_utf8_;  ///< the first such text of the cell
};

}  // namespace millrace::formats::avro
