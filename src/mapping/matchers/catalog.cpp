#include "mapping/matchers/kinds.hpp"
#include "mapping/matchers/meanings.hpp"
#include "mapping/matchers/names.hpp"
#include "mapping/matchers/shapes.hpp"
#include "mapping/matchers/texts.hpp"
#include "mapping/matchers/values.hpp"

namespace millrace::mapping {

// A new matcher is a new file and one line here.
std::span<const Matcher* const> matchers() {
    static const Matcher* const all[] = {
        &names_matcher(), &meanings_matcher(), &texts_matcher(), &values_matcher(), &shapes_matcher(), &kinds_matcher(),
    };
    return all;
}

}  // namespace millrace::mapping
