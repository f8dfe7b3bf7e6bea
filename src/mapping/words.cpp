#include "mapping/words.hpp"

#include <unicode/normalizer2.h>
#include <unicode/translit.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <memory>
#include <utility>

namespace millrace::mapping {
namespace {

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_cjk(UChar32 c) {
    return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7AF) || (c >= 0x20000 && c <= 0x2FFFF);
}

/// Traditional Chinese characters as simplified ones, so that both are the same words.
void simplify(icu::UnicodeString& text) {
    thread_local const std::unique_ptr<icu::Transliterator> table = [] {
        UErrorCode error = U_ZERO_ERROR;
        std::unique_ptr<icu::Transliterator> made{icu::Transliterator::createInstance("Traditional-Simplified", UTRANS_FORWARD, error)};
        return U_SUCCESS(error) ? std::move(made) : nullptr;
    }();
    if (table) table->transliterate(text);
}

bool has_cjk(const icu::UnicodeString& text) {
    for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
        if (is_cjk(text.char32At(i))) return true;
    }
    return false;
}

std::string without_marks(const icu::UnicodeString& text) {
    UErrorCode error = U_ZERO_ERROR;
    const auto* nfkd = icu::Normalizer2::getNFKDInstance(error);
    auto apart = U_SUCCESS(error) ? nfkd->normalize(text, error) : text;
    apart.foldCase();
    icu::UnicodeString kept;
    for (int32_t i = 0; i < apart.length(); i = apart.moveIndex32(i, 1)) {
        const auto c = apart.char32At(i);
        if (u_charType(c) != U_NON_SPACING_MARK) kept.append(c);
    }
    const auto* nfc = icu::Normalizer2::getNFCInstance(error);  // Korean syllables whole again
    if (U_SUCCESS(error)) kept = nfc->normalize(kept, error);
    std::string out;
    kept.toUTF8String(out);
    return out;
}

enum class Class { lower, upper, digit, cjk, other };

Class class_of(UChar32 c) {
    if (is_cjk(c)) return Class::cjk;
    if (u_isdigit(c)) return Class::digit;
    if (u_isupper(c)) return Class::upper;
    if (u_isalpha(c) || u_charType(c) == U_NON_SPACING_MARK) return Class::lower;
    return Class::other;
}

/// Between two letters: does a word end here? "numéroClient", "VATNumber", "address2".
bool is_border(Class before, Class here, Class after) {
    if (before == here) return here == Class::upper && after == Class::lower;
    return !(before == Class::upper && here == Class::lower);
}

bool is_vowel(char c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y'; }

/// Every letter of `a` stands in `b`, in the same order.
bool is_subsequence(std::string_view a, std::string_view b) {
    std::size_t at = 0;
    for (const char c : b) {
        if (at < a.size() && a[at] == c) ++at;
    }
    return at == a.size();
}

/// Can `text` be cut into beginnings of `words`, in order? Answers the greatest share of the words that takes part.
double beginnings(std::string_view text, const std::vector<std::string>& words) {
    constexpr int never = -100;
    std::array<int, 25> most;  // words used for the first i letters
    most.fill(never);
    most[0] = 0;
    for (const auto& word : words) {
        auto next = most;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (most[i] < 0) continue;
            for (std::size_t same = 0; i + same < text.size() && same < word.size() && text[i + same] == word[same]; ++same) {
                next[i + same + 1] = std::max(next[i + same + 1], most[i] + 1);
            }
        }
        most = next;
    }
    return std::max(0, most[text.size()]) / static_cast<double>(words.size());
}

/// words_of for ASCII, where most names and values are.
std::vector<std::string> ascii_words_of(std::string_view name) {
    std::vector<std::string> words;
    std::string word;
    const auto class_at = [&](std::size_t i) {
        if (i >= name.size()) return Class::other;
        const char c = name[i];
        if (c >= '0' && c <= '9') return Class::digit;
        if (c >= 'A' && c <= 'Z') return Class::upper;
        return c >= 'a' && c <= 'z' ? Class::lower : Class::other;
    };
    const auto finish = [&] {
        if (!word.empty()) words.push_back(std::move(word));
        word.clear();
    };
    auto before = Class::other;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const auto here = class_at(i);
        if (here == Class::other) {
            finish();
            if (name[i] == '#') words.emplace_back("number");
            if (name[i] == '%') words.emplace_back("percent");
        } else {
            if (before != Class::other && is_border(before, here, class_at(i + 1))) finish();
            word += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
        }
        before = here;
    }
    finish();
    return words;
}

}  // namespace

