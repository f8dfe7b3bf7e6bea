#include "documents/extracted.hpp"

#include <array>

#include "base/error.hpp"
#include "documents/text.hpp"

namespace millrace::documents {
namespace {

Extraction as_text(formats::Source& source) {
    auto text = read_text(source);
    Extraction document{.media_type = std::move(text.media_type), .title = std::move(text.title), .author = {}, .language = std::move(text.language),
                        .pages = {}, .pages_total = 1, .attachments = {}, .problem = {}};
    document.pages.push_back({.text = std::move(text.text), .words = {}});
    return document;
}

/// The box around the words of a range of a page's text.
std::optional<Word> box_of(const Page& page, std::uint32_t start, std::uint32_t end) {
    std::optional<Word> box;
    for (const auto& word : page.words) {
        if (word.start >= end || word.start + word.size <= start) continue;
        if (!box) box = word;
        box->left = std::min(box->left, word.left);
        box->top = std::min(box->top, word.top);
        box->right = std::max(box->right, word.right);
        box->bottom = std::max(box->bottom, word.bottom);
    }
    return box;
}

json::object evidence_of(const Extraction& document, const Field& field) {
    const auto& page = document.pages[field.page];
    json::object evidence{{"page", page.number}, {"start", field.start}, {"end", field.end}, {"confidence", field.confidence},
                          {"quote", std::string_view{page.text}.substr(field.start, field.end - field.start)}};
    if (const auto box = box_of(page, field.start, field.end)) evidence["box"] = json::array{box->left, box->top, box->right, box->bottom};
    return evidence;
}

}  // namespace

Extracted read_document(formats::Source& source, std::string_view filename, Extractor& extractor, const ExtractOptions& options, std::stop_token stop) {
    if (source.size() == 0) throw Error{Code::empty_file};
    std::array<char, 4096> head{};
    const auto size = source.read(0, head);
    Extracted extracted;
    extracted.document = is_extracted({head.data(), size}, filename) ? extractor.extract(source, filename, options, std::move(stop)) : as_text(source);
    extracted.fields = find_fields(extracted.document);
    return extracted;
}

json::value to_json(const Extracted& extracted, std::string_view id) {
    const auto& document = extracted.document;
    json::object fields, evidence;
    for (const auto& [name, field] : named(extracted.fields)) {
        if (!field) {
            fields[name] = nullptr;
            continue;
        }
        fields[name] = field->value;
        evidence[name] = evidence_of(document, *field);
    }
    json::object out{{"id", id}, {"media_type", document.media_type}, {"title", document.title}, {"pages", document.pages_total},
                     {"text", document.text()}, {"fields", std::move(fields)}, {"evidence", std::move(evidence)}};
    if (!document.problem.empty()) out["problem"] = document.problem;
    return out;
}

}  // namespace millrace::documents
