#pragma once

#include "base/describe.hpp"
#include "base/scope.hpp"

namespace millrace::mapping {

/// A mapping that is kept: how rows of one shape become rows of another. Each change makes a new version; old ones stay.
struct Template {
    Uuid id;
    Uuid owner;
    Uuid org;
    std::string name;
    std::string description;
    int version = 1;
    json::object spec;        ///< a mapping spec (see docs/guide/transforming.md)
    std::string sha256;       ///< of what the spec means: two templates with the same one do the same
    std::string fingerprint;  ///< of the names of the columns it was made for; empty: of none
    Instant created_at{};
    Instant updated_at{};
};

/// One of its versions.
struct TemplateVersion {
    int version = 1;
    std::string sha256;
    Instant created_at{};
};
BOOST_DESCRIBE_STRUCT(TemplateVersion, (), (version, sha256, created_at))

}  // namespace millrace::mapping
