#pragma once

#include "base/json.hpp"
#include "documents/extraction.hpp"
#include "documents/fields.hpp"

namespace millrace::documents {

/// A document with what it says and what that means.
struct Extracted {
    Extraction document;
    Fields fields;
};

/// Reads a file of any kind: pictures and PDF through `extractor`, HTML and what else is text as `read_text` does.
/// Throws what both throw.
Extracted read_document(formats::Source& source, std::string_view filename, Extractor& extractor, const ExtractOptions& options = {}, std::stop_token stop = {});

/// `{id, media_type, title, pages, text, fields: {date, total, ..}, evidence: {date: {page, start, end, confidence, ..}}}`.
json::value to_json(const Extracted& extracted, std::string_view id);

}  // namespace millrace::documents
