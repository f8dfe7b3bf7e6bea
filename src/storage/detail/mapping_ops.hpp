#pragma once

#include "mapping/ops.hpp"
#include "storage/detail/catalog.hpp"

namespace millrace::storage::detail {

ledger::Committed template_is(Tx& tx, const mapping::TemplateIs& op);
void put_template(Tx& tx, const mapping::PutTemplate& op);
void remove_template(Tx& tx, const mapping::RemoveTemplate& op);
void learn(Tx& tx, const mapping::Learn& op);

}  // namespace millrace::storage::detail
