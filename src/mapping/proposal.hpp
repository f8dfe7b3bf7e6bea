#pragma once

#include <boost/describe/class.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.hpp"
#include "mapping/field.hpp"

namespace millrace::mapping {

/// A suggestion: this field of the source belongs to that field of the target.
struct Candidate {
    std::string source;
    std::string target;
    double confidence = 0;  ///< how likely it is right, 0 to 1: of those at 0.9 about nine in ten are
    std::string reason;     ///< for people, English
};
BOOST_DESCRIBE_STRUCT(Candidate, (), (source, target, confidence, reason))

/// A change that a value needs on its way, by the name of an operator of the transform module.
struct Conversion {
    std::string op;                    ///< "parse_decimal", "parse_date", "trim", ...
    json::object arguments;            ///< by name, as in a step of a mapping spec
};
BOOST_DESCRIBE_STRUCT(Conversion, (), (op, arguments))

/// A candidate that would be applied, and how.
struct Entry {
    std::string source;
    std::string target;
    double confidence = 0;
    std::string reason;
    std::vector<Conversion> convert;            ///< in this order
    std::map<std::string, std::string> values;  ///< of an enumeration: value of the source to value of the target
    std::vector<std::string> unmapped_values;   ///< values of the source that none of the enumeration stands for
    std::string provenance = "builtin";         ///< who chose it: "builtin", "history" (a person, before) or "llm"
};
BOOST_DESCRIBE_STRUCT(Entry, (), (source, target, confidence, reason, convert, values, unmapped_values, provenance))

struct Proposal {
    std::vector<Entry> mapping;         ///< each source and each target at most once, in order of the source
    std::vector<Candidate> candidates;  ///< per source the likeliest first; all sorted by confidence
    std::vector<std::string> unmapped_source;
    std::vector<std::string> unmapped_target;
    std::string fingerprint;            ///< of the source's names, see fingerprint_of
};
BOOST_DESCRIBE_STRUCT(Proposal, (), (mapping, candidates, unmapped_source, unmapped_target, fingerprint))

/// What was decided before, for names like these. The caller looks it up; see fingerprint_of and normal_name.
struct Memory {
    /// Normalised name of a source field to the targets it was given, and how often; empty target: left out on purpose.
    struct Choice {
        std::string target;
        std::uint64_t times = 1;
    };
    std::map<std::string, std::vector<Choice>> choices;  ///< what counts most first; the first one that the target has is taken
};

struct Model;
struct Reviewer;

struct Options {
    double apply_at = 0.5;        ///< least confidence of what is applied
    std::size_t candidates = 20;  ///< per source field
    const Model* model = nullptr; ///< absent: the built-in one
    Reviewer* reviewer = nullptr; ///< asked about what is uncertain; absent: nobody is
};

/// Proposes a mapping by names, descriptions, values and types alone: no network, no clock, the same answer every time
/// (a reviewer may have all three).
/// 50 by 50 fields take about 10 ms, 179 by 736 less than a second; memory is a few matrices of their product.
/// Throws Error{too_many_columns} when there are more than 4 million pairs.
Proposal propose(const Table& source, const Table& target, const Memory* memory = nullptr, const Options& options = {});

/// A name as memory knows it: folded, letters and digits only.
std::string normal_name(std::string_view name);

/// The same for every table with these names, whatever their order and case: 32 hex digits.
std::string fingerprint_of(const Table& table);

}  // namespace millrace::mapping
