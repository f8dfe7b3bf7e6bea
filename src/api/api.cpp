#include "api/api.hpp"

#include "api/openapi.hpp"
#include "api/pages.hpp"
#include "api/system.hpp"
#include "api/v1/routes.hpp"
#include "api/v2/routes.hpp"

namespace millrace::api {

http::Router router(Services& services) {
    Table table{services};
    add_system(table);
    v2::add_jobs(table);
    v2::add_bulk(table);
    v2::add_queues(table);
    v2::add_workflows(table);
    v2::add_schedules(table);
    v2::add_job_trail(table);
    v2::add_streams(table);
    v2::add_web_socket(table);
    v2::add_uploads(table);
    v2::add_tus(table);
    v2::add_datasets(table);
    v2::add_dataset_versions(table);
    v2::add_dataset_queries(table);
    v2::add_exports(table);
    v2::add_files(table);
    v2::add_templates(table);
    v2::add_preview(table);
    v2::add_accounts(table);
    v2::add_workers(table);
    v2::add_webhooks(table);
    v1::add_files(table);
    v1::add_jobs(table);
    v1::add_templates(table);
    v1::add_data_sources(table);
    services.openapi = openapi(table, services.version);
    auto routes = table.take_routes();
    add_pages(routes);
    return http::Router{std::move(routes)};
}

}  // namespace millrace::api
