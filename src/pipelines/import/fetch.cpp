#include "pipelines/import/fetch.hpp"

#include <fmt/format.h>

#include "http/fetch.hpp"
#include "intake/ops.hpp"
#include "pipelines/import/pace.hpp"
#include "work/failpoint.hpp"

namespace millrace::pipelines::import {
namespace {

constexpr int progress_first = 1, progress_last = 9;

Scope scope_of(const jobs::Job& job) { return {.user = job.owner, .org = job.org}; }

/// Says how far a download has come.
class Told {
public:
    explicit Told(jobs::Context& context) : context_{context} {}

    void more(std::uint64_t bytes, std::optional<std::uint64_t> total) {
        context_.check();
        bytes_ += bytes;
        const auto share = total && *total > 0 ? std::min<double>(1, static_cast<double>(bytes_) / static_cast<double>(*total)) : 0;
        const auto of = total ? " of " + readable_bytes(*total) : std::string{};
        context_.tick(progress_first + static_cast<int>(share * (progress_last - progress_first)), fmt::format("downloading: {}{}", readable_bytes(bytes_), of));
    }

private:
    jobs::Context& context_;
    std::uint64_t bytes_ = 0;
};

}  // namespace

intake::File fetch(const Tools& tools, jobs::Context& context, const std::string& url, const Uuid& id, const std::string& filename) {
    const auto& job = context.job();
    if (auto file = tools.files.get(id, scope_of(job))) return std::move(*file);
    context.stage(progress_first, "downloading");
    Told told{context};
    const auto writer = tools.blobs.create();
    http::Fetch wanted;
    wanted.url = url;
    wanted.bytes_max = tools.file_bytes_max;
    wanted.deadline = in(tools.import.url_timeout);
    wanted.stop = context.stop();
    wanted.on_body = [&](std::string_view block, std::optional<std::uint64_t> total) {
        writer->write(block);
        told.more(block.size(), total);
    };
    auto got = http::fetch(wanted, http::AddressPolicy{tools.import.allow_private});
    const auto stored = writer->finish();
    context.log(observe::Level::info, fmt::format("fetched {} bytes", stored.size));
    work::failpoint("import.fetched");

    intake::File file;
    file.id = id;
    file.owner = job.owner;
    file.org = job.org;
    file.state = intake::FileState::stored;
    file.filename = filename.empty() ? std::move(got.filename) : filename;
    file.media_type = std::move(got.media_type);
    file.job_id = job.id;
    file.size = stored.size;
    file.sha256 = stored.sha256;
    file.created_at = file.updated_at = tools.clock.now();
    tools.ledger.commit(std::move(ledger::Commit{}.add(intake::Keep{file})));
    // Should an attempt that was believed dead have been faster, its file is the one.
    return tools.files.get(id, scope_of(job)).value_or(file);
}

}  // namespace millrace::pipelines::import
