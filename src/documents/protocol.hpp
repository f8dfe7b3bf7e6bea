#pragma once

#include "documents/extraction.hpp"
#include "formats/sandbox/protocol.hpp"

/// What a child of millrace-extract and its parent say to each other, in the frames of formats/sandbox.
namespace millrace::documents {

constexpr auto kind_page = static_cast<formats::sandbox::Kind>(32);        ///< child: Page as JSON
constexpr auto kind_attachment = static_cast<formats::sandbox::Kind>(33);  ///< child: sizes of name and type (4 and 4 bytes), both, the bytes
constexpr auto kind_done = static_cast<formats::sandbox::Kind>(34);        ///< child: Summary as JSON; the last frame

constexpr std::size_t page_bytes_max = 32u << 20;

/// What the parent wants.
struct ExtractRequest {
    std::string filename;
    std::uint64_t size = 0;
    std::string languages;
    Ocr ocr = Ocr::automatic;
    std::uint32_t pages_max = 0;
};

/// What is known of the document as a whole.
struct Summary {
    std::string media_type, title, author, problem;
    std::uint32_t pages_total = 0;
};

std::string to_payload(const ExtractRequest& request);
std::string to_payload(const Page& page);
std::string to_payload(const Attachment& attachment);
std::string to_payload(const Summary& summary);

/// What a payload says. All throw formats::sandbox::Nonsense for one that says nothing of the kind; texts are UTF-8.
ExtractRequest read_extract_request(std::string_view payload);
Page read_page(std::string_view payload);
Attachment read_attachment(std::string_view payload);
Summary read_summary(std::string_view payload);

}  // namespace millrace::documents
