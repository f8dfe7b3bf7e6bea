#include "pipelines/map/spec.hpp"

#include <algorithm>
#include <map>

namespace millrace::pipelines::map {
namespace {

json::object step_of(const mapping::Conversion& conversion) {
    json::object step{{"op", conversion.op}};
    for (const auto& member : conversion.arguments) step.insert_or_assign(member.key(), member.value());
    return step;
}

json::object field_of(const mapping::Entry& entry) {
    json::array steps;
    for (const auto& conversion : entry.convert) steps.push_back(step_of(conversion));
    if (!entry.values.empty()) {
        json::object values;
        for (const auto& [from, to] : entry.values) values.emplace(from, to);
        steps.push_back(json::object{{"op", "map_values"}, {"map", std::move(values)}, {"others", "keep"}});
    }
    json::object field{{"target", entry.target}, {"from", json::array{entry.source}}};
    if (!steps.empty()) field.emplace("steps", std::move(steps));
    // A price of 12.50 stays 12.50: as many decimals as the column has.
    if (!entry.convert.empty() && entry.convert.back().op == "parse_decimal") {
        field.emplace("type", "decimal(18," + json::serialize(entry.convert.back().arguments.at("scale")) + ")");
    }
    field.emplace("provenance", entry.provenance);
    field.emplace("confidence", entry.confidence);
    return field;
}

}  // namespace

json::object spec_of(const mapping::Proposal& proposal, const mapping::Table& target) {
    std::map<std::string, std::size_t> place;
    for (std::size_t i = 0; i < target.fields.size(); ++i) place.emplace(target.fields[i].name, i);
    auto entries = proposal.mapping;
    std::ranges::sort(entries, {}, [&](const mapping::Entry& entry) { return place[entry.target]; });
    json::array fields;
    for (const auto& entry : entries) fields.push_back(field_of(entry));
    return {{"spec", 1}, {"fields", std::move(fields)}};
}

}  // namespace millrace::pipelines::map
