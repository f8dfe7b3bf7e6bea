#include "cli/importing.hpp"

#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "base/random.hpp"
#include "cli/follow.hpp"

namespace millrace::cli {
namespace {

Error unreadable(const std::string& path, const std::string& why) {
    return Error::with_text(Code::not_found, fmt::format("The file {} cannot be read: {}.", path, why));
}

/// An open file of this machine, or standard input.
class LocalFile {
public:
    explicit LocalFile(const std::string& path) : path_{path} {
        file_ = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (file_ < 0) throw unreadable(path, std::generic_category().message(errno));
        struct stat info {};
        ::fstat(file_, &info);
        if (S_ISDIR(info.st_mode)) {
            ::close(file_);
            throw unreadable(path, "it is a directory");
        }
        if (S_ISREG(info.st_mode)) size_ = static_cast<std::uint64_t>(info.st_size);
    }
    ~LocalFile() { ::close(file_); }
    LocalFile(const LocalFile&) = delete;
    LocalFile& operator=(const LocalFile&) = delete;

    /// Absent for a pipe.
    std::optional<std::uint64_t> size() const { return size_; }
    std::string name() const { return path_ == "-" ? "stdin" : std::filesystem::path{path_}.filename().string(); }

    std::size_t read(std::uint64_t offset, std::span<char> into) const {
        while (true) {
            const auto n = size_ ? ::pread(file_, into.data(), into.size(), static_cast<off_t>(offset))
                                 : ::read(file_, into.data(), into.size());
            if (n >= 0) return static_cast<std::size_t>(n);
            if (errno != EINTR) throw unreadable(path_, std::generic_category().message(errno));
        }
    }

private:
    std::string path_;
    int file_ = -1;
    std::optional<std::uint64_t> size_;
};

/// The text before and after the file in a form body; needed where more than the file is sent.
struct Form {
    std::string boundary, before, after;

    Form(const std::string& supplier_id, const std::string& filename) {
        boundary = "millrace" + random_base62(24);
        before = fmt::format("--{0}\r\nContent-Disposition: form-data; name=\"supplier_id\"\r\n\r\n{1}\r\n"
                             "--{0}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{2}\"\r\n"
                             "Content-Type: application/octet-stream\r\n\r\n",
                             boundary, supplier_id, escaped(filename));
        after = fmt::format("\r\n--{}--\r\n", boundary);
    }

    /// As browsers do it (HTML Standard, multipart/form-data encoding).
    static std::string escaped(std::string_view name) {
        std::string out;
        for (const char c : name) {
            if (c == '"') out += "%22";
            else if (c == '\r') out += "%0D";
            else if (c == '\n') out += "%0A";
            else out += c;
        }
        return out;
    }

    std::size_t read(const LocalFile& file, std::uint64_t size, std::uint64_t offset, std::span<char> into) const {
        if (offset < before.size()) return before.copy(into.data(), into.size(), offset);
        offset -= before.size();
        if (offset < size) return file.read(offset, into.first(std::min<std::uint64_t>(into.size(), size - offset)));
        return after.copy(into.data(), into.size(), std::min<std::uint64_t>(offset - size, after.size()));
    }
};

std::string query_of(const ImportOptions& options) {
    std::string query;
    const auto add = [&](std::string_view name, std::string_view value) {
        query.append(query.empty() ? "?" : "&").append(name).append("=").append(http::encode_segment(value));
    };
    if (!options.on_duplicate.empty()) add("on_duplicate", options.on_duplicate);
    if (!options.dialect.empty()) add("dialect", json::serialize(options.dialect));
    if (options.table) add("table", std::to_string(*options.table));
    for (const auto& [name, value] : {std::pair{"version_of", &options.version_of}, std::pair{"mode", &options.mode}, std::pair{"key", &options.key},
                                       std::pair{"contract", &options.contract}}) {
        if (!value->empty()) add(name, *value);
    }
    return query;
}

/// One thread's part of an import.
class Importer {
public:
    Importer(const ImportOptions& options, const Endpoint& endpoint, std::stop_token stop, Progress& progress)
        : options_{options}, remote_{endpoint, std::move(stop)}, progress_{progress} {}

