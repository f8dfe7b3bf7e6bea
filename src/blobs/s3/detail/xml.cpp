#include "blobs/s3/detail/xml.hpp"

#include <expat.h>

#include <memory>

namespace millrace::blobs::s3 {
namespace {

constexpr std::size_t depth_max = 16;

/// What is open while a text is read; the outermost holds the root.
struct Reading {
    std::vector<Element> open{1};
    XML_Parser parser = nullptr;
};

void on_start(void* pointer, const char* name, const char**) {
    auto& reading = *static_cast<Reading*>(pointer);
    if (reading.open.size() > depth_max) {
        XML_StopParser(reading.parser, XML_FALSE);
        return;
    }
    reading.open.push_back({name, {}, {}});
}

void on_end(void* pointer, const char*) {
    auto& open = static_cast<Reading*>(pointer)->open;
    auto done = std::move(open.back());
    open.pop_back();
    open.back().children.push_back(std::move(done));
}

void on_text(void* pointer, const char* text, int size) { static_cast<Reading*>(pointer)->open.back().text.append(text, static_cast<std::size_t>(size)); }

/// No answer of S3 has a document type; what one declares would be entities.
void on_doctype(void* pointer, const char*, const char*, const char*, int) { XML_StopParser(static_cast<Reading*>(pointer)->parser, XML_FALSE); }

}  // namespace

std::string Element::text_of(std::string_view child) const {
    for (const auto& each : children) {
        if (each.name == child) return each.text;
    }
    return {};
}

std::optional<Element> parse_xml(std::string_view text) {
    Reading reading;
    const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser{XML_ParserCreate(nullptr), XML_ParserFree};
    if (!parser) throw std::bad_alloc{};
    reading.parser = parser.get();
    XML_SetUserData(parser.get(), &reading);
    XML_SetElementHandler(parser.get(), on_start, on_end);
    XML_SetCharacterDataHandler(parser.get(), on_text);
    XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
    if (XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE) != XML_STATUS_OK) return std::nullopt;
    return std::move(reading.open.front().children.front());
}

std::string escape_xml(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            default: out += c;
        }
    }
    return out;
}

}  // namespace millrace::blobs::s3
