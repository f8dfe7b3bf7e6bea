#pragma once

#include <map>
#include <string>
#include <vector>

#include "mapping/proposal.hpp"

namespace millrace::mapping {

/// What the values of `source` need to become values of `target`; nothing when one of them does not say.
std::vector<Conversion> conversions(const Field& source, const Field& target);

struct ValueMap {
    std::map<std::string, std::string> values;
    std::vector<std::string> unmapped;
};
/// Values of the source that stand for one of the target's enumeration: by spelling, by meaning in another language, as a
/// short form; nothing when the target has no enumeration or all values are in it already.
ValueMap map_values(const Field& source, const Field& target);

}  // namespace millrace::mapping
