#include "ontology/words.hpp"

#include <algorithm>
#include <unordered_set>

namespace millrace::ontology {
namespace {

constexpr std::size_t word_bytes_max = 40;
constexpr std::size_t heading_bytes_max = 200;

constexpr std::string_view stop_words =
    // English
    " a about above after again against all also am an and any are as at be because been before being below between both but by can could "
    "did do does doing don down during each even few for from further get go got had has have having he her here hers him his how i if in into "
    "is it its itself just know like made make many may me might more most much must my no nor not now of off on once one only or other our out "
    "over own said same say says see she should so some such than that the their them then there these they thing think this those through "
    "time to too two under until up upon us use used using very want was way we well were what when where which while who why will with would "
    "year years you your am are re ll ve isn doesn didn wasn couldn wouldn won "
    // Dutch
    "de het een en van dat die niet te zijn aan met voor er om ook als bij naar uit dan nog wel maar worden wordt werd heeft hebben had kan "
    "deze dit door over tot hij zij ze wij jij ik je u hun haar zich geen meer al zo wat wie waar omdat "
    // German
    "der die das und ist nicht ein eine einer eines einem einen den dem des mit von zu zum zur auf für im auch sich als wie bei aus nach nur noch "
    "oder aber wenn wird werden wurde sind war hat haben kann ich du er sie es wir ihr ihre sein seine dass durch unter über vor bis so "
    // French
    "le la les un une du des et est dans pour que qui sur pas par au aux avec ce cette ces il elle ils elles nous vous je tu se son sa ses leur "
    "leurs plus ou où mais comme été être ont sont ";

bool is_letter(unsigned char c) { return (c | 0x20) >= 'a' ? (c | 0x20) <= 'z' || c >= 0x80 : c >= 0x80; }
bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }

bool has_vowel(std::string_view text) { return text.find_first_of("aeiouy") != text.npos; }

bool drop(std::string& word, std::string_view ending, std::size_t left_min) {
    if (word.size() < ending.size() + left_min || !word.ends_with(ending)) return false;
    word.resize(word.size() - ending.size());
    return true;
}

void drop_plural(std::string& word) {
    if (word.size() > 4 && word.ends_with("ies")) word.replace(word.size() - 3, 3, "y");
    else if (word.size() > 4 && (word.ends_with("sses") || word.ends_with("xes") || word.ends_with("ches") || word.ends_with("shes"))) word.resize(word.size() - 2);
    else if (word.size() > 3 && word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us") && !word.ends_with("is")) word.pop_back();
}

/// "stopp" is "stop", "fall" stays.
void drop_double(std::string& word) {
    const auto size = word.size();
    if (size > 3 && word[size - 1] == word[size - 2] && std::string_view{"lsz"}.find(word.back()) == std::string_view::npos) word.pop_back();
}

void drop_tense(std::string& word) {
    auto shorter = word;
    if ((drop(shorter, "ing", 3) || drop(shorter, "ed", 3)) && has_vowel(shorter)) {
        drop_double(shorter);
        word = std::move(shorter);
    }
}

std::size_t heading_end(std::string_view text) {
    const auto end = text.find('\n');
    return end == text.npos || end > heading_bytes_max ? 0 : end;
}

}  // namespace

bool is_stop_word(std::string_view word) {
    static const auto words = [] {
        std::unordered_set<std::string_view> set;
        for (std::size_t at = 1; at < stop_words.size();) {
            const auto end = stop_words.find(' ', at);
            set.insert(stop_words.substr(at, end - at));
            at = end + 1;
        }
        return set;
    }();
    return words.contains(word);
}

std::string stem(std::string_view word) {
    std::string stemmed{word};
    drop_plural(stemmed);
    drop_tense(stemmed);
    drop(stemmed, "e", 3);
    if (stemmed.size() > 3 && stemmed.back() == 'y') stemmed.back() = 'i';
    return stemmed;
}

void each_word(std::string_view text, const std::function<void(const Word&)>& word) {
    const auto heading = heading_end(text);
    std::string lower, stemmed;
    std::size_t at = 0;
    while (at < text.size()) {
        while (at < text.size() && !is_letter(text[at]) && !is_digit(text[at])) ++at;
        const auto begin = at;
        bool letters = false;
        while (at < text.size() && (is_letter(text[at]) || is_digit(text[at]))) letters |= is_letter(text[at++]);
        if (!letters || at - begin < 2 || at - begin > word_bytes_max) continue;
        lower.assign(text.substr(begin, at - begin));
        for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
        stemmed.clear();
        if (!is_stop_word(lower)) stemmed = stem(lower);
        word({.text = lower, .stem = stemmed, .heading = begin < heading});
    }
}

std::vector<std::string> stems_of(std::string_view label) {
    std::vector<std::string> stems;
    each_word(label, [&](const Word& word) {
        if (!word.stem.empty()) stems.emplace_back(word.stem);
    });
    return stems;
}

}  // namespace millrace::ontology
