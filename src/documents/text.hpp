#pragma once

#include "formats/format.hpp"

namespace millrace::documents {

inline constexpr std::uint64_t text_bytes_max = 64u << 20;

/// What a document says.
struct Document {
    std::string media_type;  ///< "text/html" or "text/plain"
    std::string title;
    std::string language;
    std::string description;
    std::string text;      ///< UTF-8
    std::string encoding;  ///< of the file
};

/// The text of a file that is text. Throws Error{not_text}, Error{payload_too_large} above 64 MiB.
Document read_text(formats::Source& source);
/// The text of a part of a document. `encoding` as it is announced; found out where nobody knows that name. Throws as above.
std::string read_text(std::string bytes, std::string_view encoding, bool is_html);

}  // namespace millrace::documents
