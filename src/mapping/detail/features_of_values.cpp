#include "mapping/detail/features_of_values.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <unordered_map>

#include "base/embedded.hpp"
#include "mapping/detail/hash.hpp"
#include "mapping/words.hpp"

namespace millrace {
std::span<const Embedded> mapping_lexicon();
}

namespace millrace::mapping::detail {
namespace {

std::unordered_map<std::string, std::string> read_canonical() {
    std::unordered_map<std::string, std::string> table;
    for (const auto& file : mapping_lexicon()) {
        if (file.name != "values.tsv") continue;
        for (std::string_view rest = file.text; !rest.empty();) {
            const auto line = rest.substr(0, rest.find('\n'));
            rest.remove_prefix(std::min(line.size() + 1, rest.size()));
            const auto tab = line.find('\t');
            if (line.starts_with('#') || tab == line.npos) continue;
            const auto value = squash(line.substr(0, tab));
            table.try_emplace(value, value);
            for (auto variants = line.substr(tab + 1); !variants.empty();) {
                const auto variant = variants.substr(0, variants.find('|'));
                variants.remove_prefix(std::min(variant.size() + 1, variants.size()));
                table.try_emplace(squash(variant), value);
            }
        }
    }
    return table;
}

/// The form of a value: runs of letters as A, of digits as 9, other characters as they are.
std::string mask_of(std::string_view text) {
    std::string mask;
    for (const char c : text.substr(0, 60)) {
        const auto byte = static_cast<unsigned char>(c);
        const char here = std::isdigit(byte) ? '9' : std::isupper(byte) ? 'A' : std::isalpha(byte) || byte >= 0x80 ? 'a' : c;
        if (mask.empty() || mask.back() != here) mask += here;
        if (mask.size() > 24) break;
    }
    return mask;
}

std::vector<double> quantiles_of(const Summary& values) {
    std::vector<std::pair<double, double>> numbers;
    double total = 0;
    for (const auto& value : values.values) {
        const auto form = number_form(value.value);
        if (!form.number || !std::isfinite(form.value)) continue;
        numbers.emplace_back(form.value, static_cast<double>(value.count));
        total += static_cast<double>(value.count);
    }
    if (numbers.empty()) return {};
    std::ranges::sort(numbers);
    std::vector<double> quantiles;
    double below = 0;
    std::size_t at = 0;
    for (int i = 0; i <= 32; ++i) {
        const double wanted = total * i / 32;
        while (at + 1 < numbers.size() && below + numbers[at].second < wanted) below += numbers[at++].second;
        quantiles.push_back(numbers[at].first);
    }
    return quantiles;
}

std::vector<float> lengths_of(const Summary& values) {
    std::vector<float> shares(24, 0);
    float total = 0;
    for (const auto& value : values.values) {
        const auto length = value.value.size();
        const auto bucket = length < 16 ? length : std::min<std::size_t>(23, 16 + static_cast<std::size_t>(std::log2(static_cast<double>(length) / 16) * 2));
        shares[bucket] += static_cast<float>(value.count);
        total += static_cast<float>(value.count);
    }
    for (auto& share : shares) share /= std::max(total, 1.0F);
    return shares;
}

Vector masks_of(const Summary& values) {
    std::map<std::uint32_t, float> shares;
    float total = 0;
    for (const auto& value : values.values) {
        shares[static_cast<std::uint32_t>(hash(mask_of(value.value)))] += static_cast<float>(value.count);
        total += static_cast<float>(value.count);
    }
    Vector masks;
    for (const auto& [mask, share] : shares) masks.emplace_back(mask, share / std::max(total, 1.0F));
    return masks;
}

/// A value for comparing: a number without its spelling, text without case, marks and accents.
std::string comparable(const std::string& text) {
    const auto form = number_form(text);
    if (form.number && !form.percent) {
        char digits[40];
        const auto [end, error] = std::to_chars(digits, digits + sizeof digits, form.value);
        if (error == std::errc{}) return {digits, end};
    }
    return canonical_value(text);
}

struct Counts {
    std::unordered_map<std::uint64_t, std::uint32_t> values;
    std::unordered_map<std::uint32_t, std::uint32_t> grams;
};

void fill(PreparedField& field, Counts& counts) {
    const auto& values = *field.values;
    field.quantiles = field.sort == Sort::number ? quantiles_of(values) : std::vector<double>{};
    field.masks = masks_of(values);
    field.lengths = lengths_of(values);
    field.distinct_share = values.count > 0 ? std::min(1.0, values.distinct / static_cast<double>(values.count)) : 0;
    field.kinds = detect(values);
    std::unordered_map<std::uint64_t, float> set;
    std::unordered_map<std::uint32_t, float> grams;
    for (std::size_t i = 0; i < values.values.size(); ++i) {
        const auto& value = values.values[i].value;
        const auto text = comparable(value);
        if (text.empty()) continue;
        // Small whole numbers are found everywhere.
        const bool small = text.size() <= 2 && std::ranges::all_of(text, [](char c) { return std::isdigit(static_cast<unsigned char>(c)); });
        set.try_emplace(hash(text), small ? 0.25F : 1.0F);
        if (field.sort == Sort::number || i >= 400) continue;
        const auto padded = ' ' + fold(std::string_view{value}.substr(0, 80)) + ' ';
        for (std::size_t at = 0; at + 3 <= padded.size(); ++at) {
            grams[static_cast<std::uint32_t>(hash(std::string_view{padded}.substr(at, 3)) & 0xFFFF)] += 1;
        }
    }
    field.value_set.assign(set.begin(), set.end());
    std::ranges::sort(field.value_set);
    for (const auto& [value, weight] : field.value_set) ++counts.values[value];
    for (const auto& [gram, count] : grams) {
        field.grams.emplace_back(gram, std::sqrt(count));
        ++counts.grams[gram];
    }
}

}  // namespace

std::string canonical_value(std::string_view text) {
    static const auto table = read_canonical();
    auto squashed = squash(text);
    if (squashed.empty()) return fold(text);
    const auto at = table.find(squashed);
    return at == table.end() ? squashed : at->second;
}

Sort sort_of_values(const Summary& values) {
    double numbers = 0, dates = 0, total = 0;
    const auto count = std::min<std::size_t>(values.values.size(), 200);
    for (std::size_t i = 0; i < count; ++i) {
        const auto& text = values.values[i].value;
        total += 1;
        if (date_form(text).order != DateForm::Order::none) dates += 1;
        else if (number_form(text).number) numbers += 1;
    }
    if (total == 0) return Sort::unknown;
    if (numbers >= 0.85 * total) return Sort::number;
    return dates >= 0.8 * total ? Sort::date : Sort::text;
}

void normalise(Vector& vector) {
    std::ranges::sort(vector);
    double sum = 0;
    for (const auto& [term, weight] : vector) sum += static_cast<double>(weight) * static_cast<double>(weight);
    if (sum <= 0) return;
    const auto scale = static_cast<float>(1 / std::sqrt(sum));
    for (auto& [term, weight] : vector) weight *= scale;
}

void prepare_values(Prepared& both) {
    Counts counts;
    double columns = 0;
    const auto each = [&](const auto& use) {
        for (auto* fields : {&both.source, &both.target}) {
            for (auto& field : *fields) {
                if (field.values) use(field);
            }
        }
    };
    each([&](PreparedField& field) {
        ++columns;
        fill(field, counts);
    });
    each([&](PreparedField& field) {
        for (auto& [value, weight] : field.value_set) weight *= static_cast<float>(std::log(1 + columns / counts.values[value]) / std::log(1 + columns));
        for (auto& [gram, weight] : field.grams) weight *= static_cast<float>(std::log(1 + columns / counts.grams[gram]));
        normalise(field.grams);
    });
}

}  // namespace millrace::mapping::detail
