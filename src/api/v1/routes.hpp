#pragma once

#include "api/table.hpp"

namespace millrace::api::v1 {

void add_files(Table& table);
void add_jobs(Table& table);
void add_templates(Table& table);
void add_data_sources(Table& table);

}  // namespace millrace::api::v1
