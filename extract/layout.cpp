#include "layout.hpp"

#include <algorithm>
#include <cmath>

namespace millrace::extract {
namespace {

constexpr int column_max = 400;

/// Words that stand beside each other.
struct Line {
    std::vector<const SeenWord*> words;
    double top = 0, bottom = 0;  ///< of its words, on average

    void add(const SeenWord& word) {
        const auto count = static_cast<double>(words.size());
        top = (top * count + word.top) / (count + 1);
        bottom = (bottom * count + word.bottom) / (count + 1);
        words.push_back(&word);
    }
    double overlap(const SeenWord& word) const {
        const auto shared = std::min<double>(bottom, word.bottom) - std::max<double>(top, word.top);
        return shared / std::max(1.0, std::min<double>(bottom - top, word.bottom - word.top));
    }
};

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

double median(std::vector<double> values, double otherwise) {
    if (values.empty()) return otherwise;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return std::max(1.0, *middle);
}

double character_width(const std::vector<SeenWord>& words) {
    std::vector<double> widths;
    for (const auto& word : words) {
        if (const auto count = characters(word.text); count >= 2) widths.push_back(static_cast<double>(word.right - word.left) / static_cast<double>(count));
    }
    return median(std::move(widths), 10);
}

std::vector<Line> lines_of(const std::vector<SeenWord>& words) {
    std::vector<Line> lines;
    for (const auto& word : words) {  // from the left, so that a line follows its words where it leans
        Line* best = nullptr;
        for (auto& line : lines) {
            if (line.overlap(word) > 0.5 && (best == nullptr || line.overlap(word) > best->overlap(word))) best = &line;
        }
        if (best == nullptr) best = &lines.emplace_back();
        best->add(word);
    }
    std::ranges::sort(lines, {}, [](const Line& line) { return line.top + line.bottom; });
    return lines;
}

}  // namespace

documents::Page lay_out(std::vector<SeenWord> words, int width, int height) {
    documents::Page page{.number = 0, .origin = documents::Origin::ocr, .text = {}, .words = {}, .confidence = 0};
    std::ranges::sort(words, {}, &SeenWord::left);
    const auto wide = character_width(words);
    const int margin = words.empty() ? 0 : words.front().left;
    double bottom = 0, confidence = 0;
    for (const auto& line : lines_of(words)) {
        if (!page.text.empty()) page.text += line.top - bottom > 1.2 * (line.bottom - line.top) ? "\n\n" : "\n";
        bottom = line.bottom;
        int column = 0;
        int end = margin;
        // Letters of a title are wider than those of the page.
        const auto wide_here = std::max(wide, 0.6 * (line.bottom - line.top));
        for (const auto* word : line.words) {
            const auto gap = (word->left - end) / wide_here;
            const auto wanted = static_cast<int>(std::lround((word->left - margin) / wide)) - column;
            const int spaces = column == 0 ? wanted : gap < 1.8 ? 1 : std::max(2, wanted);
            page.text.append(static_cast<std::size_t>(std::clamp(spaces, 0, std::max(1, column_max - column))), ' ');
            column += std::max(0, spaces) + static_cast<int>(characters(word->text));
            end = word->right;
            page.words.push_back({.start = static_cast<std::uint32_t>(page.text.size()), .size = static_cast<std::uint32_t>(word->text.size()),
                                  .left = 1.0 * word->left / width, .top = 1.0 * word->top / height, .right = 1.0 * word->right / width,
                                  .bottom = 1.0 * word->bottom / height, .confidence = word->confidence});
            page.text += word->text;
            confidence += word->confidence;
        }
    }
    if (!words.empty()) page.confidence = static_cast<int>(confidence / static_cast<double>(words.size()));
    return page;
}

}  // namespace millrace::extract
