#include <fmt/format.h>
#include <unistd.h>

#include "base/describe.hpp"
#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/interrupt.hpp"
#include "cli/reading.hpp"
#include "cli/settings.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"
#include "mapping/llm_reviewer.hpp"
#include "mapping/proposal.hpp"
#include "mapping/schema.hpp"

namespace millrace::cli {
namespace {

mapping::Table read(const std::string& path, const Arguments& arguments) {
    const auto source = open_source(path);
    return mapping::read(*source, name_of(path), {.dialect = dialect_of(arguments)});
}

void show(const mapping::Proposal& proposal, const Arguments& arguments) {
    const auto terminal = Terminal::of(STDOUT_FILENO, arguments.colour);
    Listing listing{format_from(arguments.output, false, false, terminal), terminal,
                    {{.name = "source"}, {.name = "target"}, {.name = "confidence", .right = true}, {.name = "reason"}}};
    std::string text;
    for (const auto& entry : proposal.mapping) {
        text += listing.add({{"source", entry.source}, {"target", entry.target}, {"confidence", fmt::format("{:.2f}", entry.confidence)}, {"reason", entry.reason}});
    }
    put(text + listing.end());
    for (const auto& name : proposal.unmapped_source) put_note("left unmapped: " + printable(name));
}

/// Nothing is remembered of it: budgets hold for one call at a time, and every question is asked anew.
mapping::Proposal propose_with_llm(const mapping::Table& source, const mapping::Table& target, const Arguments& arguments) {
    const Interrupt interrupt;
    const SystemClock clock;
    llm::Client client{load_settings(arguments).settings.llm, {.clock = clock}};
    if (!client.settings().configured()) throw Error{Code::usage, {{"why", "--llm needs a language model: set llm.provider and llm.model (see docs/guide/llm.md)"}}};
    mapping::LlmReviewer reviewer{client, {}, interrupt.token()};
    auto proposal = mapping::propose(source, target, nullptr, {.reviewer = &reviewer});
    if (reviewer.asked() && !reviewer.answered()) put_note("the language model was not used, because " + printable(reviewer.why()));
    return proposal;
}

}  // namespace

int run_map(const Arguments& arguments) {
    if (arguments.files.size() != 2) throw Error{Code::usage, {{"why", "map needs SOURCE and TARGET, e.g. millrace map supplier.csv template.json"}}};
    if (arguments.files[0] == "-" && arguments.files[1] == "-") throw Error{Code::usage, {{"why", "only one of SOURCE and TARGET can be standard input"}}};
    const auto source = read(arguments.files[0], arguments);
    const auto target = read(arguments.files[1], arguments);
    const auto proposal = arguments.llm ? propose_with_llm(source, target, arguments) : mapping::propose(source, target);
    if (arguments.json) put(to_json(proposal) + '\n');
    else show(proposal, arguments);
    return exit_ok;
}

}  // namespace millrace::cli
