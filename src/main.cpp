#include <csignal>

#include "cli/cli.hpp"
#include "cli/process.hpp"

int main(int argc, char** argv) {
    // What the program makes is for its user alone: a data directory holds other people's files.
    millrace::cli::keep_private();
    // A reader that goes away is an error of that one write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    return millrace::cli::run(argc, argv);
}
