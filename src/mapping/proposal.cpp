#include "mapping/proposal.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "mapping/confidence.hpp"
#include "mapping/conversions.hpp"
#include "mapping/review.hpp"
#include "mapping/words.hpp"

namespace millrace::mapping {
namespace {

constexpr std::size_t pairs_max = 4'000'000;

std::string reason_of(const detail::Prepared& both, std::size_t source, std::size_t target) {
    std::string text;
    int count = 0;
    for (const auto* matcher : matchers()) {
        const auto why = matcher->reason(both, source, target);
        if (why.empty() || count == 3) continue;
        if (!text.empty()) text += "; ";
        text += why;
        ++count;
    }
    return text.empty() ? "the likeliest of what is left" : text;
}

double rounded(double confidence) { return std::round(confidence * 10000) / 10000; }

/// What was chosen before for a name like this; -1: nothing, -2: to leave it out.
int remembered(const Memory* memory, const Field& field, const Table& target) {
    if (!memory) return -1;
    const auto at = memory->choices.find(normal_name(field.name));
    if (at == memory->choices.end() || at->second.empty()) return -1;
    if (at->second.front().target.empty()) return -2;
    for (const auto& choice : at->second) {
        const auto found = std::ranges::find(target.fields, choice.target, &Field::name);
        if (found != target.fields.end() && !choice.target.empty()) return static_cast<int>(found - target.fields.begin());
    }
    return -1;
}

Entry entry_of(const Field& source, const Field& target, double confidence, std::string reason) {
    auto map = map_values(source, target);
    return {.source = source.name,
            .target = target.name,
            .confidence = rounded(confidence),
            .reason = std::move(reason),
            .convert = conversions(source, target),
            .values = std::move(map.values),
            .unmapped_values = std::move(map.unmapped)};
}

/// Asks about what is uncertain and takes it into account; `chosen` by memory is not.
std::vector<Verdict> reviewed(const Table& source, const Table& target, const Options& options, const std::vector<int>& chosen, Matrix& confidence,
                              std::vector<int>& given) {
    if (!options.reviewer) return {};
    std::vector<char> settled(chosen.size());
    std::ranges::transform(chosen, settled.begin(), [](int choice) { return choice != -1; });
    const auto doubts = doubts_of(confidence, given, settled);
    if (doubts.empty()) return {};
    auto verdicts = options.reviewer->review(source, target, doubts);
    if (!verdicts.empty()) reconsider(doubts, verdicts, confidence, given);
    return verdicts;
}

}  // namespace

std::string normal_name(std::string_view name) { return squash(name); }

std::string fingerprint_of(const Table& table) {
    std::multiset<std::string> names;
    for (const auto& field : table.fields) names.insert(normal_name(field.name));
    Sha256 hash;
    for (const auto& name : names) {
        hash.update(name);
        hash.update("\n");
    }
    return to_hex(hash.finish()).substr(0, 32);
}

Proposal propose(const Table& source, const Table& target, const Memory* memory, const Options& options) {
    const auto rows = source.fields.size(), columns = target.fields.size();
    if (rows * columns > pairs_max) throw Error{Code::too_many_columns, {{"limit", std::to_string(pairs_max)}}};
    Proposal proposal{.fingerprint = fingerprint_of(source)};
    if (rows == 0 || columns == 0) {
        for (const auto& field : source.fields) proposal.unmapped_source.push_back(field.name);
        for (const auto& field : target.fields) proposal.unmapped_target.push_back(field.name);
        return proposal;
    }
    const auto both = detail::prepare(source, target);
    auto scores = score(both, options.model ? *options.model : Model::built_in());
    std::vector<int> given = scores.assigned;
    std::vector<int> chosen(rows, -1);
    for (std::size_t s = 0; s < rows; ++s) chosen[s] = remembered(memory, source.fields[s], target);
    for (std::size_t s = 0; s < rows; ++s) {
        if (chosen[s] == -1) continue;
        given[s] = chosen[s];
        for (std::size_t other = 0; other < rows; ++other) {
            if (other != s && chosen[s] >= 0 && given[other] == chosen[s]) given[other] = -1;
        }
    }
    const auto verdicts = reviewed(source, target, options, chosen, scores.confidence, given);
    const auto verdict_for = [&](std::size_t s, std::size_t t) {
        return std::ranges::find_if(verdicts, [&](const Verdict& verdict) { return verdict.source == s && verdict.target == t; });
    };
    const auto reason_for = [&](std::size_t s, std::size_t t) {
        const auto verdict = verdict_for(s, t);
        return verdict == verdicts.end() ? reason_of(both, s, t) : "llm: " + verdict->reason;
    };
    std::set<int> taken;
    for (std::size_t s = 0; s < rows; ++s) {
        const auto t = given[s];
        const bool known = chosen[s] >= 0;
        const double confidence = t < 0 ? 0 : known ? 0.99 : static_cast<double>(scores.confidence.at(s, static_cast<std::size_t>(t)));
        if (t < 0 || confidence < options.apply_at || !taken.insert(t).second) {
            proposal.unmapped_source.push_back(source.fields[s].name);
            continue;
        }
        const auto at = static_cast<std::size_t>(t);
        auto reason = known ? "chosen before for this name" : reason_for(s, at);
        auto entry = entry_of(source.fields[s], target.fields[at], confidence, std::move(reason));
        if (known) entry.provenance = "history";
        else if (verdict_for(s, at) != verdicts.end()) entry.provenance = "llm";
        proposal.mapping.push_back(std::move(entry));
    }
    for (std::size_t t = 0; t < columns; ++t) {
        if (!taken.contains(static_cast<int>(t))) proposal.unmapped_target.push_back(target.fields[t].name);
    }
    for (std::size_t s = 0; s < rows; ++s) {
        std::vector<std::pair<double, std::size_t>> ranked;
        for (std::size_t t = 0; t < columns; ++t) ranked.emplace_back(chosen[s] == static_cast<int>(t) ? -0.99 : -static_cast<double>(scores.confidence.at(s, t)), t);
        const auto count = std::min(options.candidates, columns);
        std::ranges::partial_sort(ranked, ranked.begin() + static_cast<std::ptrdiff_t>(count));
        for (std::size_t i = 0; i < count; ++i) {
            const auto [negative, t] = ranked[i];
            const double confidence = rounded(-negative);
            if (confidence <= 0) break;
            proposal.candidates.push_back({source.fields[s].name, target.fields[t].name, confidence, reason_for(s, t)});
        }
    }
    std::ranges::stable_sort(proposal.candidates, std::greater{}, &Candidate::confidence);
    return proposal;
}

}  // namespace millrace::mapping
