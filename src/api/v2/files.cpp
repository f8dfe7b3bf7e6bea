#include "api/files.hpp"
#include "api/v2/routes.hpp"

namespace millrace::api::v2 {

void add_files(Table& table) { add_file_routes(table, "/api/v2/files", ""); }

}  // namespace millrace::api::v2
