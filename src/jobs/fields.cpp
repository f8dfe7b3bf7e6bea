#include "jobs/schedule_store.hpp"
#include "jobs/store.hpp"

namespace millrace::jobs {

std::span<const query::Field> list_fields() {
    using query::Type;
    static constexpr std::string_view states[] = {"scheduled",  "blocked",   "queued", "running",  "retry_wait",
                                                  "cancelling", "completed", "failed", "cancelled"};
    static constexpr std::string_view types[] = {"import", "export", "validation", "processing"};
    static constexpr query::Field fields[] = {
        {.name = "id", .type = Type::uuid},
        {.name = "state", .type = Type::word, .words = states},
        {.name = "type", .type = Type::word, .words = types},
        {.name = "kind", .type = Type::word},
        {.name = "queue", .type = Type::word},
        {.name = "stage", .type = Type::word},
        {.name = "filename", .type = Type::text},
        {.name = "supplier_id", .type = Type::text},
        {.name = "error_code", .type = Type::word},
        {.name = "error_message", .type = Type::text},
        {.name = "progress", .type = Type::number},
        {.name = "priority", .type = Type::number},
        {.name = "attempt", .type = Type::number},
        {.name = "parent_id", .type = Type::uuid},
        {.name = "schedule_id", .type = Type::uuid},
        {.name = "limit_key", .type = Type::text},
        {.name = "unique_key", .type = Type::text},
        {.name = "tags", .type = Type::text},
        {.name = "created_at", .type = Type::time, .sortable = true},
        {.name = "updated_at", .type = Type::time},
        {.name = "started_at", .type = Type::time},
        {.name = "completed_at", .type = Type::time, .sortable = true},
    };
    return fields;
}

std::span<const query::Field> schedule_fields() {
    using query::Type;
    static constexpr query::Field fields[] = {
        {.name = "id", .type = Type::uuid},
        {.name = "name", .type = Type::text, .sortable = true},
        {.name = "cron", .type = Type::text},
        {.name = "zone", .type = Type::word},
        {.name = "next_at", .type = Type::time, .sortable = true},
        {.name = "last_at", .type = Type::time, .sortable = true},
        {.name = "created_at", .type = Type::time, .sortable = true},
        {.name = "updated_at", .type = Type::time},
    };
    return fields;
}

}  // namespace millrace::jobs
