#include "mapping/store.hpp"

namespace millrace::mapping {

std::span<const query::Field> template_fields() {
    using query::Type;
    static constexpr query::Field fields[] = {
        {.name = "id", .type = Type::uuid},
        {.name = "name", .type = Type::text, .sortable = true},
        {.name = "description", .type = Type::text},
        {.name = "fingerprint", .type = Type::word},
        {.name = "sha256", .type = Type::word},
        {.name = "created_at", .type = Type::time, .sortable = true},
        {.name = "updated_at", .type = Type::time, .sortable = true},
    };
    return fields;
}

}  // namespace millrace::mapping
