#pragma once

#include "jobs/job.hpp"

namespace millrace::jobs {

/// A kind of job that remote workers run. What it says holds for jobs that are created from then on.
struct DeclaredKind {
    std::string name;
    Type type = Type::processing;
    std::string label;  ///< for people
    int attempts_max = 3;
    Options options;  ///< of jobs that do not say otherwise
    Instant updated_at{};
    bool operator==(const DeclaredKind&) const = default;
};

/// What is wrong with a declaration, each at its place below `pointer`.
std::vector<Issue> problems(const DeclaredKind& kind, const std::string& pointer);

}  // namespace millrace::jobs
