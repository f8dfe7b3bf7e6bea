#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include "api/download.hpp"
#include "api/v2/routes.hpp"

namespace millrace::api::v2 {
namespace {

/// The screenshot that a job has made.
intake::File screenshot(Call& call) {
    const auto job = call.services.jobs.get(call.id(), call.scope());
    const auto* result = job ? job->result.if_object() : nullptr;
    const auto* id = result ? result->if_contains("screenshot_file_id") : nullptr;
    const auto parsed = id && id->is_string() ? Uuid::parse(std::string_view{id->get_string()}) : std::nullopt;
    auto file = parsed ? call.services.files.get(*parsed, call.scope()) : std::nullopt;
    if (!file || file->state != intake::FileState::stored) throw Error{Code::not_found};
    return std::move(*file);
}

}  // namespace

void add_captures(Table& table) {
    table.add("GET", "/api/v2/captures/{id}/screenshot", http::Lane::files,
              {.id = "getScreenshot", .summary = "What a page looked like when a job captured it", .tag = "data sources", .parameters = {path_id("job"), query_scope()},
               .replies = {{200, "The picture", nullptr, "image/png"}, {206, "The range asked for", nullptr, "image/png"}, {304, "Not changed", nullptr},
                           reply_error(404, "No such job of yours, or it has no screenshot"), reply_error(416, "The range lies outside the file")}},
              [](Call& call) -> http::Begun {
                  const auto file = screenshot(call);
                  return blob_download(call, file.sha256, file.filename, "image/png");
              });
}

}  // namespace millrace::api::v2
