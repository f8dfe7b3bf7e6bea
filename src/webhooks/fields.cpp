#include "webhooks/store.hpp"

namespace millrace::webhooks {

std::span<const query::Field> list_fields() {
    using query::Type;
    static constexpr std::string_view formats[] = {"standard", "cloudevents"};
    static constexpr query::Field fields[] = {
        {.name = "id", .type = Type::uuid},
        {.name = "url", .type = Type::text},
        {.name = "format", .type = Type::word, .words = formats},
        {.name = "disabled_reason", .type = Type::word},
        {.name = "created_at", .type = Type::time, .sortable = true},
        {.name = "updated_at", .type = Type::time},
    };
    return fields;
}

std::span<const query::Field> delivery_fields() {
    using query::Type;
    static constexpr std::string_view states[] = {"pending", "delivered", "failed", "cancelled"};
    static constexpr query::Field fields[] = {
        {.name = "id", .type = Type::uuid},
        {.name = "state", .type = Type::word, .words = states},
        {.name = "type", .type = Type::word},
        {.name = "subject", .type = Type::uuid},
        {.name = "attempts", .type = Type::number},
        {.name = "last_status", .type = Type::number},
        {.name = "created_at", .type = Type::time, .sortable = true},
        {.name = "updated_at", .type = Type::time},
    };
    return fields;
}

}  // namespace millrace::webhooks
