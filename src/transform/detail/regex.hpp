#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>

#include "transform/operator.hpp"

namespace millrace::transform {

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
