#include <boost/json/string.hpp>

#include <algorithm>

#include "api/v2/routes.hpp"
#include "blobs/source.hpp"
#include "datasets/typing.hpp"
#include "formats/overrides.hpp"
#include "formats/sniff.hpp"

// The first rows of what an import reads, while it does.
namespace millrace::api::v2 {
namespace {

constexpr std::int64_t rows_default = 100, rows_max = 1000;

struct PreviewColumn {
    std::string name;
    formats::Type type = formats::Type::text;  ///< that holds the rows shown
};
BOOST_DESCRIBE_STRUCT(PreviewColumn, (), (name, type))

struct Preview {
    Uuid job_id;
    Uuid file_id;
    std::string filename;
    std::string format;
    json::object dialect;
    std::vector<PreviewColumn> columns;
    json::array rows;
    json::array rejects;
};
BOOST_DESCRIBE_STRUCT(Preview, (), (job_id, file_id, filename, format, dialect, columns, rows, rejects))

/// The file that an import reads; that of an address has the id that the job gives it.
std::optional<Uuid> file_id_of(const jobs::Job& job) {
    if (job.input.contains("url")) return Uuid::from_name(job.id.str(), "file");
    const auto* field = job.input.if_contains("file_id");
    return field && field->is_string() ? Uuid::parse(field->get_string()) : std::nullopt;
}

formats::ReadOptions options_of(const jobs::Job& job) {
    formats::Overrides overrides;
    if (const auto* dialect = job.input.if_contains("dialect"); dialect && dialect->is_object()) overrides.dialect = dialect->get_object();
    if (const auto* table = job.input.if_contains("table"); table && table->is_int64()) overrides.table = static_cast<std::uint32_t>(table->get_int64());
    return overrides.read_options();
}

std::vector<PreviewColumn> columns_of(const json::array& names, const json::array& rows) {
    std::vector<PreviewColumn> columns;
    for (std::size_t c = 0; c < names.size(); ++c) {
        datasets::Inference inference;
        for (const auto& row : rows) {
            if (const auto* text = row.get_array()[c].if_string()) inference.add(*text);
        }
        columns.push_back({std::string{std::string_view{names[c].get_string()}}, inference.type().type});
    }
    return columns;
}

http::Begun preview(Call& call) {
    const auto job = call.services.jobs.get(call.id(), call.scope());
    if (!job || job->kind != "import") throw Error{Code::not_found};
    const auto rows = static_cast<std::size_t>(std::max<std::int64_t>(1, number_of(call.request, "rows", rows_default, rows_max)));
    const auto id = file_id_of(*job);
    const auto file = id ? call.services.files.get(*id, call.scope()) : std::nullopt;
    if (!file || file->state != intake::FileState::stored) throw Error{Code::conflict, {{"why", "the file of this job has not arrived"}}};
    blobs::AsSource<formats::Source> source{call.services.blobs.open(file->sha256)};
    auto shown = formats::preview(source, file->filename, options_of(*job), rows);
    Preview out;
    out.job_id = job->id;
    out.file_id = file->id;
    out.filename = file->filename;
    out.format = std::string_view{shown["format"].get_string()};
    out.dialect = std::move(shown["dialect"].get_object());
    out.rows = std::move(shown["rows"].get_array());
    out.rejects = std::move(shown["rejects"].get_array());
    out.columns = columns_of(shown["names"].get_array(), out.rows);
    return http::Response::json(200, to_json(out));
}

}  // namespace

void add_preview(Table& table) {
    table.add("GET", "/api/v2/jobs/{id}/preview", http::Lane::files,
              {.id = "previewImport", .summary = "The first rows of the file that an import reads, as soon as it is here and long before the job ends", .tag = "jobs",
               .parameters = {path_id("job"), {.name = "rows", .in = "query", .description = "How many rows (default 100)",
                                               .schema = json::object{{"type", "integer"}, {"minimum", 1}, {"maximum", rows_max}}},
                              query_scope()},
               .replies = {{200, "The first rows as text, and the types that hold them", json_schema<Preview>()},
                           reply_error(404, "No such import of yours"), reply_error(409, "The file has not arrived"),
                           reply_error(422, "The file cannot be used")}},
              preview);
}

}  // namespace millrace::api::v2
