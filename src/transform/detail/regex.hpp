#pragma once

#include <re2/re2.h>

#include <bitset>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transform/operator.hpp"

namespace millrace::transform {

/// A pattern of so many characters, each out of a set, such as "[A-Z]{2}-[0-9]{6}": what codes look like. It is matched in a tenth of
/// the time of a regular expression.
class FixedPattern {
public:
    /// Nothing for a pattern that says more than that.
    static std::optional<FixedPattern> of(std::string_view pattern);
    bool matches(std::string_view text) const {
        if (text.size() != sets_.size()) return false;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (!sets_[i].test(static_cast<unsigned char>(text[i]))) return false;
        }
        return true;
    }

private:
    std::vector<std::bitset<256>> sets_;
};

/// An RE2 pattern: linear time and bounded memory, whatever it says. Throws Refusal of `argument` when it is longer than
/// 8 KiB, needs too much memory or is no pattern. Shared by the copies of a kernel, which never change it.
inline std::shared_ptr<const RE2> compile_regex(const std::string& pattern, std::size_t argument) {
    constexpr std::size_t pattern_bytes_max = 8 * 1024;
    if (pattern.size() > pattern_bytes_max) Site::refuse("a pattern has at most 8 KiB", argument);
    RE2::Options options{RE2::Quiet};
    options.set_max_mem(4 << 20);
    auto regex = std::make_shared<const RE2>(pattern, options);
    if (!regex->ok()) Site::refuse("the pattern is not valid: " + regex->error(), argument);
    return regex;
}

}  // namespace millrace::transform
