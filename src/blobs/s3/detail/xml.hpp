#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::blobs::s3 {

/// An element of an answer: its own text, and the elements in it. Names of spaces and attributes are left out.
struct Element {
    std::string name;
    std::string text;
    std::vector<Element> children;

    /// The text of the first child of that name; empty when there is none.
    std::string text_of(std::string_view child) const;
};

/// The root element; nothing when the text is not well-formed, or nested deeper than any answer of S3.
std::optional<Element> parse_xml(std::string_view text);

/// `text` between two tags.
std::string escape_xml(std::string_view text);

}  // namespace millrace::blobs::s3
