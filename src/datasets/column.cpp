#include "datasets/column.hpp"

#include <unordered_set>

namespace millrace::datasets {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n\v\f";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string folded(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

}  // namespace

std::vector<std::string> unique_names(const std::vector<std::string>& names) {
    // Names that stand in the file as they are come first: "a_2" keeps its name when "a", "a" come before it.
    std::unordered_set<std::string> own;
    for (const auto& name : names) own.insert(folded(trimmed(name)));
    std::unordered_set<std::string> taken;
    std::vector<std::string> out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string_view bare = trimmed(names[i]);
        const std::string base = bare.empty() ? "column_" + std::to_string(i + 1) : std::string{bare};
        std::string name = base;
        const bool first_of_its_name = !bare.empty() && !taken.contains(folded(name));
        for (std::size_t n = 2; !first_of_its_name && (taken.contains(folded(name)) || own.contains(folded(name))); ++n) {
            name = base + '_' + std::to_string(n);
        }
        taken.insert(folded(name));
        out.push_back(std::move(name));
    }
    return out;
}

}  // namespace millrace::datasets
