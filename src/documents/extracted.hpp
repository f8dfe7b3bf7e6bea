#pragma once

#include "base/json.hpp"
#include "documents/extraction.hpp"
#include "documents/fields.hpp"

namespace millrace::documents {

/// A document with what it says and what that means.
struct Extracted {
    std::string filename;
    Extraction document;  ///< its attachments are below
    Fields fields;
    std::vector<Extracted> attached;  ///< one that cannot be read says why in its document

    /// Its own text and that of all that is attached, a form feed between two pages.
    std::string text() const;
};

/// Reads a file of any kind: PDF, pictures, files of offices and mail through `extractor`, workbooks as a page of lines for
/// each sheet, HTML and what else is text as `read_text` does. What is attached is read too, three documents deep and a
/// hundred in all. Throws what these throw.
Extracted read_document(formats::Source& source, std::string_view filename, Extractor& extractor, const ExtractOptions& options = {}, std::stop_token stop = {});

/// `{date, total, ..}`: all fields, null where the document says nothing.
json::object fields_of(const Extracted& extracted);
/// `{date: {page, start, end, confidence, quote, box}, ..}` of the fields that were found.
json::object evidence_of(const Extracted& extracted);

/// `{id, media_type, title, pages, text, fields: {date, total, ..}, evidence: {date: {page, start, end, confidence, ..}}}`.
json::value to_json(const Extracted& extracted, std::string_view id);

}  // namespace millrace::documents
