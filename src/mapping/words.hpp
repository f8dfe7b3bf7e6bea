#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Names of columns as words.
namespace millrace::mapping {

/// Lower case, accents removed, full-width forms as half-width, Chinese in simplified characters. Any bytes.
std::string fold(std::string_view text);

/// The words of a name, folded: "kundenNr_2" is kunden, nr, 2. "#" is read as number, "%" as percent. A run of Chinese,
/// Japanese or Korean characters is one word.
std::vector<std::string> words_of(std::string_view name);

/// Letters and digits only, folded: "First-Name" is "firstname".
std::string squash(std::string_view text);
std::string join(const std::vector<std::string>& words);

bool is_cjk(std::string_view word);
/// The pairs of neighbouring characters of a word, or the word when it has but one.
std::vector<std::string> bigrams(std::string_view word);

/// English endings of plurals removed: "categories" is "category".
std::string stem(std::string_view word);
/// Without its vowels, y among them: "budget" is "bdgt".
std::string skeleton(std::string_view word);

/// How alike two folded words are, 0 to 1: equal, one short for the other, or mistyped.
double word_similarity(std::string_view a, std::string_view b);

/// How well `shorter` is an abbreviation of a name of these words, 0 to 1: vowels left out (1), beginnings of the words
/// (a little less), other letters in order (much less).
double abbreviation(std::string_view shorter, const std::vector<std::string>& words);

/// 1 - edits / length of the longer one; swapped neighbours are one edit.
double edit_similarity(std::string_view a, std::string_view b);
/// Pairs of neighbouring bytes, sorted, and the share that two names have in common (Dice).
std::vector<std::uint16_t> pairs_of(std::string_view text);
double pair_similarity(const std::vector<std::uint16_t>& a, const std::vector<std::uint16_t>& b);
/// Which bytes occur, as bits: what two texts cannot have in common is known without reading them again.
std::uint64_t letters_of(std::string_view text);

/// A name that says nothing: "col4", "F12", "Unnamed: 3", "x".
bool is_opaque(std::string_view name);

}  // namespace millrace::mapping
