#pragma once

#include <leptonica/allheaders.h>

#include <memory>
#include <string_view>

#include "layout.hpp"

namespace tesseract {
class TessBaseAPI;
}

namespace millrace::extract {

struct PixDestroyer {
    void operator()(Pix* pix) const { pixDestroy(&pix); }
};
using Image = std::unique_ptr<Pix, PixDestroyer>;

constexpr std::uint64_t pixels_max = 60'000'000;

/// Reads the text of pictures. Keeps the language that it found, for the next page of the document.
class OcrEngine {
public:
    /// `languages` as Tesseract names them, joined by +; the first is tried first. Throws Error{unsupported_format} where
    /// none is installed.
    explicit OcrEngine(std::string_view languages);
    ~OcrEngine();
    OcrEngine(const OcrEngine&) = delete;
    OcrEngine& operator=(const OcrEngine&) = delete;

    /// `dpi` of the picture; 0: unknown.
    documents::Page read(const Image& image, int dpi);

private:
    void use(const std::string& language);
    documents::Page recognise(const Image& prepared, int dpi);
    std::vector<SeenWord> words_of(const Image& prepared, int dpi, int layout);
    documents::Page upright(const Image& prepared, int dpi);

    std::vector<std::string> languages_;
    std::string language_;
    bool settled_ = false;  ///< on a language
    std::unique_ptr<tesseract::TessBaseAPI> engine_;
};

}  // namespace millrace::extract
