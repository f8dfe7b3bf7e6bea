#pragma once

#include "llm/ops.hpp"
#include "storage/detail/catalog.hpp"

namespace millrace::storage::detail {

void record_call(Tx& tx, const llm::RecordCall& op);
void keep_answer(Tx& tx, const llm::KeepAnswer& op);
void forget_llm(Tx& tx, const llm::Forget& op);

}  // namespace millrace::storage::detail
