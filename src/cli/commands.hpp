#pragma once

#include "cli/arguments.hpp"

/// One function per command; each answers the exit status and throws Error for what ends it.
namespace millrace::cli {

int run_all(const Arguments& arguments);
int run_serve(const Arguments& arguments);
int run_worker(const Arguments& arguments);
int run_demo(const Arguments& arguments);

int run_import(const Arguments& arguments);
int run_export(const Arguments& arguments);
int run_convert(const Arguments& arguments);
int run_sniff(const Arguments& arguments);
int run_extract(const Arguments& arguments);
int run_map(const Arguments& arguments);
int run_analyze(const Arguments& arguments);
int run_batch(const Arguments& arguments);
int run_classify(const Arguments& arguments);

int run_datasets_ls(const Arguments& arguments);
int run_datasets_get(const Arguments& arguments);
int run_datasets_rows(const Arguments& arguments);
int run_datasets_versions(const Arguments& arguments);
int run_datasets_lineage(const Arguments& arguments);
int run_datasets_rm(const Arguments& arguments);
int run_query(const Arguments& arguments);
int run_transform(const Arguments& arguments);
int run_validate(const Arguments& arguments);

int run_jobs_ls(const Arguments& arguments);
int run_jobs_get(const Arguments& arguments);
int run_jobs_wait(const Arguments& arguments);
int run_jobs_logs(const Arguments& arguments);
int run_jobs_cancel(const Arguments& arguments);
int run_jobs_retry(const Arguments& arguments);

int run_schedules_ls(const Arguments& arguments);
int run_schedules_create(const Arguments& arguments);
int run_schedules_rm(const Arguments& arguments);
int run_schedules_run(const Arguments& arguments);
int run_schedules_enable(const Arguments& arguments);
int run_schedules_disable(const Arguments& arguments);
int run_schedules_next(const Arguments& arguments);

int run_user_add(const Arguments& arguments);
int run_user_ls(const Arguments& arguments);
int run_user_disable(const Arguments& arguments);
int run_user_password(const Arguments& arguments);
int run_key_create(const Arguments& arguments);
int run_key_ls(const Arguments& arguments);
int run_key_revoke(const Arguments& arguments);
int run_token(const Arguments& arguments);

int run_migrate(const Arguments& arguments);
int run_doctor(const Arguments& arguments);
int run_config_show(const Arguments& arguments);
int run_config_check(const Arguments& arguments);
int run_openapi(const Arguments& arguments);
int run_version(const Arguments& arguments);
int run_completion(const Arguments& arguments);

}  // namespace millrace::cli
