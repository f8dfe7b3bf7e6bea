#include <boost/json/object.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>

#include "app/app.hpp"
#include "app/version.hpp"
#include "cli/commands.hpp"
#include "cli/follow.hpp"
#include "cli/importing.hpp"
#include "cli/interrupt.hpp"
#include "cli/settings.hpp"
#include "cli/table.hpp"

namespace millrace::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::uint16_t first_port = 8000;
constexpr std::uint16_t last_port = 8099;

bool is_free(std::uint16_t port) {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    // The server shares its port between threads (SO_REUSEPORT); listening tells a port that is merely bindable apart.
    const bool free = bound && ::listen(probe, 1) == 0;
    ::close(probe);
    return free;
}

/// 8000 or the next one that nobody has; 0 lets the system choose.
std::uint16_t free_port() {
    for (std::uint16_t port = first_port; port <= last_port; ++port) {
        if (is_free(port)) return port;
    }
    return 0;
}

fs::path own_path() {
    std::error_code error;
    return fs::read_symlink("/proc/self/exe", error);
}

/// --samples, or where the samples are beside a build or an installed program.
fs::path samples_directory(const std::string& given) {
    std::vector<fs::path> places;
    if (!given.empty()) places = {given};
    else {
        places.emplace_back("examples/samples");
        for (auto up = own_path().parent_path(); up.has_relative_path(); up = up.parent_path()) {
            places.push_back(up / "examples/samples");
            places.push_back(up / "share/millrace/samples");
        }
    }
    std::error_code error;
    for (const auto& place : places) {
        if (fs::is_directory(place, error)) return place;
    }
    throw Error{Code::usage, {{"why", given.empty() ? std::string{"The samples were not found; name them with --samples DIR"}
                                                    : "There is no directory " + given}}};
}

std::vector<std::string> files_of(const fs::path& directory) {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator{directory}) {
        const auto name = entry.path().filename().string();
        const bool about_them = name.ends_with(".md") || name.ends_with(".py") || name.starts_with('.');
        if (entry.is_regular_file() && !about_them) files.push_back(entry.path().string());
    }
    std::ranges::sort(files);
    if (files.empty()) throw Error{Code::usage, {{"why", "There are no files in " + directory.string()}}};
    return files;
}

/// How to call this program again from here.
std::string program() {
    std::error_code error;
    const auto relative = fs::relative(own_path(), fs::current_path(), error);
    if (error || relative.empty() || *relative.begin() == "..") return own_path().string();
    return relative.has_parent_path() ? relative.string() : "./" + relative.string();
}

std::string marks_text(const std::vector<int>& marks, bool utf8) {
    std::string text;
    for (const int mark : marks) text += (text.empty() ? "" : utf8 ? " → " : " > ") + std::to_string(mark);
    return text;
}

/// Files that were there before are a second visit, not a failure: fill in what is known of them.
void look_up_duplicates(std::vector<Imported>& results, Remote& remote) {
    for (auto& result : results) {
        if (result.outcome != "duplicate" || result.dataset_id.empty()) continue;
        const auto value = remote.get("/api/v2/datasets/" + result.dataset_id);
        if (!value.is_object()) continue;
        const auto& dataset = value.get_object();
        result.outcome = "already imported";
        result.status = exit_ok;
        result.rows_in = number_of(dataset, "rows_in");
        result.rows_out = number_of(dataset, "row_count");
        result.rows_rejected = number_of(dataset, "rows_rejected");
        result.rows_reported = number_of(dataset, "rows_reported");
    }
}

std::string url_of(const Imported& result, const Endpoint& endpoint) {
    return result.dataset_id.empty() ? "" : endpoint.url + "/api/v2/datasets/" + result.dataset_id;
}

