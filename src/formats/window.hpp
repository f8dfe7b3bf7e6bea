#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "formats/encoding.hpp"

namespace millrace::formats {

/// A text read front to back, record by record: what has not been passed, and where in the file that is.
class Window {
public:
    /// Throws Error{invalid_parameter} for an unknown encoding.
    Window(Source& source, const std::optional<std::string>& encoding, std::uint64_t record_bytes_max, Nul nul = Nul::refuse)
        : stream_{source, encoding, nul}, record_bytes_max_{record_bytes_max} {}

    /// The text read and not yet passed; 64 more bytes are readable behind it.
    std::string_view rest() const { return stream_.text().substr(at_); }
    /// Nothing follows rest().
    bool complete() const { return stream_.complete(); }
    void pass(std::size_t bytes) { at_ += bytes; }
    /// Makes rest() about twice as long, so that a long record is not read again for every window; false at the end.
    /// Views into the text become invalid. Throws Error{line_too_long} when rest() is a record that is too long.
    bool grow();

    /// Line, from 1, of a byte of rest(); calls must not go back.
    std::uint64_t line(std::size_t ahead);
    /// Offset of a byte of rest() in the file as it was sent.
    std::uint64_t byte_offset(std::size_t ahead) const { return stream_.source_offset(stream_.offset() + at_ + ahead); }
    /// Have the first bytes of rest() been found to be no valid UTF-8, somewhere near?
    bool is_suspect(std::size_t bytes) const {
        return stream_.is_suspect(stream_.offset() + at_, stream_.offset() + at_ + bytes);
    }
    const Encoding& encoding() const { return stream_.encoding(); }

private:
    TextStream stream_;
    const std::uint64_t record_bytes_max_;
    std::size_t at_ = 0;        ///< in stream_.text()
    std::size_t lines_at_ = 0;  ///< line_ has been counted up to here
    std::uint64_t line_ = 1;
};

}  // namespace millrace::formats
