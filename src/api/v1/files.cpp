#include "api/files.hpp"
#include "api/v1/routes.hpp"

namespace millrace::api::v1 {

void add_files(Table& table) { add_file_routes(table, "/api/v1/files", "V1"); }

}  // namespace millrace::api::v1
