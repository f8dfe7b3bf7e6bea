#include "mapping/matchers/texts.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace millrace::mapping {
namespace {

/// Names, descriptions and values as one text: the cosine of tf-idf vectors, by an inverted index of the target.
struct Texts final : Matcher {
    std::string_view name() const override { return "texts"; }
    std::span<const std::string_view> features() const override {
        static constexpr std::array<std::string_view, 1> all{"text"};
        return all;
    }

    void measure(const detail::Prepared& both, std::span<Matrix> features) const override {
        std::unordered_map<std::uint32_t, std::vector<std::pair<std::uint32_t, float>>> index;
        for (std::size_t t = 0; t < both.target.size(); ++t) {
            for (const auto& [term, weight] : both.target[t].text) index[term].emplace_back(static_cast<std::uint32_t>(t), weight);
        }
        for (std::size_t s = 0; s < both.source.size(); ++s) {
            for (const auto& [term, weight] : both.source[s].text) {
                const auto at = index.find(term);
                if (at == index.end()) continue;
                for (const auto& [target, other] : at->second) features[0].at(s, target) += weight * other;
            }
        }
    }

    std::string reason(const detail::Prepared& both, std::size_t s, std::size_t t) const override {
        return detail::cosine(both.source[s].text, both.target[t].text) > 0.25 ? "names, descriptions or values share rare words" : "";
    }
};

}  // namespace

const Matcher& texts_matcher() {
    static const Texts matcher;
    return matcher;
}

}  // namespace millrace::mapping
