#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Text as the words a classifier counts.
namespace millrace::ontology {

/// A word of a text: as it stood (lower case) and what it is counted as.
struct Word {
    std::string_view text;  ///< valid during the call
    std::string_view stem;  ///< empty: a word that says nothing ("the"), which also ends a phrase
    bool heading = false;   ///< of the first line, where that is short enough for a title
};

/// Calls `word` for each word of at least two letters. Letters beyond ASCII belong to words as they are; numbers are left
/// out. Any bytes; no more memory than a word.
void each_word(std::string_view text, const std::function<void(const Word&)>& word);

/// The stems of a label, words that say nothing left out.
std::vector<std::string> stems_of(std::string_view label);

/// Endings removed that say how a word is used, not what it means: "companies", "company" -> "compani"; "voting" -> "vot".
/// Lower case, ASCII; other words stay as they are.
std::string stem(std::string_view word);

/// A word of English, Dutch, German or French that every text has.
bool is_stop_word(std::string_view word);

}  // namespace millrace::ontology