    Imported import(const std::string& path, std::size_t& bar) {
        const auto begun = std::chrono::steady_clock::now();
        Imported result;
        result.file = path;
        try {
            const LocalFile file{path};
            bar = progress_.begin(file.name(), file.size().value_or(0));
            run(file, bar, result);
        } catch (const Error& error) {
            if (bar == none) bar = progress_.begin(path, 0);
            take_error(error, result);
        }
        result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        return result;
    }

    static constexpr std::size_t none = SIZE_MAX;

private:
    void run(const LocalFile& file, std::size_t bar, Imported& result) {
        // From here on every event counts: the job may be over before its stream is open.
        std::optional<std::int64_t> after;
        if (options_.wait) {
            const auto events = remote_.get("/api/v2/events");
            if (events.is_object()) after = static_cast<std::int64_t>(number_of(events.get_object(), "last_id"));
        }
        const auto response = upload(file, bar);
        if (response.status >= 400) throw Remote::error_of(response);
        const auto body = json::parse(response.body);
        if (!body.is_object()) throw Error{Code::unreachable, {{"url", remote_.endpoint().url}, {"why", "what answers there is not millrace"}}};
        result.job_id = text_of(body.get_object(), "job_id");
        if (!options_.wait) {
            result.outcome = "accepted";
            return;
        }
        std::string last_stage;
        const auto job = follow_job(remote_, result.job_id, after, std::nullopt, [&](const json::object& seen) {
            const int percent = static_cast<int>(number_of(seen, "progress"));
            // A mark is where a stage begins; the ticks between are for the bar.
            const auto stage = stage_of(seen);
            const bool begins = stage != std::exchange(last_stage, stage);
            if (begins && percent > (result.marks.empty() ? 0 : result.marks.back())) result.marks.push_back(percent);
            progress_.stage(bar, stage, percent);
        });
        take_job(job, result);
    }

    http::ClientResponse upload(const LocalFile& file, std::size_t bar) {
        http::ClientRequest request{.method = "PUT"};
        request.headers.set("Prefer", "respond-async");
        request.headers.set("Content-Type", "application/octet-stream");
        // A repeat of this request by curl on a stale connection must not make a second import.
        request.headers.set("Idempotency-Key", random_base62(32));
        const auto query = query_of(options_);
        auto path = "/api/v2/imports/files/" + http::encode_segment(file.name()) + query;
        request.body_size = file.size();
        request.read_body = [&](std::uint64_t offset, std::span<char> into) {
            const auto count = file.read(offset, into);
            progress_.sent(bar, offset + count);
            return count;
        };
        if (options_.supplier_id.empty()) return remote_.send(std::move(request), path);

        if (!file.size()) throw Error{Code::usage, {{"why", "--supplier-id needs a file, not a pipe"}}};
        const Form form{options_.supplier_id, file.name()};
        const auto size = *file.size();
        request.method = "POST";
        request.headers.set("Content-Type", "multipart/form-data; boundary=" + form.boundary);
        request.body_size = form.before.size() + size + form.after.size();
        request.read_body = [&, size](std::uint64_t offset, std::span<char> into) {
            progress_.sent(bar, std::min(offset, size));
            return form.read(file, size, offset, into);
        };
        return remote_.send(std::move(request), "/api/v2/imports/files/upload" + query);
    }

    void take_job(const json::object& job, Imported& result) {
        const auto state = text_of(job, "state");
        result.dataset_id = text_of(job, "related_dataset_id");
        if (state == "completed") {
            result.outcome = "imported";
            const auto* metadata = job.if_contains("job_metadata");
            const auto* members = metadata && metadata->is_object() ? metadata->get_object().if_contains("members_imported") : nullptr;
            if (members) take_members(metadata->get_object(), result);
            else add_rows(result.dataset_id, result);
            return;
        }
        result.error_code = text_of(job, "error_code");
        result.error_message = text_of(job, "error_message");
        const auto* metadata = job.if_contains("job_metadata");
        if (metadata && metadata->is_object()) {
            if (auto existing = text_of(metadata->get_object(), "existing_dataset_id"); !existing.empty()) result.dataset_id = existing;
        }
        if (result.error_code == to_string(Code::duplicate)) {
            result.outcome = "duplicate";
            result.status = exit_conflict;
        } else {
            result.outcome = state == "cancelled" ? "cancelled" : "failed";
            result.status = state == "cancelled" ? exit_failed : exit_status(code_from(result.error_code));
        }
    }

