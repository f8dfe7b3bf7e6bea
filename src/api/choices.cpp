#include "api/choices.hpp"

#include <set>

#include "mapping/proposal.hpp"

namespace millrace::api {
namespace {

constexpr std::size_t choices_max = 1000;

}  // namespace

std::vector<mapping::Choice> choices_of(const transform::Spec& spec) {
    std::vector<mapping::Choice> choices;
    std::set<std::string> seen;
    for (const auto& field : spec.fields) {
        if (field.expr || field.from.size() != 1 || choices.size() == choices_max) continue;
        auto name = mapping::normal_name(field.from.front());
        if (!name.empty() && seen.insert(name).second) choices.push_back({std::move(name), field.target});
    }
    return choices;
}

}  // namespace millrace::api
