#include "documents/text.hpp"

#include <optional>

#include "base/error.hpp"
#include "documents/detail/bytes.hpp"
#include "documents/html.hpp"
#include "formats/encoding.hpp"

namespace millrace::documents {
Document read_text(formats::Source& source) {
    if (source.size() > text_bytes_max) throw Error{Code::payload_too_large, {{"limit", std::to_string(text_bytes_max)}}};
    formats::TextStream stream{source, std::nullopt};
    while (stream.extend()) {
    }
    Document document;
    document.encoding = stream.encoding().name;
    if (is_html(stream.text())) {
        auto page = read_html(stream.text());
        document.media_type = "text/html";
        document.title = std::move(page.title);
        document.language = std::move(page.language);
        document.description = std::move(page.description);
        document.text = std::move(page.text);
    } else {
        document.media_type = "text/plain";
        document.text = stream.text();
    }
    return document;
}

std::string read_text(std::string bytes, std::string_view encoding, bool is_html) {
    if (bytes.size() > text_bytes_max) throw Error{Code::payload_too_large, {{"limit", std::to_string(text_bytes_max)}}};
    BytesSource source{std::move(bytes)};
    const auto known = formats::canonical_encoding(encoding);
    formats::TextStream stream{source, known.empty() ? std::nullopt : std::optional{known}, formats::Nul::keep};
    while (stream.extend()) {
    }
    return is_html ? read_html(stream.text()).text : std::string{stream.text()};
}

}  // namespace millrace::documents
