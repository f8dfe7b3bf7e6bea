#pragma once

#include "capture/capture.hpp"
#include "pipelines/kept.hpp"

namespace millrace::pipelines::document {

/// A page as a browser shows it.
struct WebPage {
    struct Part {
        capture::Artefact artefact = capture::Artefact::html;
        std::string sha256;
        std::uint64_t bytes = 0;
    };
    std::string name;  ///< of its files, without their extensions
    capture::Report report;
    std::vector<Part> parts;  ///< stored

    /// Its HTML, as a file that is not kept yet; no id when it could not be had.
    intake::File html() const;
};

/// Captures the page and stores its artefacts. Nothing when captures are off, there is no browser or none that can be isolated,
/// or the address leads to a file: then it is to be fetched like one.
std::optional<WebPage> capture_page(const Tools& tools, jobs::Context& context, const std::string& url);

/// Adds the page's files to the end of the job; the first one is its HTML.
std::vector<KeptFile> keep_page(const WebPage& page, Keeper& keeper);

}  // namespace millrace::pipelines::document
