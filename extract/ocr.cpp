#include "ocr.hpp"

#include <tesseract/baseapi.h>
#include <tesseract/resultiterator.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <span>

#include "base/error.hpp"
#include "layout.hpp"
#include "models.hpp"

namespace millrace::extract {
namespace {

constexpr int unlike = 40;        ///< shades between a speck and what surrounds it
constexpr int letter_height = 24;  ///< pixels; smaller letters are enlarged, which the models read better
constexpr std::size_t letters_to_tell_their_height = 20;
constexpr double enlarged_max = 4, enlarged_pixels_max = 12e6;
constexpr std::size_t words_of_receipt_max = 150;
constexpr int hardly_sure = 45;
constexpr std::size_t words_to_tell_a_language = 4;

bool read_model(const char* filename, std::vector<char>* bytes) {
    std::string_view name{filename};
    name.remove_prefix(std::min(name.size(), name.rfind('/') + 1));
    const auto* found = model(name.substr(0, name.find('.')));
    if (found != nullptr) *bytes = *found;
    return found != nullptr;
}

/// Pixels unlike all that surround them become what surrounds them. Letters keep their strokes, which a median would thin.
void remove_specks(Pix* grey) {
    const auto width = pixGetWidth(grey), height = pixGetHeight(grey);
    const auto words = pixGetWpl(grey);
    for (int y = 1; y + 1 < height; ++y) {
        auto* line = pixGetData(grey) + std::ptrdiff_t{y} * words;
        for (int x = 1; x + 1 < width; ++x) {
            int low = 255, high = 0, sum = 0;
            for (const auto* row : {line - words, line, line + words}) {
                for (int dx = -1; dx <= 1; ++dx) {
                    if (row == line && dx == 0) continue;
                    const int value = GET_DATA_BYTE(row, x + dx);
                    low = std::min(low, value), high = std::max(high, value), sum += value;
                }
            }
            const int here = GET_DATA_BYTE(line, x);
            if (here + unlike < low || here > high + unlike) SET_DATA_BYTE(line, x, sum / 8);
        }
    }
}

/// Height in pixels that most letters have; 0 when there are too few to tell.
int height_of_letters(Pix* grey) {
    const Image black{pixThresholdToBinary(grey, 140)};
    Boxa* boxes = black ? pixConnCompBB(black.get(), 8) : nullptr;
    std::vector<int> heights;
    for (int i = 0; boxes != nullptr && i < boxaGetCount(boxes); ++i) {
        int width = 0, height = 0;
        boxaGetBoxGeometry(boxes, i, nullptr, nullptr, &width, &height);
        if (height >= 5 && height <= 120 && width <= 3 * height) heights.push_back(height);
    }
    boxaDestroy(&boxes);
    if (heights.size() < letters_to_tell_their_height) return 0;
    std::ranges::nth_element(heights, heights.begin() + static_cast<std::ptrdiff_t>(heights.size() / 2));
    return heights[heights.size() / 2];
}

/// Grey, as large as the models want it, and straight.
Image prepare(const Image& image) {
    Image grey{pixConvertTo8(image.get(), 0)};
    if (!grey) throw Error{Code::malformed_file, {{"why", "the picture cannot be read"}}};
    remove_specks(grey.get());
    if (const auto height = height_of_letters(grey.get()); height > 0 && height < letter_height) {
        const double width = pixGetWidth(grey.get()), lines = pixGetHeight(grey.get());
        const auto factor = std::min({enlarged_max, 1.0 * letter_height / height, std::sqrt(enlarged_pixels_max / (width * lines))});
        if (factor > 1.1) {
            if (Image larger{pixScale(grey.get(), static_cast<float>(factor), static_cast<float>(factor))}) grey = std::move(larger);
        }
    }
    // A page that leans is turned; one that does not is returned as it is.
    if (Image straight{pixDeskew(grey.get(), 0)}) grey = std::move(straight);
    return grey;
}

struct Telling {
    const char* language;
    std::span<const std::string_view> words;
};

constexpr std::string_view english[] = {"the", "and", "of", "to", "for", "date", "invoice", "total", "amount", "cash", "change", "due", "number", "your", "no"};
constexpr std::string_view dutch[] = {"de", "het", "een", "van", "en", "voor", "datum", "factuur", "factuurnummer", "totaal", "btw", "bedrag", "aantal", "te", "betalen", "factuurdatum", "omschrijving", "incl", "bon", "bedankt", "subtotaal"};
constexpr std::string_view german[] = {"der", "die", "das", "und", "von", "mit", "datum", "rechnung", "rechnungsnummer", "summe", "gesamtbetrag", "mwst", "ust", "betrag", "menge", "zahlen", "fur", "rechnungsdatum", "zzgl", "nr", "bar", "gesamt", "netto", "brutto"};
constexpr std::string_view french[] = {"le", "la", "les", "des", "et", "du", "pour", "facture", "montant", "total", "tva", "ttc", "ht", "quantite", "payer", "date", "designation", "merci", "prix", "numero"};
constexpr Telling tellings[] = {{"eng", english}, {"nld", dutch}, {"deu", german}, {"fra", french}};

/// The language whose words stand in the text most; empty when there are too few.
std::string language_of(const documents::Page& page) {
    std::array<std::size_t, std::size(tellings)> votes{};
    for (const auto& word : page.words) {
        std::string letters;
        for (const char c : std::string_view{page.text}.substr(word.start, word.size)) {
            if (std::isalpha(static_cast<unsigned char>(c))) letters += static_cast<char>(c | 0x20);
        }
        for (std::size_t i = 0; i < votes.size(); ++i) votes[i] += std::ranges::count(tellings[i].words, letters) > 0;
    }
    const auto best = std::ranges::max_element(votes);
    return *best < words_to_tell_a_language ? "" : tellings[best - votes.begin()].language;
}

bool lies_on_side(const documents::Page& page, double width_to_height) {
    int wide = 0, high = 0;
    for (const auto& word : page.words) {
        if (word.size < 4) continue;
        ((word.right - word.left) * width_to_height > word.bottom - word.top ? wide : high) += 1;
    }
    return high > wide + 2;
}

/// How much was read, and how surely.
double what_was_read(const std::vector<SeenWord>& words) {
    double sum = 0;
    for (const auto& word : words) sum += (word.confidence - 50.0) * static_cast<double>(std::min<std::size_t>(word.text.size(), 12));
    return sum;
}

bool overlap(const SeenWord& a, const SeenWord& b) {
    return std::min(a.right, b.right) > std::max(a.left, b.left) && std::min(a.bottom, b.bottom) > std::max(a.top, b.top);
}

/// Words that stand where nothing was read.
void add_missed(std::vector<SeenWord>& words, std::vector<SeenWord> others) {
    const auto known = words.size();
    for (auto& other : others) {
        const bool is_new = std::none_of(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(known), [&](const SeenWord& word) { return overlap(word, other); });
        if (is_new && other.confidence >= hardly_sure) words.push_back(std::move(other));
    }
}

/// Specks and edges of paper, read as marks.
bool is_noise(const SeenWord& word) {
    const bool says_something = std::ranges::any_of(word.text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0xc2; });
    return word.confidence < 5 || (!says_something && word.confidence < 60);
}

}  // namespace

