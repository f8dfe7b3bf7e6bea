#include "datasets/store.hpp"

namespace millrace::datasets {

std::span<const query::Field> list_fields() {
    using query::Type;
    static constexpr query::Field fields[] = {
        {.name = "id", .type = Type::uuid},
        {.name = "name", .type = Type::text, .sortable = true},
        {.name = "filename", .type = Type::text},
        {.name = "supplier_id", .type = Type::text},
        {.name = "sha256", .type = Type::word},
        {.name = "format", .type = Type::word},
        {.name = "row_count", .type = Type::number},
        {.name = "rows_rejected", .type = Type::number},
        {.name = "job_id", .type = Type::uuid},
        {.name = "series_id", .type = Type::uuid},
        {.name = "parent_id", .type = Type::uuid},
        {.name = "version", .type = Type::number, .sortable = true},
        {.name = "mode", .type = Type::word},
        {.name = "created_at", .type = Type::time, .sortable = true},
    };
    return fields;
}

}  // namespace millrace::datasets
