#include "mapping/matchers/kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "mapping/detectors.hpp"

namespace millrace::mapping {
namespace {

using detail::PreparedField;
using detail::Sort;

/// Share of the values that the declared type can hold, from -1 (none) to 1; 0 when nothing is declared.
double fit(const PreparedField& source, const Field& target) {
    const auto share = [&](Kind kind) { return static_cast<double>(source.kinds[static_cast<std::size_t>(kind)]); };
    const auto& type = target.type;
    if (!source.values || source.values->values.empty()) {
        if (source.field->type.empty() || type.empty()) return 0;
        return source.field->type == type ? 0.5 : 0;
    }
    if (type == "date" || type == "datetime" || type == "timestamp") return 2 * share(Kind::date) - 1;
    if (type == "boolean") return share(Kind::boolean) > 0.9 ? 1 : -1;
    if (type == "number" || type == "integer" || type == "decimal" || type == "float64" || type == "int64") {
        if (source.sort != Sort::number) return -1;
        return type == "integer" && share(Kind::money) > 0.5 ? -0.5 : 1;
    }
    if (type == "string" || type == "text") {
        if (source.sort == Sort::date) return -0.5;
        return source.sort == Sort::text ? 0.5 : 0;
    }
    return 0;
}

/// The kind that both sides agree on most, and how much.
struct Agreement {
    Kind kind = Kind::email;
    double share = 0;
};

Agreement agreement(const PreparedField& source, const PreparedField& target, const std::array<double, kind_count>& worth) {
    Agreement best;
    const bool rows = target.values && !target.enumerated;
    for (std::size_t kind = 0; kind < kind_count; ++kind) {
        const auto there = rows ? std::max(target.kinds[kind], 0.8F * target.expected[kind]) : target.expected[kind];
        // The kinds that the name of the source lets expect count too, where its values do not tell.
        const auto here = source.values ? source.kinds[kind] : source.expected[kind];
        const double share = static_cast<double>(std::min(here, there)) * worth[kind];
        if (share > best.share) best = {static_cast<Kind>(kind), share};
    }
    return best;
}

/// How much finding a kind says: an e-mail address says all, a date or a number little.
constexpr std::array<double, kind_count> worth_of_kinds() {
    std::array<double, kind_count> worth{};
    worth.fill(1);
    const auto set = [&](Kind kind, double value) { worth[static_cast<std::size_t>(kind)] = value; };
    set(Kind::date, 0.5);
    set(Kind::instant, 0.7);
    set(Kind::boolean, 0.5);
    set(Kind::money, 0.5);
    set(Kind::house, 0.55);
    set(Kind::postal, 0.7);
    set(Kind::year, 0.6);
    set(Kind::country_code, 0.95);
    set(Kind::language, 0.6);
    set(Kind::last_name, 0.9);
    set(Kind::time, 0.8);
    set(Kind::percent, 0.6);
    return worth;
}

std::string people_say(Kind kind) {
    std::string text{boost::describe::enum_to_string(kind, "")};
    std::ranges::replace(text, '_', ' ');
    return text;
}

struct Kinds_ final : Matcher {
    enum { agree, conflict, missing, type, count };

    std::string_view name() const override { return "kinds"; }
    std::span<const std::string_view> features() const override {
        static constexpr std::array<std::string_view, count> all{"kind", "kind_conflict", "kind_missing", "type"};
        return all;
    }

    void measure(const detail::Prepared& both, std::span<Matrix> features) const override {
        static constexpr auto worth = worth_of_kinds();
        for (std::size_t s = 0; s < both.source.size(); ++s) {
            const auto& source = both.source[s];
            for (std::size_t t = 0; t < both.target.size(); ++t) {
                const auto& target = both.target[t];
                features[agree].at(s, t) = static_cast<float>(agreement(source, target, worth).share);
                features[type].at(s, t) = static_cast<float>(fit(source, *target.field));
                if (!source.values) continue;
                const bool rows = target.values && !target.enumerated;
                double against = 0, lacking = 0;
                for (std::size_t kind = 0; kind < kind_count; ++kind) {
                    if (!is_certain(static_cast<Kind>(kind))) continue;
                    const auto there = rows ? static_cast<double>(target.kinds[kind]) : static_cast<double>(target.expected[kind]);
                    const auto here = static_cast<double>(source.kinds[kind]);
                    if (here > 0.8) against = std::max(against, here - there);
                    if (there > 0.8) lacking = std::max(lacking, there - here);
                }
                features[conflict].at(s, t) = static_cast<float>(against);
                features[missing].at(s, t) = static_cast<float>(lacking);
            }
        }
    }

    std::string reason(const detail::Prepared& both, std::size_t s, std::size_t t) const override {
        static constexpr auto worth = worth_of_kinds();
        const auto found = agreement(both.source[s], both.target[t], worth);
        return found.share > 0.45 && both.source[s].values ? fmt::format("values look like {}", people_say(found.kind)) : "";
    }
};

}  // namespace

const Matcher& kinds_matcher() {
    static const Kinds_ matcher;
    return matcher;
}

}  // namespace millrace::mapping
