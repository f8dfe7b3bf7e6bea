#pragma once

#include "api/table.hpp"

namespace millrace::api::v2 {

/// Unfinished jobs are always shown; this only bounds the memory of one answer.
inline constexpr int active_jobs_max = 100'000;

void add_jobs(Table& table);
void add_bulk(Table& table);
void add_queues(Table& table);
void add_workflows(Table& table);
void add_schedules(Table& table);
void add_job_trail(Table& table);
void add_streams(Table& table);
void add_web_socket(Table& table);
void add_uploads(Table& table);
void add_tus(Table& table);
void add_datasets(Table& table);
void add_dataset_versions(Table& table);
void add_dataset_queries(Table& table);
void add_exports(Table& table);
void add_files(Table& table);
void add_templates(Table& table);
void add_preview(Table& table);
void add_accounts(Table& table);
void add_workers(Table& table);
void add_webhooks(Table& table);

}  // namespace millrace::api::v2
