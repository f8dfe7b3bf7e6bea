#include "api/files.hpp"

#include "api/download.hpp"
#include "api/file_view.hpp"
#include "http/multipart.hpp"

namespace millrace::api {
namespace {

intake::File find(Call& call) {
    auto file = call.services.files.get(call.id(), call.scope());
    if (!file) throw Error{Code::not_found};
    return std::move(*file);
}

class FormFileSink final : public http::BodySink {
public:
    FormFileSink(Call& call, const std::string& boundary, std::function<http::Answer(const intake::File&)> then)
        : services_{call.services},
          scope_{call.who.scope},
          then_{std::move(then)},
          form_{boundary,
                {.part_begin = [this](const http::Part& part) { begin(part); },
                 .data = [this](std::string_view bytes) { if (in_file_) receiving_->write(bytes); },
                 .part_end = [this] { in_file_ = false; }}} {}

    void write(std::span<const char> block) override { form_.feed({block.data(), block.size()}); }

    http::Answer finish() override {
        form_.finish();
        if (!receiving_) throw Error{Code::missing_file, {{"field", "file"}}};
        return then_(receiving_->finish()->file);
    }

    void abort(const Error& reason) noexcept override {
        if (receiving_) receiving_->abort(reason);
    }

private:
    void begin(const http::Part& part) {
        if (part.name != "file" || !part.filename) return;
        if (receiving_) throw Error{Code::malformed_multipart, {{"why", "two parts are named \"file\""}}};
        intake::Incoming incoming;
        incoming.scope = scope_;
        incoming.filename = *part.filename;
        incoming.media_type = part.headers.get("content-type");
        incoming.import = false;
        receiving_ = services_.intake.begin(std::move(incoming)).receiving;
        if (!receiving_) throw Error{Code::internal};
        in_file_ = true;
    }

    Services& services_;
    const Scope scope_;
    const std::function<http::Answer(const intake::File&)> then_;
    std::unique_ptr<intake::Receiving> receiving_;
    bool in_file_ = false;
    http::Multipart form_;
};

}  // namespace

FileView file_view(const intake::File& file, std::string_view base) {
    const auto self = std::string{base} + "/" + file.id.str();
    FileView view{file.id,    file.filename, file.size,      file.sha256, file.media_type, file.state,
                  file.job_id, file.owner,   file.created_at, {{"self", self}}};
    if (file.state == intake::FileState::stored) view.links.emplace("content", self + "/content");
    return view;
}

http::Begun store_form_file(Call& call, std::function<http::Answer(const intake::File& file)> then) {
    const auto limit = call.services.intake.settings().max_bytes;
    if (call.request.content_length.value_or(0) > limit) throw Error{Code::payload_too_large, {{"limit", std::to_string(limit)}}};
    return std::make_unique<FormFileSink>(call, http::Multipart::boundary_of(call.request.headers.get("content-type")), std::move(then));
}

void add_file_routes(Table& table, const std::string& base, const std::string& suffix) {
    const Reply not_found = reply_error(404, "No such file of yours");
    const json::value form{{"type", "object"},
                           {"required", json::array{"file"}},
                           {"properties", {{"file", {{"type", "string"}, {"contentMediaType", "application/octet-stream"}}}}}};
    table.add("POST", base, http::Lane::files,
              {.id = "storeFile" + suffix, .summary = "Keep a file; no job is made", .tag = "files",
               .body = Body{.media_type = "multipart/form-data", .schema = form},
               .replies = {{201, "The file", json_schema<FileView>()}, reply_error(400, "The form is broken"), reply_error(413, "Larger than the limit")}},
              [base](Call& call) {
                  return store_form_file(call, [base](const intake::File& file) -> http::Answer {
                      auto response = http::Response::json(201, to_json(file_view(file, base)));
                      response.headers.set("Location", base + "/" + file.id.str());
                      return response;
                  });
              });
    table.add("GET", base, http::Lane::reads,
              {.id = "listFiles" + suffix, .summary = "Stored files, newest first", .tag = "files",
               .parameters = {query_filter(), query_sort(), query_limit(), query_cursor(), query_scope()},
               .replies = {{200, "One page", json_schema<FileList>()}, reply_error(400, "A parameter is not valid")}},
              [base](Call& call) -> http::Begun {
                  const auto page = call.services.files.list(call.scope(), list_request<intake::ListRequest>(call, intake::list_fields()));
                  FileList out;
                  for (const auto& file : page.items) out.items.push_back(file_view(file, base));
                  out.next_cursor = page.next_cursor;
                  return http::Response::json(200, to_json(out));
              });
    table.add("GET", base + "/{id}", http::Lane::reads,
              {.id = "getFile" + suffix, .summary = "One file", .tag = "files", .parameters = {path_id("file"), query_scope()},
               .replies = {{200, "The file", json_schema<FileView>()}, not_found}},
              [base](Call& call) -> http::Begun { return http::Response::json(200, to_json(file_view(find(call), base))); });
    table.add("GET", base + "/{id}/content", http::Lane::files,
              {.id = "getFileContent" + suffix, .summary = "The bytes as they were sent", .tag = "files", .parameters = {path_id("file"), query_scope()},
               .replies = {{200, "The bytes", nullptr, "application/octet-stream"}, {206, "The range asked for", nullptr, "application/octet-stream"},
                           {304, "Not changed", nullptr}, not_found, reply_error(416, "The range lies outside the file")}},
              [](Call& call) -> http::Begun {
                  const auto file = find(call);
                  if (file.state != intake::FileState::stored) throw Error{Code::not_found};
                  return blob_download(call, file.sha256, file.filename, "application/octet-stream");
              });
}

}  // namespace millrace::api
