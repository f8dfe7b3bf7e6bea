#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace millrace::ontology::detail {

/// A term of a text and how often it stands there; one in the heading counts twice.
struct Posting {
    std::uint32_t term = 0;
    float value = 0;
};
using Bag = std::vector<Posting>;  ///< by term, each once

/// The terms that count: stems, and pairs of stems that the ontology names. Each is shown as it was first met.
class Vocabulary {
public:
    static constexpr std::size_t terms_max = 400'000;

    /// The term of one stem or of two with a space between. `shown` is what people see.
    std::uint32_t add(std::string_view stems, std::string_view shown);

    /// The terms of a text. `grow`: new ones become part of the vocabulary while there is room.
    Bag read(std::string_view text, bool grow);
    Bag read(std::string_view text) const;

    std::size_t size() const { return shown_.size(); }
    const std::string& shown(std::uint32_t term) const { return shown_[term]; }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    template <class Find>
    static Bag collect(std::string_view text, Find find);
    const std::uint32_t* find(std::string_view stems) const;

    std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> terms_;
    std::vector<std::string> shown_;
};

}  // namespace millrace::ontology::detail
