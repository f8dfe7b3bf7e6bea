#include "storage/detail/mapping_ops.hpp"

#include "storage/detail/rows.hpp"

namespace millrace::storage::detail {

ledger::Committed template_is(Tx& tx, const mapping::TemplateIs& op) {
    const auto version = one(tx.db, Statement::templates_lock, args(op.id), [](const Row& row) { return Reader{row}.integer(); });
    return version.value_or(0) == op.version ? applied : lost;
}

void put_template(Tx& tx, const mapping::PutTemplate& op) {
    const auto& t = op.content;
    tx.db.later(Statement::templates_put,
                args(t.id, t.owner, t.org, t.name, t.description, t.version, t.spec, t.sha256, t.fingerprint, t.created_at, t.updated_at));
    tx.db.later(Statement::templates_put_version, args(t.id, t.version, t.spec, t.sha256, t.updated_at));
}

void remove_template(Tx& tx, const mapping::RemoveTemplate& op) {
    tx.db.later(Statement::templates_remove, args(op.id));
    tx.db.later(Statement::templates_remove_versions, args(op.id));
}

void learn(Tx& tx, const mapping::Learn& op) {
    for (const auto& choice : op.choices) {
        tx.db.later(Statement::choices_learn, args(choice.source, op.owner, op.org, choice.target, op.at));
    }
}

}  // namespace millrace::storage::detail
