#pragma once

#include "intake/file.hpp"

namespace millrace::api {

/// `file` as clients see it; `v` is the version of the API its links point to.
struct FileView {
    Uuid id;
    std::string filename;
    std::uint64_t size = 0;
    std::string sha256;
    std::string media_type;
    intake::FileState state = intake::FileState::stored;
    std::optional<Uuid> job_id;
    Uuid created_by;
    Instant created_at{};
    json::object links;
};
BOOST_DESCRIBE_STRUCT(FileView, (), (id, filename, size, sha256, media_type, state, job_id, created_by, created_at, links))

struct FileList {
    std::vector<FileView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(FileList, (), (items, next_cursor))

FileView file_view(const intake::File& file, std::string_view base);

}  // namespace millrace::api
