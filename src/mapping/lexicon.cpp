#include "mapping/lexicon.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/embedded.hpp"
#include "mapping/words.hpp"

namespace millrace {
std::span<const Embedded> mapping_lexicon();
}

namespace millrace::mapping {
namespace {

using Sense = std::vector<std::string>;

template <class Use>
void for_each_part(std::string_view text, char mark, Use use) {
    while (true) {
        const auto end = text.find(mark);
        use(text.substr(0, end));
        if (end == text.npos) return;
        text.remove_prefix(end + 1);
    }
}

std::vector<std::string> split(std::string_view text, char mark) {
    std::vector<std::string> parts;
    for_each_part(text, mark, [&](std::string_view part) {
        if (!part.empty()) parts.emplace_back(part);
    });
    return parts;
}

/// ä, ö and ü as ae, oe and ue.
std::string german(std::string_view text) {
    std::string out{text};
    for (const auto& [from, to] : {std::pair{"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"}}) {
        for (auto at = out.find(from); at != out.npos; at = out.find(from)) out.replace(at, 2, to);
    }
    return out;
}

constexpr std::array generic_words{"number", "name", "date", "code", "id", "type", "amount", "total", "value", "text", "of", "the", "in", "at", "by", "for",
                                   "is", "on", "to", "de", "la", "le", "du", "des", "der", "die", "het", "van", "een", "el", "los", "und", "and", "en",
                                   "day", "kg", "mm", "cm", "percent", "measure", "time", "a", "an", "d", "l", "del", "y", "et", "or", "no", "da", "do",
                                   "with", "from", "as", "den", "voor", "fur", "pour", "para", "per", "was", "that", "this", "which", "are", "be", "field"};

}  // namespace

const Lexicon& Lexicon::built_in() {
    static const Lexicon lexicon;
    return lexicon;
}

Lexicon::Lexicon() {
    std::string_view kinds, relations;
    for (const auto& file : mapping_lexicon()) {
        if (file.name == "kinds.tsv") {
            kinds = file.text;
            continue;
        }
        if (file.name == "relations.tsv") {
            relations = file.text;
            continue;
        }
        for_each_part(file.text, '\n', [&](std::string_view line) {
            const auto tab = line.find('\t');
            if (line.starts_with('#') || tab == line.npos) return;
            add(split(line.substr(0, tab), ' '), line.substr(tab + 1));
        });
    }
    for_each_part(relations, '\n', [&](std::string_view line) {
        const auto parts = split(line, '\t');
        if (line.starts_with('#') || parts.size() != 3) return;
        double weight = 0;
        std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), weight);
        relations_[parts[0] + ' ' + parts[1]] = weight;
        relations_[parts[1] + ' ' + parts[0]] = weight;
    });
    for_each_part(kinds, '\n', [&](std::string_view line) {
        const auto tab = line.find('\t');
        if (line.starts_with('#') || tab == line.npos) return;
        for (const auto& phrase : split(line.substr(tab + 1), '|')) kinds_[std::string{line.substr(0, tab)}].push_back(split(phrase, ' '));
    });
    for (const auto& [variant, senses] : senses_) {
        if (variant.size() >= 5) by_start_[variant.substr(0, 2)].push_back(variant);
    }
    for (auto& [start, variants] : by_start_) std::ranges::sort(variants);
}

void Lexicon::add(const std::vector<std::string>& concepts, std::string_view variants) {
    std::string own;
    for (const auto& word : concepts) own += word;
    add_variant(concepts, own);
    for (const auto& variant : split(variants, '|')) {
        add_variant(concepts, squash(variant));
        add_variant(concepts, squash(german(variant)));
    }
}

void Lexicon::add_variant(const std::vector<std::string>& concepts, std::string variant) {
    if (variant.empty()) return;
    longest_ = std::max(longest_, variant.size());
    auto& senses = senses_[std::move(variant)];
    if (std::ranges::find(senses, concepts) == senses.end()) senses.push_back(concepts);
}

const std::vector<Sense>* Lexicon::find(std::string_view squashed) const {
    const auto at = senses_.find(std::string{squashed});
    return at == senses_.end() ? nullptr : &at->second;
}

bool Lexicon::knows(std::string_view word) const { return find(word) != nullptr; }

double Lexicon::relation(const std::string& a, const std::string& b) const {
    if (a == b) return 1;
    const auto at = relations_.find(a + ' ' + b);
    return at == relations_.end() ? 0 : at->second;
}

double Lexicon::weight(const std::string& concept_word) const {
    return std::ranges::find(generic_words, concept_word) != generic_words.end() || concept_word.size() == 1 ? 0.35 : 1;
}

