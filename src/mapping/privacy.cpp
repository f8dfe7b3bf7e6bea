#include "mapping/privacy.hpp"

#include <algorithm>
#include <map>

#include "base/utf8.hpp"
#include "mapping/detectors.hpp"

namespace millrace::mapping {
namespace {

constexpr std::size_t mask_characters_max = 24, value_characters_max = 80;
constexpr std::size_t masks_max = 3, samples_max = 5, values_looked_at = 200;
constexpr std::size_t open_digits_max = 5;  ///< of a number that is shown
constexpr float column_share_min = 0.1F;

/// Kinds of values by which a person can be found.
constexpr Kind personal[] = {Kind::email,      Kind::phone,     Kind::iban,   Kind::bic,  Kind::vat,    Kind::uuid,     Kind::ip,        Kind::postal,   Kind::birth,
                             Kind::first_name, Kind::last_name, Kind::person, Kind::city, Kind::street, Kind::latitude, Kind::longitude, Kind::company};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Characters that show nothing, or turn what is shown around.
bool is_hidden(std::string_view character) {
    if (character.size() == 1) return static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7f;
    if (character.size() == 2) return character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
    for (const std::string_view hidden : {"\u200B", "\u200C", "\u200D", "\u200E", "\u200F", "\u202A", "\u202B", "\u202C", "\u202D", "\u202E", "\u2060",
                                          "\u2066", "\u2067", "\u2068", "\u2069", "\uFEFF"}) {
        if (character == hidden) return true;
    }
    return character.starts_with("\xF3\xA0");  // tags, which spell words that nobody sees
}

bool has_long_number(std::string_view text) {
    return std::ranges::count_if(text, is_digit) > static_cast<std::ptrdiff_t>(open_digits_max);
}

bool identifies(std::string_view value) {
    if (value.contains('@') || has_long_number(value)) return true;
    return std::ranges::any_of(personal, [&](Kind kind) { return is_kind(value, kind); });
}

bool is_personal(const Summary& values) {
    const auto kinds = detect(values);
    return std::ranges::any_of(personal, [&](Kind kind) { return kinds[static_cast<std::size_t>(kind)] >= column_share_min; });
}

}  // namespace

std::string plain(std::string_view text, std::size_t characters_max) {
    std::string out;
    for (std::size_t count = 0; !text.empty() && count < characters_max;) {
        const auto length = utf8_length(text);
        const auto character = text.substr(0, std::max<std::size_t>(length, 1));
        if (length > 0 && !is_hidden(character)) {
            out += character;
            ++count;
        }
        text.remove_prefix(character.size());
    }
    return out;
}

std::string mask_of(std::string_view value) {
    std::string out;
    for (std::size_t count = 0; !value.empty() && count < mask_characters_max; ++count) {
        const auto length = std::max<std::size_t>(utf8_length(value), 1);
        const char c = value[0];
        if (length > 1) out += 'a';
        else if (is_digit(c)) out += '9';
        else if (is_letter(c)) out += c <= 'Z' ? 'A' : 'a';
        else out += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e ? '?' : c;
        value.remove_prefix(length);
    }
    return out;
}

std::vector<std::string> masks_of(const Summary& values) {
    std::map<std::string, std::uint64_t> counts;
    for (std::size_t i = 0; i < std::min(values.values.size(), values_looked_at); ++i) counts[mask_of(values.values[i].value)] += values.values[i].count;
    std::vector<std::pair<std::string, std::uint64_t>> ranked{counts.begin(), counts.end()};
    std::ranges::stable_sort(ranked, std::greater{}, &std::pair<std::string, std::uint64_t>::second);
    std::vector<std::string> masks;
    for (std::size_t i = 0; i < std::min(ranked.size(), masks_max); ++i) masks.push_back(ranked[i].first);
    return masks;
}

std::vector<std::string> samples_of(const Summary& values) {
    const bool all_masked = is_personal(values);
    std::vector<std::string> samples;
    for (const auto& value : values.values) {
        if (samples.size() == samples_max) break;
        auto sample = all_masked || identifies(value.value) ? mask_of(value.value) : plain(value.value, value_characters_max);
        if (std::ranges::find(samples, sample) == samples.end()) samples.push_back(std::move(sample));
    }
    return samples;
}

}  // namespace millrace::mapping
