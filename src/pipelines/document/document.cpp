#include "pipelines/document/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/describe.hpp"
#include "blobs/source.hpp"
#include "datasets/convert.hpp"
#include "documents/extracted.hpp"
#include "documents/text.hpp"
#include "formats/sheet/recognise.hpp"
#include "pipelines/document/web_page.hpp"
#include "pipelines/import/fetch.hpp"
#include "pipelines/kept.hpp"
#include "work/failpoint.hpp"

namespace millrace::pipelines::document {
namespace {

struct Input {
    std::optional<Uuid> file_id;
    std::string url;
};
BOOST_DESCRIBE_STRUCT(Input, (), (file_id, url))

struct Result {
    Uuid file_id;       ///< what was read
    Uuid text_file_id;  ///< what it says
    std::string media_type;
    std::uint64_t text_bytes = 0;
    std::uint32_t pages = 0;
    json::object fields;     ///< what it says of itself: title, language, .. and those of documents::fields_of
    json::object evidence;   ///< where the fields were found
    json::value problem;     ///< why it was read in part only; null otherwise
    json::value concept_id;  ///< null: there is no ontology to classify it by
    std::optional<Uuid> screenshot_file_id;   ///< of a page that was captured
    std::optional<capture::Report> capture;
    std::vector<KeptFile> files;
};
BOOST_DESCRIBE_STRUCT(Result, (),
                      (file_id, text_file_id, media_type, text_bytes, pages, fields, evidence, problem, concept_id, screenshot_file_id, capture, files))

/// Text in memory, up to the limit of documents.
struct Text final : formats::Sink {
    std::string text;
    void write(std::string_view bytes) override {
        if (text.size() + bytes.size() > documents::text_bytes_max) throw Error{Code::payload_too_large, {{"limit", std::to_string(documents::text_bytes_max)}}};
        text += bytes;
    }
};

class Document {
public:
    Document(const Tools& tools, documents::Extractor& extractor, jobs::Context& context)
        : tools_{tools}, extractor_{extractor}, context_{context}, job_{context.job()}, input_{parse_body<Input>(json::serialize(json::value(job_.input)), true)} {}

    void run() {
        context_.stage(10, "started", "Processing started");
        const auto file = input_.file_id ? stored_file(tools_, job_, *input_.file_id) : fetched();
        context_.stage(40, "stored", fmt::format("{} bytes", file.size));
        work::failpoint("document.stored");
        const auto document = read(file);
        context_.stage(80, "read", fmt::format("{} pages", document.document.pages_total));
        finish(file, document);
    }

private:
    intake::File fetched() {
        page_ = capture_page(tools_, context_, input_.url);
        if (page_) return page_->html();
        return import::fetch(tools_, context_, input_.url, Uuid::from_name(job_.id.str(), "page"), "");
    }

    /// A table is read as one, everything else as the document that it is.
    documents::Extracted read(const intake::File& file) {
        blobs::AsSource<formats::Source> source{tools_.blobs.open(file.sha256)};
        if (documents::is_extracted(formats::sheet::head_of(source), file.filename)) return read_document(source, file);
        const formats::Format* format = nullptr;
        try {
            format = &formats::recognise(source, file.filename);
        } catch (const Error& error) {
            if (error.code() != Code::not_text) throw;
        }
        if (!format || format->name() == "csv" || format->name() == "xml" || format->name() == "fixed" || format->name() == "json" || format->name() == "ndjson") {
            return read_document(source, file);
        }
        Text text;
        datasets::convert_to_csv(source, file.filename, {}, text);
        documents::Extracted table;
        table.document.media_type = format->media_type();
        table.document.encoding = "utf-8";
        table.document.pages_total = 1;
        table.document.pages.push_back({.text = std::move(text.text), .words = {}});
        return table;
    }

    documents::Extracted read_document(formats::Source& source, const intake::File& file) {
        return documents::read_document(source, file.filename, extractor_, {}, context_.stop());
    }

    void finish(const intake::File& file, const documents::Extracted& read) {
        const auto& document = read.document;
        const auto text = read.text();
        Result result;
        jobs::Finish finish;
        Keeper keeper{tools_, job_, finish};
        result.files.push_back(keeper.keep(stem(file.filename) + ".txt", "text/plain; charset=utf-8", text));
        result.file_id = file.id;
        if (page_) add_page(keeper, result);
        result.text_file_id = result.files.front().file_id;
        result.media_type = document.media_type;
        result.text_bytes = text.size();
        result.pages = document.pages_total;
        result.fields = {{"title", document.title}, {"author", document.author}, {"language", document.language}, {"description", document.description}, {"encoding", document.encoding}};
        for (auto& field : documents::fields_of(read)) result.fields.insert(field);
        result.evidence = documents::evidence_of(read);
        if (!document.problem.empty()) result.problem = document.problem;
        finish.result_file_id = result.text_file_id;
        // Streams show it, and events carry no result.
        finish.metadata = {{"result_file_id", result.text_file_id.str()}, {"title", document.title}};
        finish.result = json::parse(to_json(result));
        context_.finish(std::move(finish));
    }

    void add_page(Keeper& keeper, Result& result) {
        auto files = keep_page(*page_, keeper);
        result.file_id = files.front().file_id;
        for (std::size_t i = 0; i < files.size(); ++i) {
            if (page_->parts[i].artefact == capture::Artefact::screenshot) result.screenshot_file_id = files[i].file_id;
        }
        result.capture = page_->report;
        std::ranges::move(files, std::back_inserter(result.files));
    }

    const Tools& tools_;
    documents::Extractor& extractor_;
    jobs::Context& context_;
    const jobs::Job& job_;
    const Input input_;
    std::optional<WebPage> page_;
};

}  // namespace

jobs::Kind kind(const Tools& tools) {
    // Handlers are copied; all share the program that reads for them.
    return {.name = "document", .type = jobs::Type::processing, .label = "Document", .attempts_max = 3,
            .run = [tools, extractor = std::make_shared<documents::Extractor>()](jobs::Context& context) { Document{tools, *extractor, context}.run(); }};
}

}  // namespace millrace::pipelines::document
