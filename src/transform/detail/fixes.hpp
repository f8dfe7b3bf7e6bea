#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transform/problem.hpp"

namespace millrace::transform {

/// Proposes what a bad cell may have been meant to be. Only what would hold is proposed, and only when there is one way.
class Fixer {
public:
    Fixer() = default;
    static Fixer of_type(const std::string& type);
    static Fixer of_format(const std::string& format);
    static Fixer of_pattern(const std::string& pattern);
    static Fixer of_values(std::vector<std::string> values);

    std::optional<Fix> propose(std::string_view text) const { return make_ ? make_(text) : std::nullopt; }

private:
    explicit Fixer(std::function<std::optional<Fix>(std::string_view)> make) : make_{std::move(make)} {}
    std::function<std::optional<Fix>(std::string_view)> make_;
};

/// What a rule of a kind says when it does not hold.
std::string_view message_of(std::string_view kind);

}  // namespace millrace::transform
