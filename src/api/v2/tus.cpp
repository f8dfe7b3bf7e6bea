#include <fmt/chrono.h>

#include <charconv>

#include "api/v2/routes.hpp"

// tus 1.0.0, https://tus.io/protocols/resumable-upload
namespace millrace::api::v2 {
namespace {

using intake::Upload;
using intake::UploadPart;

constexpr std::string_view base = "/api/v2/uploads";
constexpr std::string_view version = "1.0.0";
constexpr std::string_view extensions = "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,concatenation";
constexpr std::string_view offset_stream = "application/offset+octet-stream";

[[noreturn]] void wrong_header(std::string_view name, std::string why) {
    throw Error{Code::invalid_parameter, {{"name", std::string{name}}, {"why", std::move(why)}}};
}

/// Every answer says the version that is spoken; no other one is understood.
void check_version(const Call& call) {
    auto& answer = call.request.answer_headers;
    answer.set("Tus-Resumable", version);
    if (call.request.headers.get("tus-resumable") == version) return;
    answer.set("Tus-Version", version);
    throw Error{Code::tus_version};
}

std::optional<std::uint64_t> number_in(const http::Request& request, std::string_view name) {
    const auto text = request.headers.find(name);
    if (!text) return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() || text->starts_with('-')) {
        wrong_header(name, "expected a whole number from 0 to 9223372036854775807");
    }
    return static_cast<std::uint64_t>(value);
}

void require_offset_stream(const http::Request& request) {
    const auto type = request.content_type();
    if (type != offset_stream) throw Error{Code::unsupported_media_type, {{"type", type}, {"known", std::string{offset_stream}}}};
}

std::string http_date(Instant at) {
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
}

http::Response answer(int status, const Upload& upload) {
    auto response = http::Response::empty(status);
    response.headers.set("Upload-Offset", std::to_string(upload.received));
    response.headers.set("Upload-Expires", http_date(upload.expires_at));
    if (upload.job_id) response.headers.set("Upload-Job-Id", upload.job_id->str());
    if (status == 201) response.headers.set("Location", std::string{base} + '/' + upload.id.str());
    return response;
}

/// tus has a status of its own for what is 422 elsewhere.
http::Response wrong_checksum(const http::Request& request) {
    constexpr int status = 460;
    auto response = http::problem(Error{Code::checksum_mismatch}, request.language());
    auto document = json::parse(response.body).as_object();
    document["status"] = response.status = status;
    document["title"] = http::reason_phrase(status);
    response.body = json::serialize(document);
    return response;
}

/// Bytes of a request on their way into an upload; `status` is that of success.
class PieceSink final : public http::BodySink {
public:
    PieceSink(const Call& call, Upload upload, intake::Append asked, int status)
        : uploads_{call.services.uploads}, request_{call.request}, upload_{std::move(upload)}, status_{status},
          piece_{uploads_.append(upload_.id, call.who.scope, std::move(asked))} {}

    void write(std::span<const char> block) override { piece_->write({block.data(), block.size()}); }

    http::Answer finish() override {
        try {
            return answer(status_, piece_->finish());
        } catch (const Error& error) {
            if (error.code() != Code::checksum_mismatch) throw;
            if (status_ == 201) uploads_.remove(upload_);  // its address is not told
            return wrong_checksum(request_);
        }
    }

