#pragma once

#include "ledger/ledger.hpp"
#include "mapping/template.hpp"

namespace millrace::mapping {

/// Guard: the template has this version, or does not exist when it is 0. Else `lost`.
struct TemplateIs : ledger::Op {
    Uuid id;
    int version = 0;
    TemplateIs(Uuid i, int v) : id{i}, version{v} {}
};

/// Makes the template or replaces what it is; its version is kept beside the ones before. The same version again changes
/// nothing.
struct PutTemplate : ledger::Op {
    Template content;
    explicit PutTemplate(Template t) : content{std::move(t)} {}
};

/// Removes the template with all its versions.
struct RemoveTemplate : ledger::Op {
    Uuid id;
    explicit RemoveTemplate(Uuid i) : id{i} {}
};

/// A person has accepted that a column of this name goes to this field; an empty target: that it goes nowhere.
struct Choice {
    std::string source;  ///< as normal_name gives it
    std::string target;
};

/// Remembers what a person has accepted, at most 1,000 choices at once. The same at the same moment counts once.
struct Learn : ledger::Op {
    Uuid owner;
    Uuid org;
    std::vector<Choice> choices;
    Instant at{};
};

}  // namespace millrace::mapping
