#include <csignal>
#include <cstring>
#include <span>

#include "capture/child.hpp"
#include "cli/cli.hpp"
#include "cli/process.hpp"
#include "formats/sandbox/sandboxed.hpp"

int main(int argc, char** argv) {
    // A child that reads one file for another process of this program. Before anything else, so that it knows nothing.
    if (argc >= 2 && std::strcmp(argv[1], "sandbox") == 0) {
        millrace::formats::sandbox::run_child(std::span{argv, static_cast<std::size_t>(argc)}.subspan(2), millrace::formats::confined());
    }
    // The keeper of a browser.
    if (argc >= 2 && std::strcmp(argv[1], "browser") == 0) millrace::capture::run_child(std::span{argv, static_cast<std::size_t>(argc)}.subspan(2));
    // What the program makes is for its user alone: a data directory holds other people's files.
    millrace::cli::keep_private();
    // A reader that goes away is an error of that one write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    return millrace::cli::run(argc, argv);
}
