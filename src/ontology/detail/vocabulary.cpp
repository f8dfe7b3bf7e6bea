#include "ontology/detail/vocabulary.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "ontology/words.hpp"

namespace millrace::ontology::detail {
namespace {

constexpr std::size_t text_bytes_max = 256u << 10;
constexpr float heading_weight = 2;

/// Cut where a character ends; what a document is about, its beginning says.
std::string_view head_of(std::string_view text) {
    if (text.size() <= text_bytes_max) return text;
    auto end = text_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
}

void sum_up(Bag& bag) {
    std::ranges::sort(bag, {}, &Posting::term);
    std::size_t kept = 0;
    for (const auto& posting : bag) {
        if (kept > 0 && bag[kept - 1].term == posting.term) bag[kept - 1].value += posting.value;
        else bag[kept++] = posting;
    }
    bag.resize(kept);
    bag.shrink_to_fit();
}

}  // namespace

std::uint32_t Vocabulary::add(std::string_view stems, std::string_view shown) {
    const auto [entry, is_new] = terms_.emplace(stems, static_cast<std::uint32_t>(shown_.size()));
    if (is_new) shown_.emplace_back(shown);
    return entry->second;
}

const std::uint32_t* Vocabulary::find(std::string_view stems) const {
    const auto found = terms_.find(stems);
    return found == terms_.end() ? nullptr : &found->second;
}

/// `find(stem, shown)`: the term of a single stem; `find(pair, "")`: of a pair, only when it is known.
template <class Find>
Bag Vocabulary::collect(std::string_view text, Find find) {
    Bag bag;
    std::string pair;
    std::size_t before = 0;  // length of the first half of the pair
    each_word(head_of(text), [&](const Word& word) {
        const float weight = word.heading ? heading_weight : 1;
        if (word.stem.empty()) {
            before = 0;
            return;
        }
        if (const auto term = find(word.stem, word.text)) bag.push_back({*term, weight});
        if (before > 0) {
            pair += word.stem;
            if (const auto term = find(pair, {})) bag.push_back({*term, weight});
        }
        pair.assign(word.stem) += ' ';
        before = word.stem.size();
    });
    sum_up(bag);
    return bag;
}

Bag Vocabulary::read(std::string_view text, bool grow) {
    if (!grow) return std::as_const(*this).read(text);
    return collect(text, [&](std::string_view stems, std::string_view shown) -> std::optional<std::uint32_t> {
        if (const auto* term = find(stems)) return *term;
        if (shown.empty() || shown_.size() >= terms_max) return std::nullopt;
        return add(stems, shown);
    });
}

Bag Vocabulary::read(std::string_view text) const {
    return collect(text, [&](std::string_view stems, std::string_view) -> std::optional<std::uint32_t> {
        const auto* term = find(stems);
        return term ? std::optional{*term} : std::nullopt;
    });
}

}  // namespace millrace::ontology::detail
