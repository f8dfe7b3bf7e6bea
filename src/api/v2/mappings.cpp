#include "api/choices.hpp"
#include "api/v2/routes.hpp"
#include "mapping/proposal.hpp"
#include "mapping/store.hpp"

// What is remembered of accepted mappings: the next file with such names is mapped by it.
namespace millrace::api::v2 {
namespace {

constexpr std::size_t body_bytes_max = 1u << 20;
constexpr std::size_t choices_max = 1000;
constexpr std::size_t name_bytes_max = 1000;

struct Accepted {
    std::string source;
    std::optional<std::string> target;  ///< absent: the column goes nowhere
    static std::array<std::string_view, 1> required() { return {"source"}; }
};
BOOST_DESCRIBE_STRUCT(Accepted, (), (source, target))

struct Acceptance {
    std::optional<Uuid> template_id;
    std::vector<Accepted> choices;
};
BOOST_DESCRIBE_STRUCT(Acceptance, (), (template_id, choices))

struct Learnt {
    std::int64_t learnt = 0;
};
BOOST_DESCRIBE_STRUCT(Learnt, (), (learnt))

struct RememberedView {
    std::string source;
    std::optional<std::string> target;
    std::uint64_t times = 1;
};
BOOST_DESCRIBE_STRUCT(RememberedView, (), (source, target, times))

struct RememberedList {
    std::vector<RememberedView> items;
};
BOOST_DESCRIBE_STRUCT(RememberedList, (), (items))

void check(const Acceptance& body) {
    Error error{Code::invalid_fields};
    if (!body.template_id && body.choices.empty()) error.issues.push_back({"/choices", "required", "expected choices, a template_id, or both"});
    if (body.choices.size() > choices_max) error.issues.push_back({"/choices", "out_of_range", "expected at most 1000"});
    for (std::size_t i = 0; i < std::min(body.choices.size(), choices_max); ++i) {
        const auto at = "/choices/" + std::to_string(i);
        const auto& choice = body.choices[i];
        if (mapping::normal_name(choice.source).empty() || choice.source.size() > name_bytes_max) {
            error.issues.push_back({at + "/source", "invalid_value", "expected a name with a letter or a digit, at most 1000 bytes"});
        }
        if (choice.target && (choice.target->empty() || choice.target->size() > name_bytes_max)) {
            error.issues.push_back({at + "/target", "invalid_value", "expected 1 to 1000 bytes, or null"});
        }
    }
    if (!error.issues.empty()) throw error;
}

/// Of the template, but what is said of a column counts more.
std::vector<mapping::Choice> choices_of(Call& call, const Acceptance& body) {
    std::vector<mapping::Choice> choices;
    if (body.template_id) {
        const auto found = call.services.mappings.get(*body.template_id, call.who.scope);
        if (!found) throw Error{Code::not_found};
        if (found->spec.contains("fields") && !found->spec.at("fields").as_array().empty()) {
            choices = api::choices_of(transform::parse_spec(json::serialize(found->spec)));
        }
    }
    for (const auto& said : body.choices) {
        auto name = mapping::normal_name(said.source);
        std::erase_if(choices, [&](const mapping::Choice& choice) { return choice.source == name; });
        choices.push_back({std::move(name), said.target.value_or("")});
    }
    return choices;
}

http::Answer accept(Call& call, const Acceptance& body) {
    check(body);
    mapping::Learn learn;
    learn.owner = call.who.scope.user;
    learn.org = call.who.scope.org;
    learn.choices = choices_of(call, body);
    learn.at = call.services.clock.now();
    const Learnt learnt{static_cast<std::int64_t>(learn.choices.size())};
    if (!learn.choices.empty()) call.services.ledger.commit(std::move(ledger::Commit{}.add(std::move(learn))));
    return http::Response::json(200, to_json(learnt));
}

http::Begun remembered(Call& call) {
    const auto name = mapping::normal_name(call.request.query_value("source").value_or(""));
    if (name.empty()) throw Error{Code::invalid_parameter, {{"name", "source"}, {"why", "expected the name of a column"}}};
    RememberedList out;
    const auto memory = call.services.mappings.memory(call.who.scope.user, call.who.scope.org, {name});
    for (const auto& [known, choices] : memory.choices) {
        for (const auto& choice : choices) {
            RememberedView view{.source = known, .times = choice.times};
            if (!choice.target.empty()) view.target = choice.target;
            out.items.push_back(std::move(view));
        }
    }
    return http::Response::json(200, to_json(out));
}

}  // namespace

void add_mappings(Table& table) {
    const json::value example(json::object{{"choices", json::array{json::object{{"source", "Art.-Nr."}, {"target", "sku"}}, json::object{{"source", "intern"}, {"target", nullptr}}}}});
    table.add("POST", "/api/v2/mappings", http::Lane::commits,
              {.id = "acceptMapping", .summary = "Remember what a person has accepted: the next file with such columns is mapped so", .tag = "templates",
               .body = Body{.schema = json_schema<Acceptance>(), .example = example},
               .replies = {{200, "How many columns it was", json_schema<Learnt>()}, reply_error(404, "No such template of yours"),
                           reply_error(422, "Fields that are not valid, each with its pointer")}},
              [](Call& call) {
                  return with_json<Acceptance>(call, [](Call& later, Acceptance body) { return accept(later, body); }, body_bytes_max, Unknown::refused);
              });
    table.add("GET", "/api/v2/mappings", http::Lane::reads,
              {.id = "listMappings", .summary = "What is remembered of a column of this name: of you, then of your organisation, then of anybody", .tag = "templates",
               .parameters = {{.name = "source", .in = "query", .description = "Name of the column", .required = true}},
               .replies = {{200, "What counts most first", json_schema<RememberedList>()}, reply_error(400, "A parameter is not valid")}},
              remembered);
}

}  // namespace millrace::api::v2
