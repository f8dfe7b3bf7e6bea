#pragma once

#include <optional>

#include "mapping/proposal.hpp"
#include "mapping/template.hpp"
#include "query/query.hpp"

namespace millrace::mapping {

/// What templates can be filtered and sorted by; free text looks into name and description.
std::span<const query::Field> template_fields();

struct ListRequest {
    query::Filter filter;
    query::Sort sort;
    std::optional<std::string> cursor;
    int limit = 50;
};

struct TemplatePage {
    std::vector<Template> items;
    std::optional<std::string> next_cursor;
};

struct MappingStore {
    virtual ~MappingStore() = default;
    virtual std::optional<Template> get(const Uuid& id, const Scope& scope) = 0;
    virtual TemplatePage list(const Scope& scope, const ListRequest& request) = 0;
    /// Newest first.
    virtual std::vector<TemplateVersion> versions(const Uuid& id) = 0;
    /// The spec of a version.
    virtual std::optional<json::object> spec(const Uuid& id, int version) = 0;
    /// The newest template of the owner for columns of exactly these names.
    virtual std::optional<Template> by_fingerprint(const Uuid& owner, const std::string& fingerprint) = 0;
    /// What was accepted before for these names (see normal_name): by the user, then within the organisation, then by
    /// anybody of this installation; at most 20 targets of a name.
    virtual Memory memory(const Uuid& user, const Uuid& org, const std::vector<std::string>& names) = 0;
};

}  // namespace millrace::mapping
