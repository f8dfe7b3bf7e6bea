#include "documents/extraction.hpp"

#include <csignal>
#include <filesystem>
#include <functional>

#include "base/error.hpp"
#include "documents/protocol.hpp"

namespace millrace::documents {
namespace {

namespace sandbox = formats::sandbox;

std::string beside_this_program() {
    std::error_code ignored;
    const auto own = std::filesystem::read_symlink("/proc/self/exe", ignored);
    return (own.parent_path() / "millrace-extract").string();
}

/// A child that reads one document. A stop ends it at once, however busy it is.
class Child final : public sandbox::Link {
public:
    Child(work::Zygote& zygote, const ExtractorSettings& settings, std::stop_token stop)
        : silence_{settings.silence}, stop_{std::move(stop)}, process_{zygote, {.memory_bytes = settings.memory_bytes, .cpu = settings.cpu}} {}

    void read(std::span<char> into) override { check(process_.read(into, in(silence_))); }
    void write(std::string_view bytes) override { check(process_.write(bytes, in(silence_))); }

private:
    void check(work::Sandbox::Outcome outcome) {
        if (outcome == work::Sandbox::Outcome::done) return;
        if (stop_.stop_requested()) throw Error{Code::cancelled};
        const auto ending = process_.end();
        if (outcome == work::Sandbox::Outcome::late) limits("time");
        if (ending.signal == SIGXCPU || ending.signal == SIGKILL) limits(ending.signal == SIGXCPU ? "time" : "time or memory");
        throw Error{Code::parser_crashed, {{"format", "document"}, {"why", ending.text()}}};
    }
    [[noreturn]] static void limits(const char* what) { throw Error{Code::parser_limits, {{"format", "document"}, {"why", what}}}; }

    std::chrono::milliseconds silence_;
    std::stop_token stop_;
    work::Sandbox process_;
    std::stop_callback<std::function<void()>> on_stop_{stop_, [this] { process_.close(); }};
};

/// Hears what a child says of a document, and gives it the bytes it needs.
class Conversation {
public:
    Conversation(sandbox::Link& link, formats::Source& source, const ExtractOptions& options)
        : link_{link}, source_{source}, pages_max_{options.pages_max}, needed_bytes_left_{source.size() * 4 + (16u << 20)} {}

    /// What was read until the child was done or had to give up goes to `found`.
    void hear(Extraction& found) {
        sandbox::Frame frame;
        for (;;) {
            sandbox::receive(link_, std::max<std::size_t>(page_bytes_max, attachment_bytes_max + 8192), frame);
            if (frame.kind == sandbox::Kind::need) give(sandbox::read_need(frame.payload));
            else if (frame.kind == kind_page) add_page(found, read_page(frame.payload));
            else if (frame.kind == kind_attachment) add_attachment(found, read_attachment(frame.payload));
            else if (frame.kind == sandbox::Kind::error) throw sandbox::read_error(frame.payload);
            else if (frame.kind == kind_done) return finish(found, read_summary(frame.payload));
            else throw sandbox::Nonsense{"a frame is of no known kind"};
        }
    }

private:
    void give(sandbox::Need need) {
        if (need.length > needed_bytes_left_) throw sandbox::Nonsense{"too much is asked for"};
        needed_bytes_left_ -= need.length;
        bytes_.resize(need.length);
        bytes_.resize(source_.read(need.offset, bytes_));
        sandbox::send(link_, sandbox::Kind::bytes, bytes_);
    }

    void add_page(Extraction& found, Page page) {
        text_bytes_ += page.text.size();
        if (found.pages.size() >= pages_max_ || text_bytes_ > document_bytes_max) throw sandbox::Nonsense{"there are too many pages"};
        found.pages.push_back(std::move(page));
    }

    void add_attachment(Extraction& found, Attachment attachment) {
        attached_bytes_ += attachment.bytes.size();
        if (found.attachments.size() >= 1000 || attached_bytes_ > attachment_bytes_max) throw sandbox::Nonsense{"too much is attached"};
        found.attachments.push_back(std::move(attachment));
    }

    static void finish(Extraction& found, Summary summary) {
        found.media_type = std::move(summary.media_type);
        found.title = std::move(summary.title);
        found.author = std::move(summary.author);
        found.problem = std::move(summary.problem);
        found.pages_total = summary.pages_total;
    }

    sandbox::Link& link_;
    formats::Source& source_;
    std::uint32_t pages_max_;
    std::uint64_t needed_bytes_left_, text_bytes_ = 0, attached_bytes_ = 0;
    std::string bytes_;
};

}  // namespace

std::string Extraction::text() const {
    std::string all;
    for (const auto& page : pages) {
        if (!all.empty()) all += '\f';
        all += page.text;
    }
    return all;
}

Extractor::Extractor(ExtractorSettings settings) : settings_{std::move(settings)} {
    if (settings_.program.empty()) settings_.program = beside_this_program();
}
Extractor::~Extractor() = default;

Extraction Extractor::extract(formats::Source& source, std::string_view filename, const ExtractOptions& options, std::stop_token stop) {
    if (source.size() == 0) throw Error{Code::empty_file};
    if (source.size() > document_bytes_max) throw Error{Code::payload_too_large, {{"limit", std::to_string(document_bytes_max)}}};
    const auto mother = zygote();
    Extraction found;
    try {
        const auto start = [&] {
            try {
                return std::make_unique<Child>(*mother, settings_, stop);
            } catch (const Error&) {
                forget(mother);
                throw;
            }
        };
        const auto child = start();
        sandbox::send(*child, sandbox::Kind::request,
                      to_payload(ExtractRequest{.filename = std::string{filename}, .size = source.size(), .languages = options.languages,
                                                .ocr = options.ocr, .pages_max = options.pages_max}));
        Conversation{*child, source, options}.hear(found);
    } catch (const sandbox::Nonsense& nonsense) {
        throw Error{Code::parser_crashed, {{"format", "document"}, {"why", nonsense.why}}};
    } catch (const Error& error) {
        // What a death on page 300 leaves is 299 pages.
        if (found.pages.empty() || (error.code() != Code::parser_crashed && error.code() != Code::parser_limits)) throw;
        found.problem = error.what();
    }
    return found;
}

std::shared_ptr<work::Zygote> Extractor::zygote() {
    const std::lock_guard hold{starting_};
    if (zygote_) return zygote_;
    std::error_code ignored;
    if (!std::filesystem::exists(settings_.program, ignored)) throw Error{Code::extractor_missing, {{"program", settings_.program}}};
    // Threads of OpenMP cost more than they give: pages are read at the same time instead.
    zygote_ = std::make_shared<work::Zygote>(work::SandboxProgram{.path = settings_.program, .argument = "zygote", .environment = {"OMP_THREAD_LIMIT=1"}});
    return zygote_;
}

void Extractor::forget(const std::shared_ptr<work::Zygote>& dead) {
    const std::lock_guard hold{starting_};
    if (zygote_ == dead) zygote_.reset();
}

}  // namespace millrace::documents
