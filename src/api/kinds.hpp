#pragma once

#include "api/services.hpp"

namespace millrace::api {

/// A kind of job that can be created here: one of this program, or one that remote workers have declared.
struct KnownKind {
    std::string name;
    jobs::Type type = jobs::Type::processing;
    int attempts_max = 3;
    jobs::Options options;  ///< of jobs that do not say otherwise
};

std::optional<KnownKind> find_kind(Services& services, const std::string& name);

/// One of this program: nobody else may declare it.
bool is_own_kind(const Services& services, std::string_view name);

/// The names of all of them, for people: "import, external, thumbnail".
std::string known_kinds(Services& services);

/// Error{unknown_job_kind} that names those there are; the field is `kind` below `pointer`.
[[noreturn]] void unknown_kind(Services& services, const std::string& name, const std::string& pointer);

}  // namespace millrace::api
