#include <fmt/format.h>
#include <unistd.h>

#include <map>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/failure.hpp"
#include "cli/reading.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"
#include "ontology/classifier.hpp"

namespace millrace::cli {
namespace {

constexpr std::uint64_t ontology_bytes_max = 64u << 20;

ontology::Ontology ontology_of(const std::string& path) {
    const auto source = open_source(path);
    if (source->size() > ontology_bytes_max) throw Error{Code::payload_too_large, {{"limit", std::to_string(ontology_bytes_max)}}};
    std::string text(source->size(), '\0');
    text.resize(source->read(0, text));
    return ontology::read_json(json::parse(text));
}

/// The files of the command line, each read as often as needed: standard input is kept.
class Files {
public:
    explicit Files(const std::vector<std::string>& paths) : paths_{paths} {}

    void each(const std::function<bool(TextDocument&&)>& take) {
        for (const auto& path : paths_) {
            auto& kept = kept_[path];
            auto source = kept ? std::move(kept) : open_plain(path).source;
            each_document(*source, path, take);
            if (path == "-") kept = std::move(source);
        }
    }

private:
    const std::vector<std::string>& paths_;
    std::map<std::string, std::unique_ptr<formats::Source>> kept_;
};

void learn_examples(ontology::Learner& learner, const std::string& path) {
    std::size_t taken = 0, left = 0;
    std::string first;
    each_document(*open_plain(path).source, path, [&](TextDocument&& document) {
        if (!document.problem && learner.example(document.text, document.label)) {
            ++taken;
            return true;
        }
        if (left++ == 0) first = document.problem ? document.id + ": " + *document.problem : document.id + ": \"" + document.label + "\" is not a concept that documents can be of";
        return true;
    });
    if (taken == 0) throw Error{Code::usage, {{"why", "no example of " + path + " names a concept of the ontology" + (first.empty() ? "" : " (" + first + ")")}}};
    if (left > 0) put_note(fmt::format("{} of {} examples left out; the first: {}", left, taken + left, printable(first)));
}

json::object row_of(const TextDocument& document, const ontology::Classification& result) {
    json::array candidates, terms;
    for (const auto& candidate : result.candidates) candidates.push_back(json::object{{"concept", candidate.concept_id}, {"confidence", candidate.confidence}});
    for (const auto& term : result.terms) terms.emplace_back(term);
    json::object row{{"id", document.id}, {"concept", nullptr}, {"confidence", result.confidence}};
    if (result.concept_id) row["concept"] = *result.concept_id;
    row["terms"] = std::move(terms);
    row["candidates"] = std::move(candidates);
    return row;
}

}  // namespace

int run_classify(const Arguments& arguments) {
    ontology::Learner learner{ontology_of(arguments.ontology)};
    if (!arguments.examples.empty()) learn_examples(learner, arguments.examples);
    Files files{arguments.files};
    if (!arguments.alone) {
        files.each([&](TextDocument&& document) {
            if (!document.problem) learner.observe(document.text);
            return !learner.full();
        });
    }
    const auto classifier = learner.train();

    const auto terminal = Terminal::of(STDOUT_FILENO, arguments.colour);
    Listing listing{format_from(arguments.output, arguments.json, arguments.quiet, terminal), terminal,
                    {{.name = "id"}, {.name = "concept"}, {.name = "confidence", .right = true}, {.name = "terms"}}, arguments.fields};
    std::size_t done = 0, failed = 0;
    files.each([&](TextDocument&& document) {
        if (document.problem) {
            ++failed;
            put(listing.add({{"id", document.id}, {"concept", nullptr}, {"error", *document.problem}}));
            if (!arguments.json) put_note(printable(document.id + ": " + *document.problem));
            return true;
        }
        ++done;
        put(listing.add(row_of(document, classifier.classify(document.text))));
        return true;
    });
    put(listing.end());
    if (failed == 0) return exit_ok;
    return done == 0 ? exit_failed : exit_partial;
}

}  // namespace millrace::cli
