#include "pipelines/import/archive.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "base/describe.hpp"
#include "blobs/source.hpp"
#include "formats/unpack/archive.hpp"
#include "intake/ops.hpp"
#include "work/failpoint.hpp"

namespace millrace::pipelines::import {
namespace {

using observe::Level;
using BlobSink = blobs::AsSink<formats::Sink>;

constexpr std::size_t block_bytes = 256u << 10;

/// The bytes of a member as an object.
std::string store(blobs::BlobStore& blobs, formats::Source& content, jobs::Context& context) {
    BlobSink sink{blobs};
    std::string block(block_bytes, '\0');
    for (std::uint64_t at = 0; at < content.size();) {
        context.check();
        const auto got = content.read(at, block);
        sink.write(std::string_view{block}.substr(0, got));
        at += got;
    }
    return sink.finish();
}

/// Collects what the commit makes of the members.
class Members {
public:
    Members(const Tools& tools, jobs::Context& context, const intake::File& archive) : tools_{tools}, context_{context}, archive_{archive} {}

    void take(const formats::unpack::Member& member) {
        if (auto why = formats::unpack::why_skipped(member); !why.empty()) return skip(member.path, std::move(why));
        // A tar may name the same path twice: each is a member.
        auto key = member.path;
        for (int n = 2; !keys_.insert(key).second; ++n) key = fmt::format("{}\n{}", member.path, n);
        const auto file = file_of(member, key);
        const auto job = job_of(file);
        commit_.add(intake::Keep{file}).add(jobs::Create{job});
        listed_.push_back(json::object{{"filename", member.path}, {"file_id", file.id.str()}, {"job_id", job.id.str()}});
        ++imports_;
        context_.tick(10, fmt::format("{} files unpacked", listed_.size()));
    }

    std::size_t imports() const { return imports_; }
    jobs::Finish finish() {
        jobs::Finish finish;
        finish.metadata = {{"members", listed_.size()}};
        finish.result = json::value(json::object{{"members", std::move(listed_)}});
        finish.with = std::move(commit_);
        return finish;
    }

private:
    void skip(const std::string& path, std::string why) {
        context_.log(Level::info, fmt::format("a member is not imported: {}", why));
        listed_.push_back(json::object{{"filename", path}, {"status", "skipped"}, {"error", std::move(why)}});
    }

    Uuid id_of(std::string_view what, const std::string& key) const {
        return Uuid::from_name(context_.job().id.str(), fmt::format("member {} {}", what, key));
    }

    intake::File file_of(const formats::unpack::Member& member, const std::string& key) {
        intake::File file;
        file.id = id_of("file", key);
        file.job_id = id_of("job", key);
        file.owner = archive_.owner;
        file.org = archive_.org;
        file.state = intake::FileState::stored;
        file.filename = formats::unpack::file_of(member.path);
        file.media_type = "application/octet-stream";
        file.server = archive_.server;
        file.size = member.content->size();
        file.sha256 = store(tools_.blobs, *member.content, context_);
        file.created_at = file.updated_at = tools_.clock.now();
        dataset_ = id_of("dataset", key);
        return file;
    }

    jobs::Job job_of(const intake::File& file) const {
        const auto& parent = context_.job();
        jobs::Job job;
        job.id = *file.job_id;
        job.kind = "import";
        job.type = jobs::Type::import;
        job.parent = parent.id;
        job.owner = parent.owner;
        job.org = parent.org;
        job.queue = parent.queue;
        job.priority = parent.priority;
        job.limit_key = parent.limit_key;
        job.tags = parent.tags;
        job.options = parent.options;
        job.supplier_id = parent.supplier_id;
        job.filename = file.filename;
        job.input = parent.input;  // with dialect, table and on_duplicate
        for (const auto* of_archive : {"url", "filename"}) job.input.erase(of_archive);
        job.input["file_id"] = file.id.str();
        job.input["dataset_id"] = dataset_.str();
        job.input_file_id = file.id;
        job.created_at = job.updated_at = job.run_at = file.created_at;
        return job;
    }

