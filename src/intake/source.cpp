#include "intake/source.hpp"

namespace millrace::intake {

DataSource builtin_source(Instant now) {
    DataSource files;
    files.id = Uuid::from_name("data source", "Files");
    files.name = "Files";
    files.description = "Files that people upload";
    files.builtin = true;
    files.created_at = files.updated_at = now;
    return files;
}

}  // namespace millrace::intake
