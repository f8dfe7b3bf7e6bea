#include "base/error.hpp"
#include "ocr.hpp"
#include "reader.hpp"

namespace millrace::extract {
namespace {

constexpr int pages_of_picture_max = 2000;

const l_uint8* bytes_of(std::string_view bytes) { return reinterpret_cast<const l_uint8*>(bytes.data()); }

[[noreturn]] void damaged() { throw Error{Code::malformed_file, {{"why", "the picture cannot be read"}}}; }

const char* media_type(int format) {
    switch (format) {
        case IFF_PNG: return "image/png";
        case IFF_JFIF_JPEG: return "image/jpeg";
        case IFF_GIF: return "image/gif";
        case IFF_WEBP: return "image/webp";
        case IFF_BMP: return "image/bmp";
        case IFF_JP2: return "image/jp2";
        default: return format >= IFF_TIFF && format <= IFF_TIFF_ZIP ? "image/tiff" : "image/x-portable-anymap";
    }
}

/// Asked before the pixels are unpacked: a few bytes can claim gigabytes.
void check_size(std::string_view bytes) {
    int format = 0, width = 0, height = 0, bits = 0, samples = 0, is_mapped = 0;
    if (pixReadHeaderMem(bytes_of(bytes), bytes.size(), &format, &width, &height, &bits, &samples, &is_mapped) != 0) damaged();
    if (width <= 0 || height <= 0) damaged();
    if (std::uint64_t(width) * std::uint64_t(height) > pixels_max) throw Error{Code::parser_limits, {{"format", "picture"}, {"why", std::to_string(width) + " x " + std::to_string(height) + " pixels"}}};
}

void read_tiff(const Input& input, OcrEngine& engine, Output& output) {
    for (std::size_t offset = 0, count = 0; count < pages_of_picture_max; ++count) {
        const Image image{pixReadMemFromMultipageTiff(bytes_of(input.bytes), input.bytes.size(), &offset)};
        if (!image && count == 0) damaged();
        if (!image) break;
        ++output.summary.pages_total;
        auto page = engine.read(image, pixGetXRes(image.get()));
        page.number = 0;
        if (!output.page(std::move(page)) || offset == 0) break;
    }
}

}  // namespace

bool is_image(std::string_view bytes, std::string_view) {
    int format = IFF_UNKNOWN;
    if (bytes.size() < 12 || findFileFormatBuffer(bytes_of(bytes), &format) != 0) return false;
    return format != IFF_UNKNOWN && format != IFF_PS && format != IFF_LPDF && format != IFF_SPIX;
}

void read_image(const Input& input, Output& output) {
    int format = IFF_UNKNOWN;
    findFileFormatBuffer(bytes_of(input.bytes), &format);
    output.summary.media_type = media_type(format);
    check_size(input.bytes);
    if (input.ocr == documents::Ocr::never) return;
    OcrEngine engine{input.languages};
    if (std::string_view{output.summary.media_type} == "image/tiff") return read_tiff(input, engine, output);
    const Image image{pixReadMem(bytes_of(input.bytes), input.bytes.size())};
    if (!image) damaged();
    output.summary.pages_total = 1;
    auto page = engine.read(image, pixGetXRes(image.get()));
    page.number = 0;
    output.page(std::move(page));
}

}  // namespace millrace::extract
