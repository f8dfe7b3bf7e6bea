#pragma once

#include <string>
#include <vector>

#include "documents/extraction.hpp"

namespace millrace::extract {

/// A word where it was seen, in pixels.
struct SeenWord {
    std::string text;
    int left = 0, top = 0, right = 0, bottom = 0;
    int confidence = 0;
};

/// A page of words as text: words of one height stand in one line, with spaces between them as wide as on the page.
documents::Page lay_out(std::vector<SeenWord> words, int width, int height);

}  // namespace millrace::extract