OcrEngine::OcrEngine(std::string_view languages) : engine_{std::make_unique<tesseract::TessBaseAPI>()} {
    for (std::size_t from = 0; from <= languages.size();) {
        const auto end = std::min(languages.find('+', from), languages.size());
        if (const auto language = languages.substr(from, end - from); model(language) != nullptr) languages_.emplace_back(language);
        from = end + 1;
    }
    if (languages_.empty()) throw Error{Code::unsupported_format, {{"format", "a picture without a model of its language"}, {"known", "the languages of the tesseract-ocr packages that are installed"}}};
    use(languages_.front());
}

OcrEngine::~OcrEngine() = default;

void OcrEngine::use(const std::string& language) {
    engine_->End();
    if (engine_->Init("", 0, language.c_str(), tesseract::OEM_LSTM_ONLY, nullptr, 0, nullptr, nullptr, false, read_model) != 0) {
        throw Error{Code::parser_limits, {{"format", "picture"}, {"why", "the model of " + language + " cannot be loaded"}}};
    }
    language_ = language;
}

documents::Page OcrEngine::read(const Image& image, int dpi) {
    const auto prepared = prepare(image);
    auto page = upright(prepared, dpi);
    if (settled_) return page;
    const auto language = language_of(page);
    if (language.empty()) return page;
    settled_ = true;
    if (language == language_ || std::ranges::find(languages_, language) == languages_.end()) return page;
    use(language);
    return upright(prepared, dpi);
}

