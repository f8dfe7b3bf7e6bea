#include "api/files.hpp"
#include "api/templates.hpp"
#include "api/v1/routes.hpp"

namespace millrace::api::v1 {

void add_files(Table& table) { add_file_routes(table, "/api/v1/files", "V1"); }

void add_templates(Table& table) { add_template_routes(table, "/api/v1/templates", "V1", Unknown::ignored); }

}  // namespace millrace::api::v1