    void add_rows(const std::string& dataset_id, Imported& result) {
        const auto value = remote_.get("/api/v2/datasets/" + dataset_id);
        if (!value.is_object()) return;
        const auto& dataset = value.get_object();
        result.rows_in += number_of(dataset, "rows_in");
        result.rows_out += number_of(dataset, "row_count");
        result.rows_rejected += number_of(dataset, "rows_rejected");
        result.rows_reported += number_of(dataset, "rows_reported");
    }

    void take_members(const json::object& metadata, Imported& result) {
        result.members = number_of(metadata, "members");
        result.members_imported = number_of(metadata, "members_imported");
        result.members_failed = number_of(metadata, "members_failed");
        if (result.members_failed > 0) result.status = exit_partial;
        const auto* ids = metadata.if_contains("dataset_ids");
        if (!ids || !ids->is_array()) return;
        for (const auto& id : ids->get_array()) {
            if (id.is_string()) add_rows(std::string{id.get_string()}, result);
        }
    }

    static void take_error(const Error& error, Imported& result) {
        result.status = exit_status(error.code());
        result.error_code = to_string(error.code());
        result.error_message = error.message(language());
        for (const auto& issue : error.issues) result.error_message += " " + issue.pointer + ": " + issue.detail;
        if (const auto* job = error.arg("job_id")) result.job_id = *job;
        if (const auto* existing = error.arg("existing_dataset_id")) result.dataset_id = *existing;
        result.outcome = error.code() == Code::duplicate     ? "duplicate"
                         : error.code() == Code::interrupted ? "stopped"
                                                             : "failed";
    }

    const ImportOptions& options_;
    Remote remote_;
    Progress& progress_;
};

/// What makes every further file fail the same way.
bool is_hopeless(const Imported& result) { return result.status == 4 || result.status == 7 || result.status == exit_interrupted; }

}  // namespace

std::vector<Imported> import_files(const std::vector<std::string>& files, const ImportOptions& options,
                                   const Endpoint& endpoint, std::stop_token stop, Progress& progress,
                                   const std::function<std::string(const Imported&)>& line_of) {
    std::vector<Imported> results(files.size());
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> hopeless = false;
    const auto work = [&] {
        Importer importer{options, endpoint, stop, progress};
        for (auto i = next++; i < files.size(); i = next++) {
            if (hopeless || stop.stop_requested()) {
                results[i] = {.file = files[i], .outcome = "skipped", .status = stop.stop_requested() ? exit_interrupted : exit_failed};
                continue;
            }
            std::size_t bar = Importer::none;
            results[i] = importer.import(files[i], bar);
            if (is_hopeless(results[i])) hopeless = true;
            progress.end(bar, line_of(results[i]));
        }
    };
    const auto threads = std::min<std::size_t>(files.size(), static_cast<std::size_t>(options.parallel));
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
    work();
    others.clear();
    return results;
}

std::string import_line(const Imported& result, const Terminal& terminal) {
    const auto name = printable(result.file);
    if (result.outcome == "imported") {
        auto text = fmt::format("{} {}: {} rows", styled("ok", Style::green, terminal.colour), name, grouped(result.rows_out));
        if (result.members > 0) text += fmt::format(" of {} files", grouped(result.members_imported));
        if (result.members_failed > 0) text += ", " + styled(fmt::format("{} files failed", grouped(result.members_failed)), Style::red, terminal.colour);
        if (result.rows_rejected > 0) {
            text += ", " + styled(grouped(result.rows_rejected) + " rejected", Style::yellow, terminal.colour);
        }
        if (result.rows_reported > 0) text += fmt::format(", {} set aside", grouped(result.rows_reported));
        return text + fmt::format(", {:.1f} s", result.seconds);
    }
    if (result.outcome == "accepted") return fmt::format("accepted {}: job {}", name, result.job_id);
    if (result.outcome == "duplicate") {
        return fmt::format("{} {}: already imported as dataset {}", styled("same", Style::cyan, terminal.colour), name, printable(result.dataset_id));
    }
    return fmt::format("{} {}: {}", styled(result.outcome, Style::red, terminal.colour), name, printable(result.error_message));
}

int import_status(const std::vector<Imported>& results) {
    std::vector<Outcome> outcomes;
    for (const auto& result : results) {
        if (result.status == exit_interrupted) return exit_interrupted;
        if (result.outcome != "skipped") outcomes.push_back({result.status, result.rows_rejected > 0});
    }
    return combined_status(outcomes);
}

}  // namespace millrace::cli
