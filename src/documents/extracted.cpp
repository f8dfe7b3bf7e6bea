#include "documents/extracted.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "documents/detail/bytes.hpp"
#include "documents/text.hpp"
#include "formats/sheet/recognise.hpp"

namespace millrace::documents {
namespace {

constexpr int depth_max = 3;
constexpr std::size_t attached_max = 100;

void add_rows(std::string& text, const formats::TextBatch& batch) {
    for (std::size_t row = 0; row < batch.rows; ++row) {
        for (std::size_t column = 0; column < batch.columns; ++column) {
            if (column > 0) text += '\t';
            text += batch.at(row, column).text();
        }
        while (text.ends_with('\t')) text.pop_back();
        text += '\n';
        if (text.size() > text_bytes_max) throw Error{Code::payload_too_large, {{"limit", std::to_string(text_bytes_max)}}};
    }
}

Extraction as_text(formats::Source& source) {
    auto text = read_text(source);
    Extraction document;
    document.media_type = std::move(text.media_type);
    document.title = std::move(text.title);
    document.language = std::move(text.language);
    document.description = std::move(text.description);
    document.encoding = std::move(text.encoding);
    document.pages_total = 1;
    document.pages.push_back({.text = std::move(text.text), .words = {}});
    return document;
}

/// A workbook, a page for each sheet: a line for each row, tabs between cells.
Extraction as_tables(formats::Source& source, std::string_view filename, const std::stop_token& stop) {
    const auto& format = formats::recognise(source, filename);
    Extraction document;
    document.media_type = format.media_type();
    const auto tables = format.tables(source, {.stop = stop});
    document.pages_total = static_cast<std::uint32_t>(tables.size());
    std::uint64_t left = text_bytes_max;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        Page page{.number = static_cast<std::uint32_t>(i + 1), .text = {}, .words = {}};
        const auto reader = format.open(source, {.table = i, .dialect = {{"header", false}}, .stop = stop});
        for (formats::TextBatch batch; reader->next(batch);) add_rows(page.text, batch);
        if (page.text.size() > left) throw Error{Code::payload_too_large, {{"limit", std::to_string(text_bytes_max)}}};
        left -= page.text.size();
        document.pages.push_back(std::move(page));
    }
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

json::object place_of(const Extraction& document, const Field& field) {
    const auto& page = document.pages[field.page];
    json::object evidence{{"page", page.number}, {"start", field.start}, {"end", field.end}, {"confidence", field.confidence},
                          {"quote", std::string_view{page.text}.substr(field.start, field.end - field.start)}};
    if (const auto box = box_of(page, field.start, field.end)) evidence["box"] = json::array{box->left, box->top, box->right, box->bottom};
    return evidence;
}

/// Reads a document and what is in it.
class Reading {
public:
    Reading(Extractor& extractor, const ExtractOptions& options, std::stop_token stop) : extractor_{extractor}, options_{options}, stop_{std::move(stop)} {}

    Extracted read(formats::Source& source, std::string_view filename, int depth) {
        if (source.size() == 0) throw Error{Code::empty_file};
        Extracted extracted{.filename = std::string{filename}, .document = document(source, filename), .fields = {}, .attached = {}};
        extracted.fields = find_fields(extracted.document);
        for (auto& attachment : std::exchange(extracted.document.attachments, {})) {
            if (attached_++ < attached_max) extracted.attached.push_back(attached(std::move(attachment), depth + 1));
            else extracted.document.problem = "More is attached than is read.";
        }
        return extracted;
    }

private:
    Extraction document(formats::Source& source, std::string_view filename) {
        const auto head = formats::sheet::head_of(source);
        if (is_extracted(head, filename)) return extractor_.extract(source, filename, options_, stop_);
        const bool is_packed = formats::sheet::is_zip(head) || formats::sheet::is_compound(head);
        return is_packed ? as_tables(source, filename, stop_) : as_text(source);
    }

    Extracted attached(Attachment attachment, int depth) {
        Extracted failed{.filename = attachment.filename, .document = {}, .fields = {}, .attached = {}};
        failed.document.media_type = attachment.media_type;
        if (depth > depth_max) return failed.document.problem = "It is attached too deep to be read.", failed;
        try {
            BytesSource source{std::move(attachment.bytes)};
            return read(source, attachment.filename, depth);
        } catch (const Error& error) {
            if (error.code() == Code::cancelled) throw;
            failed.document.problem = error.what();
        }
        return failed;
    }

    Extractor& extractor_;
    const ExtractOptions& options_;
    std::stop_token stop_;
    std::size_t attached_ = 0;
};

}  // namespace

std::string Extracted::text() const {
    auto all = document.text();
    for (const auto& child : attached) {
        const auto text = child.text();
        if (!all.empty() && !text.empty()) all += '\f';
        all += text;
    }
    return all;
}

Extracted read_document(formats::Source& source, std::string_view filename, Extractor& extractor, const ExtractOptions& options, std::stop_token stop) {
    return Reading{extractor, options, std::move(stop)}.read(source, filename, 0);
}

json::object fields_of(const Extracted& extracted) {
    json::object fields;
    for (const auto& [name, field] : named(extracted.fields)) fields[name] = field ? json::value(field->value) : json::value{};
    return fields;
}

json::object evidence_of(const Extracted& extracted) {
    json::object evidence;
    for (const auto& [name, field] : named(extracted.fields)) {
        if (field) evidence[name] = place_of(extracted.document, *field);
    }
    return evidence;
}

json::value to_json(const Extracted& extracted, std::string_view id) {
    const auto& document = extracted.document;
    json::object out{{"id", id}, {"media_type", document.media_type}, {"title", document.title}, {"pages", document.pages_total},
                     {"text", document.text()}, {"fields", fields_of(extracted)}, {"evidence", evidence_of(extracted)}};
    if (!document.problem.empty()) out["problem"] = document.problem;
    for (const auto& child : extracted.attached) {
        if (!out.contains("attachments")) out["attachments"] = json::array{};
        out["attachments"].as_array().push_back(to_json(child, child.filename));
    }
    return out;
}

}  // namespace millrace::documents