    const Tools& tools_;
    jobs::Context& context_;
    const intake::File& archive_;
    ledger::Commit commit_;
    json::array listed_;
    std::set<std::string> keys_;
    std::size_t imports_ = 0;
    Uuid dataset_;
};

/// What a child has come to, written into its line.
void describe(json::object& member, const jobs::Job& job) {
    member.insert_or_assign("status", word(job.state));
    if (job.related_dataset_id) member.insert_or_assign("dataset_id", job.related_dataset_id->str());
    if (!job.error_code.empty()) member.insert_or_assign("error", job.error_code);
}

/// No member is a dataset now. With one member its error is that of the archive.
[[noreturn]] void fail(const std::vector<jobs::Job>& children) {
    if (children.size() > 1) {
        const auto failed = std::ranges::count(children, jobs::State::failed, &jobs::Job::state);
        throw Error{Code::children_failed, {{"failed", std::to_string(failed)}, {"cancelled", std::to_string(std::ssize(children) - failed)},
                                            {"total", std::to_string(children.size())}}};
    }
    const auto& only = children.front();
    const auto* existing = only.metadata.if_contains("existing_dataset_id");
    if (existing && existing->is_string()) throw Error{Code::duplicate, {{"existing_dataset_id", std::string{existing->as_string()}}}};
    throw Error::with_text(code_from(only.error_code), only.error_message);
}

}  // namespace

void import_archive(const Tools& tools, jobs::Context& context, const intake::File& file, formats::Source& archive) {
    Members members{tools, context, file};
    formats::unpack::each_member(archive, [&](const auto& member) { members.take(member); }, {}, [&] { context.check(); });
    if (members.imports() == 0) {
        throw Error{Code::unsupported_format, {{"format", std::string{formats::unpack::archive_kind(archive)} + " without a data file"},
                                               {"known", "archives with at least one file that can be imported"}}};
    }
    // Which of several would come last is chance.
    if (members.imports() > 1 && context.job().input.contains("version_of")) {
        throw Error{Code::unsupported_format, {{"format", fmt::format("{} with {} data files", formats::unpack::archive_kind(archive), members.imports())},
                                               {"known", "one data file for a version, packed or not"}}};
    }
    context.log(Level::info, fmt::format("{} files of the archive are imported", members.imports()));
    context.stage(20, "unpacked");
    work::failpoint("import.unpacked");
    context.await_children(members.finish());
}

bool finish_archive(const Tools& tools, jobs::Context& context) {
    const auto& counts = context.job().children;
    if (!counts || counts->total == 0) return false;
    auto job = tools.jobs.get(context.job().id);
    auto* listed = job && job->result.is_object() ? job->result.get_object().if_contains("members") : nullptr;
    if (!listed || !listed->is_array()) return false;
    const auto children = tools.jobs.children(context.job().id);
    std::map<std::string, const jobs::Job*> by_id;
    for (const auto& child : children) by_id.emplace(child.id.str(), &child);
    jobs::Finish finish;
    std::size_t imported = 0;
    json::array datasets;
    for (auto& member : listed->get_array()) {
        const auto* id = member.as_object().if_contains("job_id");
        const auto child = id ? by_id.find(std::string{id->as_string()}) : by_id.end();
        if (child == by_id.end()) continue;
        describe(member.as_object(), *child->second);
        if (child->second->state != jobs::State::completed) continue;
        ++imported;
        if (!finish.related_dataset_id) finish.related_dataset_id = child->second->related_dataset_id;
        if (const auto* ids = child->second->metadata.if_contains("dataset_ids"); ids && ids->is_array()) {
            for (const auto& dataset : ids->get_array()) datasets.push_back(dataset);
        }
    }
    if (imported == 0) fail(children);
    finish.metadata = {{"members", listed->get_array().size()}, {"members_imported", imported}, {"members_failed", children.size() - imported}, {"dataset_ids", std::move(datasets)}};
    finish.result = std::move(job->result);
    context.finish(std::move(finish));
    return true;
}

}  // namespace millrace::pipelines::import