    void abort(const Error&) noexcept override { piece_->stop(); }

private:
    intake::Uploads& uploads_;
    const http::Request& request_;
    const Upload upload_;
    const int status_;
    const std::shared_ptr<intake::Piece> piece_;
};

std::optional<intake::Checksum> checksum_in(const http::Request& request) {
    const auto header = request.headers.find("upload-checksum");
    if (!header) return std::nullopt;
    return intake::Checksum::read(*header);
}

/// "final;/api/v2/uploads/a /api/v2/uploads/b", with or without scheme and host.
std::vector<Uuid> parts_in(std::string_view concat) {
    std::vector<Uuid> parts;
    concat.remove_prefix(std::string_view{"final;"}.size());
    while (!concat.empty()) {
        const auto space = concat.find(' ');
        const auto url = concat.substr(0, space);
        concat = space == concat.npos ? std::string_view{} : concat.substr(space + 1);
        if (url.empty()) continue;
        const auto slash = url.rfind('/');
        const auto id = slash == url.npos ? std::nullopt : Uuid::parse(url.substr(slash + 1));
        if (!id || !url.substr(0, slash).ends_with(base)) wrong_header("Upload-Concat", "expected addresses of uploads");
        parts.push_back(*id);
    }
    if (parts.empty()) wrong_header("Upload-Concat", "expected addresses of uploads");
    return parts;
}

void read_length(const http::Request& request, intake::NewUpload& wanted) {
    wanted.length = number_in(request, "upload-length");
    const auto defer = request.headers.find("upload-defer-length");
    if (defer && *defer != "1") wrong_header("Upload-Defer-Length", "expected 1");
    if (wanted.length.has_value() == defer.has_value()) wrong_header("Upload-Length", "expected it, or Upload-Defer-Length: 1");
}

http::Begun create(Call& call) {
    check_version(call);
    const auto& request = call.request;
    auto& uploads = call.services.uploads;
    intake::NewUpload wanted;
    wanted.scope = call.who.scope;
    wanted.metadata = request.headers.get("upload-metadata");
    wanted.concat = request.headers.get("upload-concat");
    if (wanted.concat.starts_with("final;")) {
        if (request.headers.has("upload-length")) wrong_header("Upload-Length", "a final upload is as long as its parts");
        if (request.has_body()) throw Error{Code::bad_request, {{"why", "a final upload has no body"}}};
        const auto parts = parts_in(wanted.concat);
        return answer(201, uploads.concatenate(std::move(wanted), parts));
    }
    if (wanted.concat == "partial") wanted.part = UploadPart::partial;
    else if (!wanted.concat.empty()) wrong_header("Upload-Concat", "expected partial, or final; with addresses");
    read_length(request, wanted);
    if (request.has_body()) require_offset_stream(request);
    intake::Append asked{.bytes = request.content_length, .checksum = checksum_in(request)};
    const auto limit = wanted.length.value_or(uploads.settings().max_bytes);
    if (asked.bytes.value_or(0) > limit) throw Error{Code::payload_too_large, {{"limit", std::to_string(limit)}}};
    auto upload = uploads.create(std::move(wanted));
    if (!request.has_body() && upload.length != 0) return answer(201, upload);
    return std::make_unique<PieceSink>(call, std::move(upload), std::move(asked), 201);
}

http::Begun append(Call& call) {
    check_version(call);
    const auto& request = call.request;
    auto upload = call.services.uploads.get(call.id(), call.who.scope);
    if (upload.part == UploadPart::final) throw Error{Code::forbidden};
    require_offset_stream(request);
    const auto offset = number_in(request, "upload-offset");
    if (!offset) wrong_header("Upload-Offset", "expected the number of bytes that have arrived");
    intake::Append asked{.offset = *offset, .bytes = request.content_length, .length = number_in(request, "upload-length"),
                         .checksum = checksum_in(request)};
    return std::make_unique<PieceSink>(call, std::move(upload), std::move(asked), 204);
}

http::Begun look(Call& call) {
    check_version(call);
    const auto upload = call.services.uploads.get(call.id(), call.who.scope);
    auto response = answer(200, upload);
    if (upload.length) response.headers.set("Upload-Length", std::to_string(*upload.length));
    else response.headers.set("Upload-Defer-Length", "1");
    if (!upload.metadata.empty()) response.headers.set("Upload-Metadata", upload.metadata);
    if (!upload.concat.empty()) response.headers.set("Upload-Concat", upload.concat);
    return response;
}

http::Begun terminate(Call& call) {
    check_version(call);
    auto& uploads = call.services.uploads;
    uploads.remove(uploads.get(call.id(), call.who.scope));
    return http::Response::empty(204);
}

http::Begun options(Call& call) {
    auto response = http::Response::empty(204);
    response.headers.set("Tus-Resumable", version);
    response.headers.set("Tus-Version", version);
    response.headers.set("Tus-Extension", extensions);
    response.headers.set("Tus-Max-Size", std::to_string(call.services.uploads.settings().max_bytes));
    response.headers.set("Tus-Checksum-Algorithm", intake::Checksum::known);
    return response;
}

Parameter header(std::string name, std::string description, bool required = false) {
    return {.name = std::move(name), .in = "header", .description = std::move(description), .required = required};
}

Parameter tus_resumable() { return header("Tus-Resumable", "1.0.0; anything else is 412", true); }
Parameter upload_checksum() { return header("Upload-Checksum", "sha1, sha256 or md5, a space, the digest of the body in base64"); }

Reply wrong_version() { return reply_error(412, "Tus-Resumable is not 1.0.0"); }
Reply unknown_upload() { return reply_error(404, "No such upload, or it has expired"); }

}  // namespace

