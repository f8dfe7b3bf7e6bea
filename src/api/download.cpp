#include "api/download.hpp"

namespace millrace::api {

http::Download blob_download(Call& call, const std::string& sha256, const std::string& filename, std::string content_type) {
    http::Download download;
    const std::shared_ptr<blobs::Reader> reader = call.services.blobs.open(sha256);
    download.size = reader->size();
    download.read = [reader](std::uint64_t offset, std::span<char> into) { return reader->read(offset, into); };
    download.content_type = std::move(content_type);
    download.filename = filename.empty() ? sha256 : filename;
    download.etag = '"' + sha256 + '"';
    download.headers.set("Cache-Control", "private, no-cache");
    return download;
}

}  // namespace millrace::api
