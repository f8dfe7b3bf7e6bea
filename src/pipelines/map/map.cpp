#include "pipelines/map/map.hpp"

#include <fmt/format.h>

#include "base/describe.hpp"
#include "blobs/source.hpp"
#include "mapping/llm_reviewer.hpp"
#include "mapping/ops.hpp"
#include "mapping/proposal.hpp"
#include "mapping/schema.hpp"
#include "pipelines/kept.hpp"
#include "pipelines/map/spec.hpp"
#include "transform/spec.hpp"
#include "work/failpoint.hpp"

namespace millrace::pipelines::map {
namespace {

constexpr std::size_t candidates_max = 5;  ///< per source field, of those that the result shows

struct Input {
    Uuid input_file_id;
    Uuid reference_file_id;
    std::string provider = "heuristic";
};
BOOST_DESCRIBE_STRUCT(Input, (), (input_file_id, reference_file_id, provider))

struct Result {
    std::vector<mapping::Entry> mapping;
    std::vector<mapping::Candidate> candidates;
    std::vector<std::string> unmapped_source, unmapped_target;
    Uuid template_id;
    std::string provider_used = "heuristic";
    std::vector<std::string> warnings;
};
BOOST_DESCRIBE_STRUCT(Result, (), (mapping, candidates, unmapped_source, unmapped_target, template_id, provider_used, warnings))

/// A spec without fields cannot be run, but a person may fill it in.
std::string hash_of(const json::object& spec, bool empty) {
    return millrace::transform::content_hash(empty ? millrace::transform::Spec{} : millrace::transform::parse_spec(json::serialize(spec)));
}

class Map {
public:
    Map(const Tools& tools, jobs::Context& context)
        : tools_{tools}, context_{context}, job_{context.job()}, input_{parse_body<Input>(json::serialize(json::value(job_.input)), true)} {}

    void run() {
        const auto source_file = stored_file(tools_, job_, input_.input_file_id);
        const auto target_file = stored_file(tools_, job_, input_.reference_file_id);
        const auto source = read(source_file);
        context_.stage(20, "input_read");
        const auto target = read(target_file);
        context_.stage(40, "reference_read");
        work::failpoint("map.read");
        const auto memory = remembered(source);
        auto proposal = propose(source, target, memory);
        context_.stage(60, "mapped", fmt::format("{} of {} fields", proposal.mapping.size(), source.fields.size()));
        finish(std::move(proposal), source_file, target, target_file);
    }

private:
    mapping::Table read(const intake::File& file) {
        context_.check();
        blobs::AsSource<formats::Source> source{tools_.blobs.open(file.sha256)};
        return mapping::read(source, file.filename);
    }

    mapping::Memory remembered(const mapping::Table& source) {
        std::vector<std::string> names;
        for (const auto& field : source.fields) names.push_back(mapping::normal_name(field.name));
        return tools_.mappings.memory(job_.owner, job_.org, names);
    }

    /// With a language model when the job names the configured one. What becomes of that is a warning, never a failure.
    mapping::Proposal propose(const mapping::Table& source, const mapping::Table& target, const mapping::Memory& memory) {
        mapping::Options options{.candidates = candidates_max};
        if (input_.provider == provider_used_) return mapping::propose(source, target, &memory, options);
        const auto& settings = tools_.llm.settings();
        if (!settings.configured() || (input_.provider != word(settings.provider) && input_.provider != "llm")) {
            warnings_.push_back(fmt::format("the provider \"{}\" is not configured: the built-in matcher was used", input_.provider));
            return mapping::propose(source, target, &memory, options);
        }
        mapping::LlmReviewer reviewer{tools_.llm, {job_.id, job_.owner, job_.org}, context_.stop()};
        options.reviewer = &reviewer;
        try {
            auto proposal = mapping::propose(source, target, &memory, options);
            if (reviewer.answered()) provider_used_ = word(settings.provider);
            else if (reviewer.asked()) warnings_.push_back("the language model was not used, because " + reviewer.why() + ": the built-in matcher was");
            else context_.log(observe::Level::info, "nothing was uncertain: the language model was not asked");
            return proposal;
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) context_.check();
            throw;
        }
    }

    void finish(mapping::Proposal proposal, const intake::File& source, const mapping::Table& target, const intake::File& target_file) {
        mapping::Template kept;
        // Chosen before the job ends: a rerun makes the same one.
        kept.id = job_.template_id.value_or(Uuid::from_name(job_.id.str(), "template"));
        kept.owner = job_.owner;
        kept.org = job_.org;
        kept.name = fmt::format("{} -> {}", stem(source.filename), stem(target_file.filename)).substr(0, 255);
        kept.spec = spec_of(proposal, target);
        kept.sha256 = hash_of(kept.spec, proposal.mapping.empty());
        kept.fingerprint = proposal.fingerprint;
        kept.created_at = kept.updated_at = tools_.clock.now();

        Result result;
        result.provider_used = provider_used_;
        if (proposal.mapping.empty()) warnings_.push_back("no column fits a field well enough: the template has none yet; look at the candidates");
        result.warnings = std::move(warnings_);
        for (const auto& warning : result.warnings) context_.log(observe::Level::warn, warning);
        result.mapping = std::move(proposal.mapping);
        result.candidates = std::move(proposal.candidates);
        result.unmapped_source = std::move(proposal.unmapped_source);
        result.unmapped_target = std::move(proposal.unmapped_target);
        result.template_id = kept.id;

        jobs::Finish finish;
        finish.with.add(mapping::PutTemplate{std::move(kept)});
        finish.result = json::parse(to_json(result));
        context_.finish(std::move(finish));
    }

    const Tools& tools_;
    jobs::Context& context_;
    const jobs::Job& job_;
    const Input input_;
    std::string provider_used_ = "heuristic";
    std::vector<std::string> warnings_;
};

}  // namespace

jobs::Kind kind(const Tools& tools) {
    return {.name = "mapping", .type = jobs::Type::processing, .label = "Mapping", .attempts_max = 3,
            .run = [tools](jobs::Context& context) { Map{tools, context}.run(); }};
}

}  // namespace millrace::pipelines::map
