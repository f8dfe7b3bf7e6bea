#include <typeinfo>

#include "storage/detail/account_ops.hpp"
#include "storage/detail/catalog.hpp"
#include "storage/detail/file_ops.hpp"
#include "storage/detail/job_ops.hpp"
#include "storage/detail/llm_ops.hpp"
#include "storage/detail/mapping_ops.hpp"
#include "storage/detail/schedule_ops.hpp"
#include "storage/detail/source_ops.hpp"
#include "storage/detail/webhook_ops.hpp"

// What storage does with each op: a new op is one line here. The handlers stand in detail/*_ops.cpp.
namespace millrace::storage::detail {
namespace {

template <class T>
const T& as(const ledger::Op& op) {
    return static_cast<const T&>(op);
}

std::optional<Uuid> no_job(const auto&) { return std::nullopt; }

template <class T>
Catalog::value_type guard(ledger::Committed (*handle)(Tx&, const T&), std::optional<Uuid> (*job)(const T&) = no_job<T>) {
    return {typeid(T),
            {.guard = [handle](Tx& tx, const ledger::Op& op) { return handle(tx, as<T>(op)); },
             .apply = {},
             .job = [job](const ledger::Op& op) { return job(as<T>(op)); }}};
}

/// A guard that also leaves something behind, once all guards of its commit hold.
template <class T>
Catalog::value_type guard_and(ledger::Committed (*handle)(Tx&, const T&), void (*then)(Tx&, const T&)) {
    auto entry = guard<T>(handle);
    entry.second.apply = [then](Tx& tx, const ledger::Op& op) { then(tx, as<T>(op)); };
    return entry;
}

template <class T>
Catalog::value_type on(void (*handle)(Tx&, const T&), std::optional<Uuid> (*job)(const T&) = no_job<T>) {
    return {typeid(T),
            {.guard = {},
             .apply = [handle](Tx& tx, const ledger::Op& op) { handle(tx, as<T>(op)); },
             .job = [job](const ledger::Op& op) { return job(as<T>(op)); }}};
}

template <class T>
std::optional<Uuid> job_of(const T& op) {
    return op.job;
}
template <class T>
std::optional<Uuid> lease_of(const T& op) {
    return op.lease.job;
}

}  // namespace

const Catalog& catalog() {
    static const Catalog handlers{
        guard<jobs::Fence>(fence, lease_of),
        guard<jobs::InState>(in_state, job_of),
        guard<jobs::Unique>(is_unique),
        guard<jobs::QueueVersion>(queue_version),
        guard<jobs::ScheduleVersion>(schedule_version),
        guard_and<jobs::FireSlot>(slot_is_free, take_slot),
        guard<intake::StillReceiving>(still_receiving),
        guard_and<intake::AdvanceUpload>(upload_at, advance_upload),
        guard<datasets::Unique>(unique_content),
        guard_and<accounts::RememberRequest>(request_is_new, remember_request),
        guard<accounts::EmailFree>(email_is_free),
        guard<webhooks::Unchanged>(webhook_unchanged),
        guard<webhooks::CursorAt>(cursor_at),
        guard<webhooks::Held>(delivery_held),
        guard<mapping::TemplateIs>(template_is),

        on<jobs::Create>(create_job),
        on<jobs::Unblock>(unblock_job, job_of),
        on<jobs::Reopen>(reopen_job, job_of),
        on<jobs::Stage>(stage_job, job_of),
        on<jobs::Tick>(tick_job, lease_of),
        on<jobs::SaveCheckpoint>(save_checkpoint, job_of),
        on<jobs::AppendLog>(append_log, lease_of),
        on<jobs::Settle>(settle_job, job_of),
        on<jobs::Cancel>(cancel_job, job_of),
        on<jobs::Retry>(retry_job, job_of),
        on<jobs::StartExternal>(start_external_job, job_of),
        on<jobs::Change>(change_job, job_of),
        on<jobs::Acknowledge>(acknowledge_job, job_of),
        on<jobs::Remove>(remove_job, job_of),
        on<jobs::ForgetEvents>(forget_events),
        on<jobs::PutQueue>(put_queue),
        on<jobs::PutSchedule>(put_schedule),
        on<jobs::RemoveSchedule>(remove_schedule),
        on<jobs::AdvanceSchedule>(advance_schedule),
        on<jobs::DeclareKind>(declare_kind),

        on<intake::Begin>(begin_file),
        on<intake::Accept>(accept_file),
        on<intake::Keep>(keep_file),
        on<intake::Abort>(abort_file),
        on<intake::BeginUpload>(begin_upload),
        on<intake::RemoveUpload>(remove_upload),
        on<intake::PutSource>(put_source),
        on<intake::RemoveSource>(remove_source),
        on<intake::Submit>(submit),
        on<datasets::Put>(put_dataset),
        on<datasets::Remove>(remove_dataset),

        on<mapping::PutTemplate>(put_template),
        on<mapping::RemoveTemplate>(remove_template),
        on<mapping::Learn>(learn),
        on<llm::RecordCall>(record_call),
        on<llm::KeepAnswer>(keep_answer),
        on<llm::Forget>(forget_llm),

        on<webhooks::Put>(put_webhook),
        on<webhooks::Remove>(remove_webhook),
        on<webhooks::Disable>(disable_webhook),
        on<webhooks::Hold>(hold_webhook),
        on<webhooks::MoveCursor>(move_cursor),
        on<webhooks::Enqueue>(enqueue_delivery),
        on<webhooks::Record>(record_attempt),
        on<webhooks::Release>(release_delivery),
        on<webhooks::ReleaseAll>(release_deliveries),
        on<webhooks::Redeliver>(redeliver),
        on<webhooks::Forget>(forget_deliveries),

        on<accounts::PutOrganisation>(put_organisation),
        on<accounts::CreateUser>(create_user),
        on<accounts::PutUser>(put_user),
        on<accounts::PutApiKey>(put_api_key),
        on<accounts::RevokeApiKey>(revoke_api_key),
        on<accounts::TouchApiKey>(touch_api_key),
        on<accounts::PutSession>(put_session),
        on<accounts::EndSession>(end_session),
        on<accounts::EndSessions>(end_sessions),
        on<accounts::PutTicket>(put_ticket),
        on<accounts::ForgetExpired>(forget_expired),
    };
    return handlers;
}

const Handler& handler(const ledger::Op& op) {
    const auto found = catalog().find(typeid(op));
    if (found == catalog().end()) throw Error{Code::internal, {{"op", typeid(op).name()}}};
    return found->second;
}

}  // namespace millrace::storage::detail