void add_tus(Table& table) {
    const std::string one = std::string{base} + "/{id}";
    const Body bytes{.media_type = std::string{offset_stream}, .schema = json::object{{"type", "string"}}, .required = false};
    table.add("OPTIONS", std::string{base}, http::Lane::reads,
              {.id = "tusOptions", .summary = "What of tus is spoken here", .tag = "uploads", .access = Access::open,
               .replies = {{204, "Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm"}}},
              options);
    table.add("POST", std::string{base}, http::Lane::files,
              {.id = "createUpload", .summary = "Begin a resumable upload (tus)", .tag = "uploads",
               .parameters = {tus_resumable(), header("Upload-Length", "Bytes of the file"), header("Upload-Defer-Length", "1: the length comes later"),
                              header("Upload-Metadata", "filename, filetype, supplier_id, on_duplicate; values in base64"),
                              header("Upload-Concat", "partial, or final; with the addresses of partial uploads"), upload_checksum()},
               .body = bytes,
               .replies = {{201, "Location of the upload; Upload-Job-Id is its import"}, reply_error(400, "A header is not as it should be"),
                           reply_error(404, "A part is not known"), reply_error(409, "A part is not complete, or not partial"), wrong_version(),
                           reply_error(413, "Larger than the limit, or than Upload-Length"), reply_error(415, "The body is not application/offset+octet-stream"),
                           reply_error(460, "The body does not have the checksum")}},
              create);
    table.add("HEAD", one, http::Lane::reads,
              {.id = "getUploadOffset", .summary = "How many bytes of an upload have arrived", .tag = "uploads",
               .parameters = {path_id("upload"), tus_resumable()},
               .replies = {{200, "Upload-Offset, Upload-Length, Upload-Expires, Upload-Job-Id"}, unknown_upload(), wrong_version()}},
              look);
    table.add("PATCH", one, http::Lane::files,
              {.id = "appendToUpload", .summary = "Send further bytes of an upload; the last one makes the import", .tag = "uploads",
               .parameters = {path_id("upload"), tus_resumable(), header("Upload-Offset", "Bytes that have arrived", true),
                              header("Upload-Length", "Bytes of the file, where it was not told yet"), upload_checksum()},
               .body = bytes,
               .replies = {{204, "The bytes are durable; Upload-Offset counts them"}, reply_error(400, "A header is not as it should be"),
                           reply_error(403, "A final upload takes no bytes"), unknown_upload(), reply_error(409, "Upload-Offset is not where the upload is"),
                           wrong_version(), reply_error(413, "Past the length; nothing was taken"),
                           reply_error(415, "The body is not application/offset+octet-stream"), reply_error(460, "The body does not have the checksum; nothing was taken")}},
              append);
    table.add("DELETE", one, http::Lane::files,
              {.id = "deleteUpload", .summary = "Give an upload up; a complete one leaves its import alone", .tag = "uploads",
               .parameters = {path_id("upload"), tus_resumable()}, .replies = {{204, "Gone"}, unknown_upload(), wrong_version()}},
              terminate);
}

}  // namespace millrace::api::v2
