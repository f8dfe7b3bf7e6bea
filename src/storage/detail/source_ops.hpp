#pragma once

#include "intake/ops.hpp"
#include "storage/detail/catalog.hpp"

/// Data sources and what they were given.
namespace millrace::storage::detail {

void put_source(Tx& tx, const intake::PutSource& op);
void remove_source(Tx& tx, const intake::RemoveSource& op);
void submit(Tx& tx, const intake::Submit& op);

}  // namespace millrace::storage::detail
