#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/hash.hpp"
#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/follow.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"

namespace millrace::cli {
namespace {

/// Fetches a file of the server and holds it against the hash that the job has told.
void download(Remote& remote, const json::object& file, const std::string& path) {
    OutFile out{path};
    Sha256 hash;
    http::ClientRequest request;
    request.on_body = [&](std::string_view block) {
        hash.update(block);
        out.write(block);
        return true;
    };
    const auto response = remote.send(std::move(request), "/api/v2/files/" + text_of(file, "file_id") + "/content");
    if (response.status >= 400) throw Remote::error_of(response);
    if (to_hex(hash.finish()) != text_of(file, "sha256")) throw Error{Code::checksum_mismatch};
    out.sync();
    out.finish();
}

/// Where a file goes: as asked, one of several with the number that the server has given it.
std::string path_of(const std::string& asked, const json::object& file, std::size_t number, std::size_t count) {
    // The name comes from elsewhere: only its last segment counts.
    if (asked.empty()) return std::filesystem::path{text_of(file, "filename")}.filename().string();
    if (count == 1 || asked == "-") return asked;
    const std::filesystem::path path{asked};
    auto name = path.filename().string();
    name.insert(std::min(name.find('.', 1), name.size()), fmt::format("-{:04}", number));
    return (path.parent_path() / name).string();
}

}  // namespace

int run_export(const Arguments& arguments) {
    const Interrupt interrupt;
    auto options = output_options(arguments.out, arguments);
    if (!options.contains("format")) throw Error{Code::usage, {{"why", "say what to write: --to FORMAT, or -o FILE with an extension"}}};
    Remote remote{find_server(arguments), interrupt.token()};
    const auto terminal = Terminal::of(STDERR_FILENO, arguments.colour);
    const auto& id = arguments.ids.front();

    const auto accepted = remote.post("/api/v2/datasets/" + http::encode_segment(id) + "/exports", json::value(std::move(options)));
    const auto job_id = accepted.is_object() ? text_of(accepted.get_object(), "job_id") : "";
    json::object job;
    {
        Progress progress{progress_mode(arguments.progress, terminal), terminal, put_error};
        const auto bar = progress.begin(id, 0);
        job = follow_job(remote, job_id, std::nullopt, std::nullopt, [&](const json::object& seen) {
            progress.stage(bar, stage_of(seen), static_cast<int>(number_of(seen, "progress")));
        });
    }
    if (text_of(job, "state") != "completed") {
        throw Error::with_text(code_from(text_of(job, "error_code")), text_of(job, "error_message"));
    }
    const auto result = remote.get("/api/v2/jobs/" + job_id + "/result").as_object();
    const auto& files = result.at("files").as_array();
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto& file = files[i].as_object();
        const auto path = path_of(arguments.out, file, i + 1, files.size());
        download(remote, file, path);
        if (path != "-" && !arguments.json) put_note(fmt::format("{}: {} rows, {} bytes", printable(path), grouped(number_of(file, "rows")), grouped(number_of(file, "bytes"))));
    }
    if (arguments.json && arguments.out != "-") put(json::serialize(result.at("manifest")) + '\n');
    return exit_ok;
}

}  // namespace millrace::cli
