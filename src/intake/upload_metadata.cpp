#include "intake/upload_metadata.hpp"

#include <set>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace millrace::intake {
namespace {

constexpr std::size_t value_bytes_max = 4096;

[[noreturn]] void wrong(std::string why) { throw Error{Code::invalid_parameter, {{"name", "Upload-Metadata"}, {"why", std::move(why)}}}; }

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

void set(UploadMetadata& metadata, std::string_view key, std::string value) {
    if (key == "on_duplicate" && value != "error" && value != "reuse" && value != "version") {
        wrong("on_duplicate: expected error, reuse or version");
    }
    if (value.empty()) return;
    if (key == "filename" || key == "name") metadata.filename = std::move(value);
    if (key == "filetype" || key == "type") metadata.media_type = std::move(value);
    if (key == "supplier_id") metadata.supplier_id = std::move(value);
    if (key == "on_duplicate") metadata.on_duplicate = std::move(value);
}

}  // namespace

UploadMetadata read_upload_metadata(std::string_view header) {
    UploadMetadata metadata;
    std::set<std::string_view> seen;
    while (!header.empty()) {
        const auto comma = header.find(',');
        const auto pair = trimmed(header.substr(0, comma));
        header = comma == header.npos ? std::string_view{} : header.substr(comma + 1);
        const auto space = pair.find(' ');
        const auto key = pair.substr(0, space);
        if (key.empty()) wrong("a key is missing");
        if (!seen.insert(key).second) wrong("the key " + std::string{key} + " is there twice");
        const auto decoded = from_base64(space == pair.npos ? std::string_view{} : pair.substr(space + 1));
        if (!decoded) wrong("the value of " + std::string{key} + " is not base64");
        if (decoded->size() > value_bytes_max) wrong("the value of " + std::string{key} + " is longer than 4096 bytes");
        set(metadata, key, *decoded);
    }
    return metadata;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    std::string url{text}, out;
    for (auto& c : url) {
        if (c == '-' || c == '_') return std::nullopt;
        if (c == '+') c = '-';
        if (c == '/') c = '_';
    }
    if (!from_base64url(url, out)) return std::nullopt;
    return out;
}

}  // namespace millrace::intake