/// A picture may lie on its side, which its words tell by being higher than wide, or on its head.
documents::Page OcrEngine::upright(const Image& prepared, int dpi) {
    auto best = recognise(prepared, dpi);
    const bool lies = lies_on_side(best, 1.0 * pixGetWidth(prepared.get()) / pixGetHeight(prepared.get()));
    if (!lies && (best.words.empty() || best.confidence >= hardly_sure)) return best;
    const std::vector<int> turns = lies ? std::vector{1, 3} : std::vector{2};
    for (const int quarters : turns) {
        const Image turned{pixRotateOrth(prepared.get(), quarters)};
        auto page = recognise(turned, dpi);
        if (quarters == turns.front() && lies) best = std::move(page);
        else if (page.confidence > best.confidence + 5) best = std::move(page);
    }
    return best;
}

/// A receipt is one column, whose amounts the search for columns takes for noise now and then: it is looked at as one, and
/// once more for words that stand alone.
documents::Page OcrEngine::recognise(const Image& prepared, int dpi) {
    auto words = words_of(prepared, dpi, tesseract::PSM_AUTO);
    if (!words.empty() && words.size() <= words_of_receipt_max) {
        auto column = words_of(prepared, dpi, tesseract::PSM_SINGLE_COLUMN);
        if (what_was_read(column) > what_was_read(words)) words = std::move(column);
        add_missed(words, words_of(prepared, dpi, tesseract::PSM_SPARSE_TEXT));
    }
    return lay_out(std::move(words), pixGetWidth(prepared.get()), pixGetHeight(prepared.get()));
}

std::vector<SeenWord> OcrEngine::words_of(const Image& prepared, int dpi, int layout) {
    engine_->SetPageSegMode(static_cast<tesseract::PageSegMode>(layout));
    engine_->SetImage(prepared.get());
    engine_->SetSourceResolution(dpi > 0 ? dpi : 200);
    std::vector<SeenWord> words;
    if (engine_->Recognize(nullptr) != 0) return words;
    const std::unique_ptr<tesseract::ResultIterator> at{engine_->GetIterator()};
    if (at && !at->Empty(tesseract::RIL_WORD)) {
        do {
            const std::unique_ptr<char[]> text{at->GetUTF8Text(tesseract::RIL_WORD)};
            SeenWord word{.text = text ? text.get() : "", .confidence = static_cast<int>(at->Confidence(tesseract::RIL_WORD))};
            if (std::ranges::all_of(word.text, [](char c) { return c == ' '; })) continue;
            if (at->BoundingBox(tesseract::RIL_WORD, &word.left, &word.top, &word.right, &word.bottom) && !is_noise(word)) words.push_back(std::move(word));
        } while (at->Next(tesseract::RIL_WORD));
    }
    engine_->Clear();
    return words;
}

}  // namespace millrace::extract
