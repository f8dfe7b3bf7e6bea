#include "pipelines/document/web_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "http/fetch.hpp"

namespace millrace::pipelines::document {
namespace {

WebPage captured(const Tools& tools, jobs::Context& context, const std::string& url) {
    WebPage page{.name = stem(http::filename_of_url(url))};
    page.report = tools.capturer->capture({
        .url = url,
        // The text is read of the HTML, as that of any document.
        .artefacts = {capture::Artefact::html, capture::Artefact::text, capture::Artefact::screenshot, capture::Artefact::mhtml, capture::Artefact::pdf},
        .stop = context.stop(),
        .on_artefact = [&](capture::Artefact artefact, std::string_view content) {
            if (artefact == capture::Artefact::text) return;
            context.check();
            const auto writer = tools.blobs.create();
            writer->write(content);
            auto stored = writer->finish();
            page.parts.push_back({artefact, std::move(stored.sha256), stored.size});
            context.tick(10 + static_cast<int>(page.parts.size()) * 5, fmt::format("captured: {}", word(artefact)));
        },
    });
    return page;
}

}  // namespace

intake::File WebPage::html() const {
    const auto found = std::ranges::find(parts, capture::Artefact::html, &Part::artefact);
    if (found == parts.end()) throw Error{Code::capture_failed, {{"url", report.url}, {"what", "html"}, {"why", "it has no text"}}};
    intake::File file;
    file.filename = name + ".html";
    file.size = found->bytes;
    file.sha256 = found->sha256;
    return file;
}

std::optional<WebPage> capture_page(const Tools& tools, jobs::Context& context, const std::string& url) {
    if (!tools.capturer) return std::nullopt;
    context.stage(10, "capturing");
    try {
        auto page = captured(tools, context, url);
        for (const auto& made : page.report.artefacts) {
            if (!made.error_code.empty()) context.log(observe::Level::warn, made.error);
        }
        for (const auto& blocked : page.report.blocked) context.log(observe::Level::warn, fmt::format("not let through to {}: {}", blocked.host, blocked.why));
        return page;
    } catch (const Error& error) {
        if (error.code() == Code::capture_download) return std::nullopt;
        if (error.code() != Code::browser_missing && error.code() != Code::browser_unconfined) throw;
        context.log(observe::Level::warn, error.message() + " The page is read as it is sent.");
        return std::nullopt;
    }
}

std::vector<KeptFile> keep_page(const WebPage& page, Keeper& keeper) {
    std::vector<KeptFile> files;
    for (const auto& part : page.parts) {
        files.push_back(keeper.keep(fmt::format("{}.{}", page.name, extension(part.artefact)), std::string{media_type(part.artefact)}, part.sha256, part.bytes));
    }
    return files;
}

}  // namespace millrace::pipelines::document
