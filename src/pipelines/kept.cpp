#include "pipelines/kept.hpp"

namespace millrace::pipelines {

intake::File stored_file(const Tools& tools, const jobs::Job& job, const Uuid& id) {
    auto file = tools.files.get(id, Scope{.user = job.owner, .org = job.org});
    if (!file || file->state != intake::FileState::stored) throw Error{Code::file_gone, {{"file_id", id.str()}}};
    return std::move(*file);
}

std::string stem(const std::string& filename) {
    const auto dot = filename.find_last_of("./\\");
    return dot == filename.npos || dot == 0 || filename[dot] != '.' ? filename : filename.substr(0, dot);
}

KeptFile Keeper::keep(std::string filename, std::string media_type, std::string_view content) {
    const auto writer = tools_.blobs.create();
    writer->write(content);
    auto stored = writer->finish();
    return keep(std::move(filename), std::move(media_type), std::move(stored.sha256), stored.size);
}

KeptFile Keeper::keep(std::string filename, std::string media_type, std::string sha256, std::uint64_t bytes) {
    intake::File file;
    file.id = Uuid::generate();
    file.owner = job_.owner;
    file.org = job_.org;
    file.state = intake::FileState::stored;
    file.filename = std::move(filename);
    file.media_type = std::move(media_type);
    file.job_id = job_.id;
    file.size = bytes;
    file.sha256 = std::move(sha256);
    file.created_at = file.updated_at = tools_.clock.now();
    const auto self = "/api/v2/files/" + file.id.str();
    KeptFile kept{file.id, file.filename, 0, bytes, file.sha256, {{"self", self}, {"content", self + "/content"}}};
    finish_.with.add(intake::Keep{std::move(file)});
    return kept;
}

}  // namespace millrace::pipelines
