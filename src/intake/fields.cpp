#include "intake/store.hpp"

namespace millrace::intake {

std::span<const query::Field> list_fields() {
    using query::Type;
    static constexpr std::string_view states[] = {"receiving", "stored", "aborted"};
    static constexpr query::Field fields[] = {
        {.name = "id", .type = Type::uuid},
        {.name = "state", .type = Type::word, .words = states},
        {.name = "filename", .type = Type::text, .sortable = true},
        {.name = "media_type", .type = Type::word},
        {.name = "sha256", .type = Type::word},
        {.name = "size", .type = Type::number},
        {.name = "created_at", .type = Type::time, .sortable = true},
    };
    return fields;
}

std::span<const query::Field> source_fields() {
    using query::Type;
    static constexpr std::string_view types[] = {"file_upload", "website"};
    static constexpr query::Field fields[] = {
        {.name = "id", .type = Type::uuid},
        {.name = "name", .type = Type::text, .sortable = true},
        {.name = "source_type", .type = Type::word, .words = types},
        {.name = "created_at", .type = Type::time, .sortable = true},
    };
    return fields;
}

}  // namespace millrace::intake
