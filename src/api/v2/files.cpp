#include "api/files.hpp"
#include "api/templates.hpp"

#include "api/v2/routes.hpp"
#include "blobs/source.hpp"
#include "formats/overrides.hpp"
#include "formats/sniff.hpp"
#include "formats/unpack/archive.hpp"

namespace millrace::api::v2 {
namespace {

constexpr std::size_t rows_shown = 20;
/// A request unpacks less than a job does: somebody waits for it.
constexpr formats::unpack::Limits sniff_limits{.bytes = 4ull << 30};

/// What a sniff answers; what else is found depends on the format.
struct Sniffed {
    std::string format;
    std::optional<std::string> compression;
    std::optional<json::array> tables;
    std::optional<json::array> members;
    json::array names;
    json::array rows;
    json::array rejects;
};
BOOST_DESCRIBE_STRUCT(Sniffed, (), (format, compression, tables, members, names, rows, rejects))

/// Those of the caller: what is tried here is what an import would do.
intake::File find(Call& call) {
    auto file = call.services.files.get(call.id(), call.who.scope);
    if (!file || file->state != intake::FileState::stored) throw Error{Code::not_found};
    return std::move(*file);
}

http::Answer sniff(Call& call, formats::Overrides overrides) {
    const auto file = find(call);
    Error wrong{Code::invalid_fields};
    formats::check(overrides, wrong.issues);
    if (!wrong.issues.empty()) throw wrong;
    const auto options = overrides.read_options();
    const auto in = formats::unpack::plain(std::make_unique<blobs::AsSource<formats::Source>>(call.services.blobs.open(file.sha256)), file.filename, sniff_limits);
    const auto answer = [&](json::object found) {
        if (!in.compression.empty()) found.emplace("compression", in.compression);
        return http::Response::json(200, json::serialize(found));
    };
    if (!formats::unpack::archive_kind(*in.source).empty()) {
        auto found = formats::sniff_archive(*in.source);
        for (const auto* empty : {"names", "rows", "rejects"}) found.emplace(empty, json::array{});
        return answer(std::move(found));
    }
    try {
        auto found = formats::sniff(*in.source, in.filename, options);
        auto shown = formats::preview(*in.source, in.filename, options, rows_shown);
        for (const auto name : {"names", "rows", "rejects"}) found.insert_or_assign(name, std::move(shown[name]));
        return answer(std::move(found));
    } catch (const Error& error) {
        auto issue = formats::issue_of(error, overrides);
        if (!issue) throw;
        wrong.issues.push_back(std::move(*issue));
    }
    throw wrong;
}

}  // namespace

void add_files(Table& table) {
    add_file_routes(table, "/api/v2/files", "");
    table.add("POST", "/api/v2/files/{id}/sniff", http::Lane::files,
              {.id = "sniffFile", .summary = "How the file would be read: format, dialect, tables, and the first 20 rows as text; to try overrides before an import",
               .tag = "files", .parameters = {path_id("file")},
               .body = Body{.schema = json_schema<formats::Overrides>(), .required = false},
               .replies = {{200, "What was found out", json_schema<Sniffed>()}, reply_error(404, "No such file of yours"),
                           reply_error(422, "The file cannot be used, or an override is not known: each with its pointer")}},
              [](Call& call) {
                  find(call);
                  return with_json<formats::Overrides>(call, sniff);
              });
}

void add_templates(Table& table) { add_template_routes(table, "/api/v2/templates", "", Unknown::refused); }

}  // namespace millrace::api::v2
