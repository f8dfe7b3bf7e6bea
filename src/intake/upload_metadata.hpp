#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace::intake {

/// What an Upload-Metadata header says of the file; keys that are not known are left alone.
struct UploadMetadata {
    std::string filename = "upload";
    std::string media_type = "application/octet-stream";
    std::optional<std::string> supplier_id;
    std::string on_duplicate = "error";
};

/// "filename cHJvZHVjdHMuY3N2,supplier_id czE=": keys `filename` (or `name`), `filetype` (or `type`), `supplier_id`,
/// `on_duplicate`. Throws Error{invalid_parameter}.
UploadMetadata read_upload_metadata(std::string_view header);

/// base64 with padding (RFC 4648 section 4), strictly.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace millrace::intake
