#include "base/describe.hpp"
#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/reading.hpp"
#include "cli/terminal.hpp"
#include "documents/extracted.hpp"

namespace millrace::cli {

int run_extract(const Arguments& arguments) {
    documents::Extractor extractor;
    const documents::ExtractOptions options{.ocr = from_word<documents::Ocr>(arguments.mode).value_or(documents::Ocr::automatic)};
    std::vector<Outcome> outcomes;
    for (const auto& path : arguments.files) {
        try {
            const auto source = open_source(path);
            const auto extracted = documents::read_document(*source, path, extractor, options);
            put(arguments.json ? json::serialize(documents::to_json(extracted, path)) + '\n' : extracted.text() + '\n');
            if (!extracted.document.problem.empty()) put_note(printable(path) + ": " + printable(extracted.document.problem));
            outcomes.push_back({extracted.document.problem.empty() ? exit_ok : exit_partial});
        } catch (const Error& error) {
            if (arguments.files.size() == 1) throw;
            put_note(printable(path) + ": " + printable(error.message(language())));
            outcomes.push_back({exit_status(error.code())});
        }
    }
    return combined_status(outcomes);
}

}  // namespace millrace::cli
