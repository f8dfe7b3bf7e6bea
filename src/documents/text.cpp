#include "documents/text.hpp"

#include "base/error.hpp"
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

}  // namespace millrace::documents
