#include "storage/detail/list.hpp"
#include "storage/detail/rows.hpp"
#include "storage/detail/stores.hpp"

namespace millrace::storage::detail {
namespace {

intake::DataSource read_source(const Row& row) {
    Reader r{row};
    intake::DataSource s;
    s.id = r.uuid();
    s.owner = r.uuid();
    s.org = r.uuid();
    s.name = r.text();
    s.type = r.word_of(intake::SourceType::file_upload);
    s.description = r.text();
    s.config = r.object();
    s.builtin = r.boolean();
    s.created_at = r.instant();
    s.updated_at = r.instant();
    return s;
}

intake::Submission read_submission(const Row& row) {
    Reader r{row};
    intake::Submission s;
    s.job = r.uuid();
    s.source = r.uuid();
    s.owner = r.uuid();
    s.org = r.uuid();
    s.type = r.word_of(intake::ResourceType::file);
    s.url = r.text();
    s.created_at = r.instant();
    return s;
}

/// Above every id there is.
Uuid last_id() {
    Uuid id;
    id.bytes.fill(0xff);
    return id;
}

}  // namespace

std::optional<intake::DataSource> IntakeStore::source(const Uuid& id, const Scope& scope) {
    auto found = reading(db_, [&](Session& s) { return one(s, Statement::sources_get, args(id), read_source); });
    return found && found->builtin ? found : seen_by(scope, std::move(found));
}

intake::SourcePage IntakeStore::sources(const Scope& scope, const intake::ListRequest& r) {
    return reading(db_, [&](Session& s) {
        auto page = detail::list<intake::SourcePage>(s, source_list, scope, {r.filter, r.sort, r.cursor, r.limit}, read_source);
        std::erase_if(page.items, [](const auto& source) { return source.builtin; });
        return page;
    });
}

std::optional<intake::Submission> IntakeStore::submission(const Uuid& job, const Scope& scope) {
    return seen_by(scope, reading(db_, [&](Session& s) { return one(s, Statement::submissions_get, args(job), read_submission); }));
}

std::vector<intake::Submission> IntakeStore::submissions(const Uuid& source, const Scope& scope, std::optional<Uuid> before, int limit) {
    const auto from = before.value_or(last_id());
    return reading(db_, [&](Session& s) {
        if (scope.reach == Reach::own) return all(s, Statement::submissions_of_owner, args(source, from, limit, scope.user), read_submission);
        auto found = all(s, Statement::submissions_of_source, args(source, from, limit), read_submission);
        std::erase_if(found, [&](const auto& one) { return !scope.sees(one.owner, one.org); });
        return found;
    });
}

}  // namespace millrace::storage::detail