std::string fold(std::string_view text) {
    std::string out;
    if (is_ascii(text)) {
        out.reserve(text.size());
        for (const char c : text) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        return out;
    }
    auto wide = icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())});
    if (has_cjk(wide)) simplify(wide);
    return without_marks(wide);
}

std::vector<std::string> words_of(std::string_view name) {
    if (is_ascii(name)) return ascii_words_of(name);
    const auto wide = icu::UnicodeString::fromUTF8({name.data(), static_cast<int32_t>(name.size())});
    std::vector<std::string> words;
    icu::UnicodeString word;
    const auto finish = [&] {
        if (word.isEmpty()) return;
        std::string utf8;
        word.toUTF8String(utf8);
        words.push_back(fold(utf8));
        word.remove();
    };
    auto before = Class::other;
    for (int32_t i = 0; i < wide.length();) {
        const auto c = wide.char32At(i);
        const auto next = wide.moveIndex32(i, 1);
        const auto here = class_of(c);
        if (here == Class::other) {
            finish();
            if (c == '#') words.emplace_back("number");
            if (c == '%') words.emplace_back("percent");
            before = here;
        } else {
            const auto after = next < wide.length() ? class_of(wide.char32At(next)) : Class::other;
            if (before != Class::other && is_border(before, here, after)) finish();
            word.append(c);
            before = here;
        }
        i = next;
    }
    finish();
    return words;
}

std::string squash(std::string_view text) {
    std::string out;
    for (const char c : fold(text)) {
        if (static_cast<unsigned char>(c) >= 0x80 || std::isalnum(static_cast<unsigned char>(c))) out += c;
    }
    return out;
}

std::string join(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) out += word;
    return out;
}

bool is_cjk(std::string_view word) {
    if (is_ascii(word)) return false;
    const auto wide = icu::UnicodeString::fromUTF8({word.data(), static_cast<int32_t>(word.size())});
    return !wide.isEmpty() && is_cjk(wide.char32At(0));
}

std::vector<std::string> bigrams(std::string_view word) {
    std::vector<std::string_view> letters;
    for (std::size_t at = 0; at < word.size();) {
        std::size_t size = 1;
        while (at + size < word.size() && (static_cast<unsigned char>(word[at + size]) & 0xC0) == 0x80) ++size;
        letters.push_back(word.substr(at, size));
        at += size;
    }
    std::vector<std::string> pairs;
    for (std::size_t i = 0; i + 1 < letters.size(); ++i) pairs.push_back(std::string{letters[i]} + std::string{letters[i + 1]});
    if (pairs.empty() && !word.empty()) pairs.emplace_back(word);
    return pairs;
}

std::string stem(std::string_view word) {
    const auto size = word.size();
    if (size < 4 || !word.ends_with('s') || word.ends_with("ss") || word.ends_with("us") || word.ends_with("is")) return std::string{word};
    if (size > 4 && word.ends_with("ies")) return std::string{word.substr(0, size - 3)} + 'y';
    if (size > 5 && (word.ends_with("sses") || word.ends_with("xes") || word.ends_with("ches") || word.ends_with("shes"))) return std::string{word.substr(0, size - 2)};
    return std::string{word.substr(0, size - 1)};
}

std::string skeleton(std::string_view word) {
    std::string out;
    for (const char c : word) {
        if (!is_vowel(c)) out += c;
    }
    return out;
}

double word_similarity(std::string_view a, std::string_view b) {
    if (a == b) return 1;
    if (a.size() > b.size()) std::swap(a, b);
    if (a.empty() || std::isdigit(static_cast<unsigned char>(a[0])) || std::isdigit(static_cast<unsigned char>(b[0]))) return 0;
    const double ratio = static_cast<double>(a.size()) / static_cast<double>(b.size());
    double best = 0;
    if (a[0] == b[0]) {
        if (b.starts_with(a)) best = a.size() >= 3 ? 0.6 + 0.35 * ratio : a.size() == 2 ? 0.45 : 0.3;
        std::size_t same = 0;
        while (same < a.size() && a[same] == b[same]) ++same;
        if (same >= 5) best = std::max(best, 0.5 + 0.45 * static_cast<double>(same) / static_cast<double>(b.size()));
        if (a.size() >= 2 && is_subsequence(a, b)) best = std::max(best, (a.back() == b.back() ? 0.5 : 0.35) + 0.3 * ratio);
    }
    const auto differing = letters_of(a) ^ letters_of(b);
    if ((differing & ~letters_of("aeiouy")) == 0) {
        if (const auto bones = skeleton(a); bones.size() >= 2 && bones == skeleton(b)) best = std::max(best, bones.size() >= 3 ? 0.85 : 0.7);
    }
    // Each edit makes at most two letters differ.
    const double least_edits = std::max(static_cast<double>(std::popcount(differing)) / 2, static_cast<double>(b.size() - a.size()));
    if (a.size() >= 4 && least_edits <= 0.3 * static_cast<double>(b.size())) {
        if (const double edit = edit_similarity(a, b); edit >= 0.7) best = std::max(best, 0.95 * edit);
    }
    return best;
}