const std::vector<Sense>& Lexicon::concepts_of_kind(std::string_view kind) const {
    static const std::vector<Sense> none;
    const auto at = kinds_.find(std::string{kind});
    return at == kinds_.end() ? none : at->second;
}

/// Every meaning so far, followed by each of the senses; the first sense is the likeliest.
void Lexicon::extend(std::vector<Meaning>& meanings, const std::vector<Sense>& senses) const {
    constexpr std::size_t meanings_max = 8;
    std::vector<Meaning> longer;
    for (std::size_t i = 0; i < senses.size(); ++i) {
        for (const auto& meaning : meanings) {
            auto next = meaning;
            next.concepts.insert(next.concepts.end(), senses[i].begin(), senses[i].end());
            next.weight *= i == 0 ? 1 : i == 1 ? 0.94 : 0.88;
            longer.push_back(std::move(next));
        }
    }
    std::ranges::stable_sort(longer, std::greater{}, &Meaning::weight);
    if (longer.size() > meanings_max) longer.resize(meanings_max);
    meanings = std::move(longer);
}

/// A compound cut into words of the lexicon, e.g. "rechnungsdatum"; nothing when there is no such cut. The first part is
/// as long as can be.
std::vector<std::string> Lexicon::parts_of(std::string_view word, int depth) const {
    constexpr std::array links{"", "s", "n", "en", "e"};
    for (std::size_t size = word.size() - 2; size >= 3; --size) {
        const auto head = word.substr(0, size);
        if (!find(head)) continue;
        for (const std::string_view link : links) {
            auto rest = word.substr(size);
            if (!rest.starts_with(link)) continue;
            rest.remove_prefix(link.size());
            if (rest.size() < 2 || (rest.size() == 2 && rest != "nr" && rest != "no" && rest != "id" && rest != "dt" && rest != "cd" && rest != "nm" && rest != "me")) continue;
            if (find(rest)) return {std::string{head}, std::string{rest}};
            if (depth > 0 && rest.size() >= 5) {
                if (auto more = parts_of(rest, depth - 1); !more.empty()) {
                    more.insert(more.begin(), std::string{head});
                    return more;
                }
            }
        }
    }
    return {};
}

const std::vector<Sense>* Lexicon::find_mistyped(std::string_view word) const {
    if (word.size() < 6) return nullptr;
    const auto at = by_start_.find(std::string{word.substr(0, 2)});
    if (at == by_start_.end()) return nullptr;
    const std::string* best = nullptr;
    double most = 0.82;
    for (const auto& variant : at->second) {
        if (variant.size() + 1 < word.size() || variant.size() > word.size() + 1) continue;
        if (const double alike = edit_similarity(word, variant); alike > most) {
            most = alike;
            best = &variant;
        }
    }
    return best ? find(*best) : nullptr;
}

std::vector<Meaning> Lexicon::meanings(const std::vector<std::string>& words) const {
    std::vector<Meaning> meanings{{}};
    for (std::size_t at = 0; at < words.size();) {
        // The longest run of words that is a phrase.
        const std::vector<Sense>* senses = nullptr;
        std::size_t taken = 0;
        for (std::size_t count = std::min<std::size_t>(6, words.size() - at); count >= 1 && !senses; --count) {
            std::string phrase;
            for (std::size_t i = 0; i < count; ++i) phrase += words[at + i];
            if (phrase.size() <= longest_) senses = find(phrase);
            if (!senses && count == 1) senses = find(stem(phrase));
            taken = count;
        }
        const auto& word = words[at];
        at += taken;
        if (senses) {
            extend(meanings, *senses);
            continue;
        }
        if (word.size() >= 5) {
            if (const auto parts = parts_of(word, 1); !parts.empty()) {
                for (const auto& part : parts) extend(meanings, *find(part));
                continue;
            }
        }
        if (const auto* near = find_mistyped(word)) {
            extend(meanings, *near);
            continue;
        }
        if (is_cjk(word) && word.size() > 6) {  // two words of a longer run, e.g. the date in "刊登日期"
            const std::vector<Sense>* tail = nullptr;
            for (std::size_t from = 3; from < word.size() && !tail; from += 3) tail = find(std::string_view{word}.substr(from));
            if (tail) {
                extend(meanings, *tail);
                continue;
            }
        }
        extend(meanings, {{stem(word)}});
    }
    for (auto& meaning : meanings) {  // a word said twice is said once
        std::vector<std::string> once;
        for (auto& concept_word : meaning.concepts) {
            if (std::ranges::find(once, concept_word) == once.end()) once.push_back(concept_word);
        }
        meaning.concepts = std::move(once);
    }
    return meanings;
}

}  // namespace millrace::mapping
