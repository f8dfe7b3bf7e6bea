#include "api/kinds.hpp"

#include <algorithm>

namespace millrace::api {

bool is_own_kind(const Services& services, std::string_view name) {
    return std::ranges::find(services.kinds, name, &jobs::Kind::name) != services.kinds.end();
}

std::optional<KnownKind> find_kind(Services& services, const std::string& name) {
    const auto own = std::ranges::find(services.kinds, name, &jobs::Kind::name);
    if (own != services.kinds.end()) return KnownKind{own->name, own->type, own->attempts_max, {}};
    auto declared = services.remote.kind(name);
    if (!declared) return std::nullopt;
    return KnownKind{declared->name, declared->type, declared->attempts_max, std::move(declared->options)};
}

std::string known_kinds(Services& services) {
    std::string known;
    const auto add = [&](const std::string& one) { known += (known.empty() ? "" : ", ") + one; };
    for (const auto& kind : services.kinds) add(kind.name);
    for (const auto& kind : services.remote.kinds()) {
        if (!is_own_kind(services, kind.name)) add(kind.name);
    }
    return known;
}

void unknown_kind(Services& services, const std::string& name, const std::string& pointer) {
    const auto known = known_kinds(services);
    Error error{Code::unknown_job_kind, {{"kind", name}, {"known", known}}};
    error.issues.push_back({pointer + "/kind", "unknown_value", "expected one of " + known});
    throw error;
}

}  // namespace millrace::api
