#include <algorithm>

#include "storage/detail/list.hpp"
#include "storage/detail/rows.hpp"
#include "storage/detail/stores.hpp"

namespace millrace::storage::detail {
namespace {

constexpr std::size_t choices_max = 20;  ///< of one name

mapping::Template read_template(const Row& row) {
    Reader r{row};
    mapping::Template t;
    t.id = r.uuid();
    t.owner = r.uuid();
    t.org = r.uuid();
    t.name = r.text();
    t.description = r.text();
    t.version = r.integer();
    t.spec = r.object();
    t.sha256 = r.text();
    t.fingerprint = r.text();
    t.created_at = r.instant();
    t.updated_at = r.instant();
    return t;
}

mapping::TemplateVersion read_version(const Row& row) {
    Reader r{row};
    mapping::TemplateVersion v;
    v.version = r.integer();
    v.sha256 = r.text();
    v.created_at = r.instant();
    return v;
}

}  // namespace

std::optional<mapping::Template> MappingStore::get(const Uuid& id, const Scope& scope) {
    return seen_by(scope, reading(db_, [&](Session& s) { return one(s, Statement::templates_get, args(id), read_template); }));
}

mapping::TemplatePage MappingStore::list(const Scope& scope, const mapping::ListRequest& r) {
    return reading(db_, [&](Session& s) {
        return detail::list<mapping::TemplatePage>(s, template_list, scope, {r.filter, r.sort, r.cursor, r.limit}, read_template);
    });
}

std::vector<mapping::TemplateVersion> MappingStore::versions(const Uuid& id) {
    return reading(db_, [&](Session& s) { return all(s, Statement::templates_versions, args(id), read_version); });
}

std::optional<json::object> MappingStore::spec(const Uuid& id, int version) {
    return reading(db_, [&](Session& s) {
        return one(s, Statement::templates_spec, args(id, version), [](const Row& row) { return Reader{row}.object(); });
    });
}

std::optional<mapping::Template> MappingStore::by_fingerprint(const Uuid& owner, const std::string& fingerprint) {
    return reading(db_, [&](Session& s) { return one(s, Statement::templates_by_fingerprint, args(owner, fingerprint), read_template); });
}

mapping::Memory MappingStore::memory(const Uuid& user, const Uuid& org, const std::vector<std::string>& names) {
    json::array asked;
    for (const auto& name : names) asked.emplace_back(name);
    return reading(db_, [&](Session& s) {
        mapping::Memory memory;
        s.run(Statement::choices_of_names, args(asked, user, org), [&](const Row& row) {
            auto& choices = memory.choices[std::string{row.text(0)}];
            const std::string target{row.text(1)};
            // The first line of a target is the one that counts.
            if (choices.size() < choices_max && std::ranges::find(choices, target, &mapping::Memory::Choice::target) == choices.end()) {
                choices.push_back({target, static_cast<std::uint64_t>(row.integer(3))});
            }
        });
        return memory;
    });
}

}  // namespace millrace::storage::detail