void show_results(const std::vector<Imported>& results, const Endpoint& endpoint, const Terminal& out) {
    std::vector<Column> columns{{.name = "file", .width_min = 12}, {.name = "stages", .width_min = 8}, {"rows_in", true},
                                {"rows_out", true}, {"rejected", true}, {"set_aside", true}};
    // Addresses are for copying: on a terminal they stand below, where nothing cuts them.
    if (!out.live) columns.push_back({.name = "dataset"});
    Listing listing{out.live ? Format::table : Format::tsv, out, columns};
    for (const auto& result : results) {
        put(listing.add({{"file", fs::path{result.file}.filename().string()},
                         {"stages", result.outcome == "imported" ? marks_text(result.marks, out.utf8) : result.outcome},
                         {"rows_in", result.rows_in},
                         {"rows_out", result.rows_out},
                         {"rejected", result.rows_rejected},
                         {"set_aside", result.rows_reported},
                         {"dataset", url_of(result, endpoint)}}));
    }
    put(listing.end());
    if (!out.live) return;
    put("\n");
    for (const auto& result : results) {
        if (!result.dataset_id.empty()) put(url_of(result, endpoint) + "\n");
    }
}

void show_next(const Endpoint& endpoint, const std::vector<Imported>& results, const Terminal& err) {
    const auto self = program();
    std::string rows = endpoint.url + "/api/v2/datasets";
    for (const auto& result : results) {
        if (result.status == exit_ok && !result.dataset_id.empty()) {
            rows += "/" + result.dataset_id + "/rows?limit=3";
            break;
        }
    }
    put_note("\nThe server is at " + styled(endpoint.url, Style::cyan, err.colour) + ". Next:");
    put_note("  curl '" + rows + "'");
    put_note("  curl -T FILE " + endpoint.url + "/api/v2/imports/files/");
    put_note("  " + self + " jobs ls --server " + endpoint.url);
}

class LogFile {
public:
    explicit LogFile(const fs::path& path) : file_{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)} {
        if (file_ < 0) throw Error{Code::storage_failed, {{"why", path.string() + " cannot be written"}}};
    }
    ~LogFile() { ::close(file_); }
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    int descriptor() const { return file_; }

private:
    int file_;
};

int import_samples(const Arguments& arguments, const std::vector<std::string>& files, const Endpoint& endpoint,
                   const Interrupt& interrupt) {
    const auto err = Terminal::of(STDERR_FILENO, arguments.colour);
    std::vector<Imported> results;
    {
        Progress progress{progress_mode(arguments.progress, err), err, put_error};
        results = import_files(files, {.parallel = 2}, endpoint, interrupt.token(), progress,
                               [&](Imported result) {
                                   result.file = fs::path{result.file}.filename().string();
                                   return import_line(result, err);
                               });
    }
    if (interrupt.requested()) return exit_interrupted;
    Remote remote{endpoint, interrupt.token()};
    look_up_duplicates(results, remote);
    put_note("");
    show_results(results, endpoint, Terminal::of(STDOUT_FILENO, arguments.colour));
    show_next(endpoint, results, err);
    const bool well = std::ranges::all_of(results, [](const Imported& r) { return r.status == exit_ok; });
    return well ? exit_ok : exit_failed;
}

}  // namespace

int run_demo(const Arguments& arguments) {
    std::atomic<app::App*> running = nullptr;
    const Interrupt interrupt{[&] {
        if (auto* app = running.load()) app->stop_at_once();
    }};
    const auto files = files_of(samples_directory(arguments.samples));
    auto loaded = load_settings(arguments);
    auto settings = std::move(loaded.settings);
    settings.accounts.dev = true;
    if (!is_given(loaded, "http.listen")) settings.http.listen = {fmt::format("127.0.0.1:{}", free_port())};

    const auto err = Terminal::of(STDERR_FILENO, arguments.colour);
    fs::create_directories(settings.data_dir);
    const auto log_path = fs::path{settings.data_dir} / "demo.log";
    const LogFile log_file{log_path};
    observe::DescriptorSink sink{log_file.descriptor()};
    const SystemClock clock;
    put_note(styled("millrace " + std::string{app::version()}, Style::bold, err.colour) +
             fmt::format(": data in {}, log in {}, {} sample files\n", settings.data_dir, log_path.string(), files.size()));

    app::App app{std::move(settings), app::Role::all, observe::Log{sink, clock, loaded.settings.log.level}};
    running = &app;
    const int status = import_samples(arguments, files, {app.url(), ""}, interrupt);
    if (!arguments.once && !interrupt.requested()) {
        put_note("\nIt stays up until Ctrl-C.");
        interrupt.wait();
        put_note("stopping");
    }
    app.stop();
    running = nullptr;
    return status == exit_interrupted && !arguments.once ? exit_ok : status;
}

}  // namespace millrace::cli
