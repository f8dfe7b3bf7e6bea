#include <filesystem>
#include <fstream>

#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/interrupt.hpp"
#include "cli/reading.hpp"
#include "cli/terminal.hpp"
#include "llm/standin/standin.hpp"

namespace millrace::cli {
namespace {

/// Complete or not there: a reader waits for the file and trusts it.
void write_port(const std::string& path, int port) {
    const auto partial = path + ".partial";
    std::ofstream{partial} << port << '\n';
    std::filesystem::rename(partial, path);
}

}  // namespace

int run_llm_standin(const Arguments& arguments) {
    const Interrupt interrupt;
    llm::Standin::Options options{.listen = arguments.listen, .record = arguments.record};
    if (!arguments.script.empty()) options.script = llm::read_script(text_of_file(arguments.script));
    const llm::Standin standin{std::move(options)};
    if (!arguments.port_file.empty()) write_port(arguments.port_file, standin.port());
    put_note("a language model is played at " + standin.url() + " (Ctrl-C stops it)");
    interrupt.wait();
    return exit_ok;
}

}  // namespace millrace::cli
