#include <iconv.h>
#include <poppler-document.h>
#include <poppler-embedded-file.h>
#include <poppler-global.h>
#include <poppler-page-renderer.h>
#include <poppler-page.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "ocr.hpp"
#include "reader.hpp"

namespace millrace::extract {
namespace {

constexpr double scan_dpi = 300;
constexpr std::size_t few_letters = 24;  ///< a page with fewer may be a picture with a stamp on it

/// Without iconv, which would want to load a module.
std::string utf8(const poppler::ustring& text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::uint32_t c = text[i];
        if (c >= 0xd800 && c < 0xdc00 && i + 1 < text.size() && text[i + 1] >= 0xdc00 && text[i + 1] < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (text[++i] - 0xdc00);
        } else if ((c >= 0xd800 && c < 0xe000) || c == 0) {
            c = 0xfffd;
        }
        if (c < 0x80) out += static_cast<char>(c);
        else if (c < 0x800) out.append({static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))});
        else if (c < 0x10000) out.append({static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3f)), static_cast<char>(0x80 | (c & 0x3f))});
        else out.append({static_cast<char>(0xf0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3f)), static_cast<char>(0x80 | (c >> 6 & 0x3f)), static_cast<char>(0x80 | (c & 0x3f))});
    }
    return out;
}

/// Pages end with a form feed, and it is for the whole document to say so.
void trim(std::string& text) {
    while (!text.empty() && (text.back() == '\f' || text.back() == '\n' || text.back() == ' ')) text.pop_back();
}

/// Does the text layer say what is on the page? Not when there is next to nothing, and not when fonts without a table of
/// characters made it noise.
bool is_usable(std::string_view text) {
    std::size_t letters = 0, noise = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 && c != '\n' && c != '\t' && c != '\f' && c != '\r') ++noise;
        else if (c == 0xef && text.substr(i, 3) == "\xef\xbf\xbd") ++noise;   // U+FFFD
        else if (c == 0xee || (c == 0xef && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa4)) ++noise;  // private use
        else if (std::isalnum(c) || c >= 0xc2) ++letters;
    }
    return letters >= few_letters && noise * 4 <= letters;
}

bool is_blank(const Image& image) {
    l_float32 dark = 0;
    const Image black{pixThresholdToBinary(image.get(), 160)};
    return !black || pixForegroundFraction(black.get(), &dark) != 0 || dark < 0.0002F;
}

Image rendered(const poppler::page& page, double dpi) {
    poppler::page_renderer renderer;
    renderer.set_image_format(poppler::image::format_gray8);
    renderer.set_render_hint(poppler::page_renderer::antialiasing, true);
    renderer.set_render_hint(poppler::page_renderer::text_antialiasing, true);
    const auto picture = renderer.render_page(&page, dpi, dpi);
    if (!picture.is_valid()) return {};
    Image image{pixCreate(picture.width(), picture.height(), 8)};
    if (!image) return {};
    const auto words_per_line = pixGetWpl(image.get());
    for (int y = 0; y < picture.height(); ++y) {
        auto* line = pixGetData(image.get()) + static_cast<std::ptrdiff_t>(y) * words_per_line;
        const auto* from = picture.const_data() + static_cast<std::ptrdiff_t>(y) * picture.bytes_per_row();
        for (int x = 0; x < picture.width(); ++x) SET_DATA_BYTE(line, x, static_cast<unsigned char>(from[x]));
    }
    return image;
}

class PdfReader {
public:
    PdfReader(const Input& input, Output& output) : input_{input}, output_{output} {}

    void read() {
        document_.reset(poppler::document::load_from_raw_data(input_.bytes.data(), static_cast<int>(input_.bytes.size())));
        if (!document_) throw Error{Code::malformed_file, {{"why", "it is not a PDF that can be read"}}};
        if (document_->is_locked()) throw Error{Code::encrypted_file};
        auto& summary = output_.summary;
        summary.media_type = "application/pdf";
        summary.title = utf8(document_->get_title());
        summary.author = utf8(document_->get_author());
        summary.pages_total = static_cast<std::uint32_t>(std::max(0, document_->pages()));
        for (int number = 0; number < document_->pages(); ++number) {
            if (!read_page(number)) return;
        }
        attachments();
    }

private:
    bool read_page(int number) {
        const std::unique_ptr<poppler::page> page{document_->create_page(number)};
        documents::Page found{.number = static_cast<std::uint32_t>(number + 1)};
        if (page) {
            found.text = utf8(page->text(poppler::rectf{}, poppler::page::physical_layout));
            trim(found.text);
            const bool asks_for_ocr = input_.ocr == documents::Ocr::always || (input_.ocr == documents::Ocr::automatic && !is_usable(found.text));
            if (asks_for_ocr) read_picture(*page, found);
        } else {
            output_.summary.problem = "Page " + std::to_string(number + 1) + " cannot be read.";
        }
        return output_.page(std::move(found));
    }

    /// Replaces the text of the page by what its picture says, where that is more.
    void read_picture(const poppler::page& page, documents::Page& found) {
        const auto area = page.page_rect();
        const auto inches = std::max(1e-3, area.width() * area.height() / 5184);
        const auto dpi = std::min(scan_dpi, std::sqrt(0.5 * pixels_max / inches));
        if (!(area.width() > 0) || !(area.height() > 0) || dpi < 20) return;
        const auto image = rendered(page, dpi);
        if (!image || is_blank(image)) return;
        if (!engine_) engine_.emplace(input_.languages);
        auto seen = engine_->read(image, static_cast<int>(dpi));
        if (seen.words.empty() || (seen.text.size() < found.text.size() && is_usable(found.text))) return;
        seen.number = found.number;
        found = std::move(seen);
    }

    void attachments() {
        if (!document_->has_embedded_files()) return;
        for (const auto* file : document_->embedded_files()) {
            if (!file->is_valid()) continue;
            const auto bytes = file->data();
            output_.attach({.filename = file->name(), .media_type = file->mime_type(), .bytes = {bytes.begin(), bytes.end()}});
        }
    }

    const Input& input_;
    Output& output_;
    std::unique_ptr<poppler::document> document_;
    std::optional<OcrEngine> engine_;
};

void say_nothing(const std::string&, void*) {}

constexpr std::string_view small_document =
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj "
    "4 0 obj<</Length 35>>stream\nBT /F1 12 Tf 9 9 Td (millrace) Tj ET\nendstream endobj "
    "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj trailer<</Root 1 0 R>>";

}  // namespace

bool is_pdf(std::string_view bytes, std::string_view) { return bytes.substr(0, 1024).find("%PDF-") != bytes.npos; }

void read_pdf(const Input& input, Output& output) { PdfReader{input, output}.read(); }

void warm_up_pdf() {
    poppler::set_debug_error_function(say_nothing, nullptr);
    // Kept open: glibc unloads the modules of conversions that nobody uses.
    ::iconv_open("UTF-16", "UTF-8");
    ::iconv_open("UTF-8", "UTF-16");
    ::iconv_open("UTF-16LE", "UTF-8");
    ::iconv_open("UTF-8", "UTF-16LE");
    // Kept: with the last document go the tables that the first one has loaded.
    static const std::unique_ptr<poppler::document> kept{poppler::document::load_from_raw_data(small_document.data(), static_cast<int>(small_document.size()))};
    if (!kept) return;
    const std::unique_ptr<poppler::page> page{kept->create_page(0)};
    if (page) page->text(poppler::rectf{}, poppler::page::physical_layout), rendered(*page, 72);
}

}  // namespace millrace::extract
