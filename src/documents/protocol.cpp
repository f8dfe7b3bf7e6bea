#include "documents/protocol.hpp"

#include <cstring>

#include "base/describe.hpp"

namespace millrace::documents {

BOOST_DESCRIBE_ENUM(Origin, text, ocr)
BOOST_DESCRIBE_STRUCT(Word, (), (start, size, left, top, right, bottom, confidence))
BOOST_DESCRIBE_STRUCT(Page, (), (number, origin, text, words, confidence))
BOOST_DESCRIBE_STRUCT(ExtractRequest, (), (filename, size, languages, ocr, pages_max))
BOOST_DESCRIBE_STRUCT(Summary, (), (media_type, title, author, problem, pages_total))

namespace {

using formats::sandbox::Nonsense;

template <class T>
T parse(std::string_view payload) {
    try {
        return parse_body<T>(payload);
    } catch (const Error&) {
        throw Nonsense{"a frame is not what it says"};
    }
}

std::uint32_t take_size(std::string_view& from) {
    std::uint32_t size = 0;
    if (from.size() < sizeof size) throw Nonsense{"a frame is too short"};
    std::memcpy(&size, from.data(), sizeof size);
    from.remove_prefix(sizeof size);
    return size;
}

std::string take_text(std::string_view& from, std::size_t size) {
    if (size > from.size()) throw Nonsense{"a frame is too short"};
    std::string text{from.substr(0, size)};
    from.remove_prefix(size);
    return text;
}

void append_size(std::string& out, std::size_t size) {
    const auto number = static_cast<std::uint32_t>(size);
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    out.append(bytes, sizeof number);
}

/// The JSON of what a library says may hold bytes that are no UTF-8; they become U+FFFD here.
template <class T>
std::string json_of(const T& value) {
    std::string text;
    append_json(text, value);
    return text;
}

}  // namespace

std::string to_payload(const ExtractRequest& request) { return json_of(request); }
std::string to_payload(const Page& page) { return json_of(page); }
std::string to_payload(const Summary& summary) { return json_of(summary); }
std::string to_payload(const Attachment& attachment) {
    std::string payload;
    append_size(payload, attachment.filename.size());
    append_size(payload, attachment.media_type.size());
    return payload.append(attachment.filename).append(attachment.media_type).append(attachment.bytes);
}

ExtractRequest read_extract_request(std::string_view payload) { return parse<ExtractRequest>(payload); }
Summary read_summary(std::string_view payload) { return parse<Summary>(payload); }

Page read_page(std::string_view payload) {
    auto page = parse<Page>(payload);
    for (const auto& word : page.words) {
        if (std::uint64_t{word.start} + word.size > page.text.size()) throw Nonsense{"a word is not in its page"};
    }
    return page;
}

Attachment read_attachment(std::string_view payload) {
    const auto name = take_size(payload);
    const auto type = take_size(payload);
    Attachment attachment{.filename = take_text(payload, name), .media_type = take_text(payload, type), .bytes = std::string{payload}};
    if (attachment.filename.size() > 4096 || attachment.media_type.size() > 256) throw Nonsense{"a name is too long"};
    return attachment;
}

}  // namespace millrace::documents