double abbreviation(std::string_view shorter, const std::vector<std::string>& words) {
    const auto whole = join(words);
    if (shorter.empty() || whole.empty() || shorter.size() > whole.size() || (letters_of(shorter) & ~letters_of(whole)) != 0) return 0;
    if (shorter == whole) return 1;
    const double sure = shorter.size() >= 3 ? 1 : shorter.size() == 2 ? 0.85 : 0.6;
    if (shorter == skeleton(whole)) return sure;
    std::string kept;  // vowels left out, but for the first letter
    for (const auto& word : words) kept += word.substr(0, 1) + skeleton(std::string_view{word}.substr(std::min<std::size_t>(1, word.size())));
    if (shorter == kept) return sure;
    double best = 0;
    if (words.size() <= 8 && shorter.size() <= 24) {
        const double share = beginnings(shorter, words);
        if (share > 0) best = 0.9 * sure * share * share;
    }
    if (shorter.size() >= 2 && shorter[0] == whole[0] && is_subsequence(shorter, whole)) {
        best = std::max(best, 0.2 + 0.5 * static_cast<double>(shorter.size()) / static_cast<double>(whole.size()));
    }
    return best;
}

double edit_similarity(std::string_view a, std::string_view b) {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.empty()) return 1;
    if (b.size() > 64) return a == b ? 1 : 0;
    std::array<std::uint8_t, 65> before{}, last{}, row{};
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<std::uint8_t>(j);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = static_cast<std::uint8_t>(i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const int change = last[j - 1] + (a[i - 1] != b[j - 1]);
            int cost = std::min({change, last[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) cost = std::min(cost, before[j - 2] + 1);
            row[j] = static_cast<std::uint8_t>(cost);
        }
        before = last;
        last = row;
    }
    return 1 - static_cast<double>(last[b.size()]) / static_cast<double>(b.size());
}

std::vector<std::uint16_t> pairs_of(std::string_view text) {
    std::vector<std::uint16_t> pairs;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        pairs.push_back(static_cast<std::uint16_t>(static_cast<unsigned char>(text[i]) << 8 | static_cast<unsigned char>(text[i + 1])));
    }
    std::ranges::sort(pairs);
    return pairs;
}

double pair_similarity(const std::vector<std::uint16_t>& a, const std::vector<std::uint16_t>& b) {
    std::size_t common = 0;
    for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
        if (*i < *j) ++i;
        else if (*j < *i) ++j;
        else {
            ++common;
            ++i;
            ++j;
        }
    }
    return common == 0 ? 0 : 2.0 * static_cast<double>(common) / static_cast<double>(a.size() + b.size());
}

std::uint64_t letters_of(std::string_view text) {
    std::uint64_t letters = 0;
    for (const char c : text) letters |= 1ull << (static_cast<unsigned char>(c) & 63);
    return letters;
}

bool is_opaque(std::string_view name) {
    static constexpr std::string_view fillers[] = {"",      "c",     "col",    "column", "f",     "field", "feld",  "veld",  "kolom", "spalte", "champ",
                                                   "campo", "x",     "v",      "var",    "attr",  "a",     "unnamed", "columna", "colonne", "attribute", "value", "variable"};
    const auto text = squash(name);
    std::string_view letters = text;
    while (!letters.empty() && std::isdigit(static_cast<unsigned char>(letters.back()))) letters.remove_suffix(1);
    const bool numbered = letters.size() < text.size();
    if (!numbered) return text.size() <= 1;
    return std::ranges::find(fillers, letters) != std::end(fillers);
}

}  // namespace millrace::mapping
