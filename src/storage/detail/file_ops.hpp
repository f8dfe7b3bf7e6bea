#pragma once

#include "datasets/ops.hpp"
#include "intake/ops.hpp"
#include "storage/detail/catalog.hpp"

/// Files and the datasets that come out of them.
namespace millrace::storage::detail {

ledger::Committed still_receiving(Tx& tx, const intake::StillReceiving& op);
void begin_file(Tx& tx, const intake::Begin& op);
void accept_file(Tx& tx, const intake::Accept& op);
void keep_file(Tx& tx, const intake::Keep& op);
void abort_file(Tx& tx, const intake::Abort& op);
void begin_upload(Tx& tx, const intake::BeginUpload& op);
ledger::Committed upload_at(Tx& tx, const intake::AdvanceUpload& op);
void advance_upload(Tx& tx, const intake::AdvanceUpload& op);
void remove_upload(Tx& tx, const intake::RemoveUpload& op);

ledger::Committed unique_content(Tx& tx, const datasets::Unique& op);
void put_dataset(Tx& tx, const datasets::Put& op);
void remove_dataset(Tx& tx, const datasets::Remove& op);

}  // namespace millrace::storage::detail
