#include "storage/detail/source_ops.hpp"

#include "storage/detail/rows.hpp"

namespace millrace::storage::detail {

void put_source(Tx& tx, const intake::PutSource& op) {
    const auto& s = op.source;
    tx.db.later(Statement::sources_put, args(s.id, s.owner, s.org, s.name, s.type, s.description, s.config, s.builtin, s.created_at, s.updated_at));
}

void remove_source(Tx& tx, const intake::RemoveSource& op) { tx.db.later(Statement::sources_remove, args(op.source)); }

void submit(Tx& tx, const intake::Submit& op) {
    const auto& s = op.submission;
    tx.db.later(Statement::submissions_put, args(s.job, s.source, s.owner, s.org, s.type, s.url, s.created_at));
}

}  // namespace millrace::storage::detail
