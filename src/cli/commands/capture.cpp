#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

#include "capture/capture.hpp"
#include "cli/commands.hpp"
#include "cli/console_log.hpp"
#include "cli/failure.hpp"
#include "cli/interrupt.hpp"
#include "cli/settings.hpp"
#include "cli/terminal.hpp"

namespace millrace::cli {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> urls_of(const Arguments& arguments) {
    auto urls = arguments.files;
    if (arguments.list.empty()) return urls;
    std::ifstream file;
    if (arguments.list != "-") file.open(arguments.list);
    if (!file) throw Error{Code::usage, {{"why", arguments.list + " cannot be read"}}};
    auto& lines = arguments.list == "-" ? std::cin : file;
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty()) urls.push_back(std::move(line));
    }
    return urls;
}

std::vector<capture::Artefact> artefacts_of(const Arguments& arguments) {
    if (arguments.artefacts.empty()) return capture::Request{}.artefacts;
    std::vector<capture::Artefact> artefacts;
    for (const auto& name : arguments.artefacts) {
        const auto artefact = from_word<capture::Artefact>(name);
        if (!artefact) throw Error{Code::usage, {{"why", "there is no artefact " + name + "; known: html, text, screenshot, mhtml, pdf"}}};
        artefacts.push_back(*artefact);
    }
    return artefacts;
}

/// Names of files, by the host of their page; the second page of a host is "host-2".
class Names {
public:
    explicit Names(const std::string& directory) : directory_{directory.empty() ? "." : directory} { fs::create_directories(directory_); }

    std::string next(const std::string& url) {
        const auto endpoint = http::read_endpoint(url);
        const std::string host = endpoint ? endpoint->host : "page";
        auto name = host;
        for (int i = 2; !taken_.insert(name).second; ++i) name = fmt::format("{}-{}", host, i);
        return (directory_ / name).string();
    }

private:
    const fs::path directory_;
    std::set<std::string> taken_;
};

void write(const std::string& path, std::string_view content) {
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    if (!file.write(content.data(), static_cast<std::streamsize>(content.size())).flush()) throw Error{Code::storage_failed, {{"why", path + " cannot be written"}}};
}

void show(const capture::Report& report, const std::string& name) {
    put_note(fmt::format("{}: {} ({} ms)", printable(report.final_url), printable(report.title), report.ms.total));
    for (const auto& made : report.artefacts) {
        if (made.error_code.empty()) put_note(fmt::format("  {}.{}: {} bytes", printable(name), extension(made.artefact), made.bytes));
        else put_note(fmt::format("  no {}: {}", word(made.artefact), printable(made.error)));
    }
    for (const auto& blocked : report.blocked) put_note(fmt::format("  not let through to {}: {}", printable(blocked.host), printable(blocked.why)));
    if (report.is_cut) put_note(fmt::format("  the screenshot ends before the page, which is {} pixels high", report.height));
    if (report.is_restless) put_note("  the page did not come to rest");
}

}  // namespace

int run_capture(const Arguments& arguments) {
    Interrupt interrupt;
    const auto urls = urls_of(arguments);
    if (urls.empty()) throw Error{Code::usage, {{"why", "capture needs a URL, e.g. millrace capture https://example.com/"}}};
    const auto settings = load_settings(arguments).settings;
    const SystemClock clock;
    const auto sink = console_sink(Terminal::of(STDERR_FILENO, arguments.colour));
    capture::Capturer capturer{settings.capture, http::AddressPolicy{settings.import.allow_private}, observe::Log{*sink, clock, observe::Level::warn}};
    Names names{arguments.out};
    const auto artefacts = artefacts_of(arguments);
    std::size_t failed = 0;
    for (const auto& url : urls) {
        const auto name = names.next(url);
        try {
            const auto report = capturer.capture({.url = url, .artefacts = artefacts, .stop = interrupt.token(), .on_artefact = [&](capture::Artefact artefact, std::string_view content) {
                write(fmt::format("{}.{}", name, extension(artefact)), content);
            }});
            write(name + ".json", to_json(report) + '\n');
            if (arguments.json) put(to_json(report) + '\n');
            else show(report, name);
        } catch (const Error& error) {
            if (urls.size() == 1 || error.code() == Code::interrupted || error.code() == Code::browser_missing || error.code() == Code::browser_unconfined) throw;
            ++failed;
            if (arguments.json) put(json::serialize(json::object{{"url", url}, {"error_code", to_string(error.code())}, {"error_message", error.message(language())}}) + '\n');
            else put_note(printable(url) + ": " + printable(error.message(language())));
        }
    }
    return failed == 0 ? exit_ok : failed == urls.size() ? exit_failed : exit_partial;
}

}  // namespace millrace::cli
