#include "api/templates.hpp"

#include <charconv>

#include "api/choices.hpp"
#include "api/download.hpp"
#include "mapping/ops.hpp"
#include "mapping/store.hpp"
#include "transform/operator.hpp"
#include "transform/spec.hpp"

namespace millrace::api {
namespace {

using mapping::Template;

constexpr std::size_t spec_bytes_max = 4u << 20;
constexpr std::size_t name_bytes_max = 255;

/// `template` as clients see it.
struct TemplateView {
    Uuid id;
    std::string name;
    std::string description;
    int version = 1;
    json::object spec;
    std::string sha256;
    std::string fingerprint;
    Uuid created_by;
    Instant created_at{};
    Instant updated_at{};
    json::object links;
};
BOOST_DESCRIBE_STRUCT(TemplateView, (), (id, name, description, version, spec, sha256, fingerprint, created_by, created_at, updated_at, links))

struct TemplateList {
    std::vector<TemplateView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(TemplateList, (), (items, next_cursor))

struct VersionList {
    std::vector<mapping::TemplateVersion> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(VersionList, (), (items, next_cursor))

struct VersionView {
    int version = 1;
    json::object spec;
};
BOOST_DESCRIBE_STRUCT(VersionView, (), (version, spec))

struct NewTemplate {
    std::string name;
    std::optional<std::string> description;
    json::object spec;
    std::optional<std::string> fingerprint;
    static std::array<std::string_view, 2> required() { return {"name", "spec"}; }
};
BOOST_DESCRIBE_STRUCT(NewTemplate, (), (name, description, spec, fingerprint))

struct ChangeTemplate {
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::optional<json::object> spec;
    std::optional<std::string> fingerprint;
};
BOOST_DESCRIBE_STRUCT(ChangeTemplate, (), (name, description, spec, fingerprint))

TemplateView view(const Template& t, const std::string& base) {
    const auto self = base + "/" + t.id.str();
    return {t.id, t.name, t.description, t.version, t.spec, t.sha256, t.fingerprint, t.owner, t.created_at, t.updated_at,
            {{"self", self}, {"versions", self + "/versions"}}};
}

http::Response shown(int status, const Template& t, const std::string& base) {
    auto response = http::Response::json(status, to_json(view(t, base)));
    response.etag = '"' + std::to_string(t.version) + '-' + t.sha256.substr(0, 16) + '"';
    return response;
}

Template find(Call& call) {
    auto found = call.services.mappings.get(call.id(), call.scope());
    if (!found) throw Error{Code::not_found};
    return std::move(*found);
}

/// Operators that nobody knows. All else about steps depends on the columns of the file.
void check_operators(const transform::Spec& spec, std::vector<Issue>& issues) {
    for (std::size_t i = 0; i < spec.fields.size(); ++i) {
        if (!spec.fields[i].steps) continue;
        for (std::size_t k = 0; k < spec.fields[i].steps->size(); ++k) {
            const auto* op = (*spec.fields[i].steps)[k].if_contains("op");
            if (!op || !op->is_string() || transform::find_operator(std::string_view{op->get_string()})) continue;
            const std::string name{std::string_view{op->get_string()}};
            issues.push_back({"/spec/fields/" + std::to_string(i) + "/steps/" + std::to_string(k) + "/op", "unknown_value",
                              "there is no operator \"" + name + "\"" + transform::suggest_operator(name)});
        }
    }
}

/// Throws Error{invalid_fields}; else the hash of the spec is set. Returns what a person accepts with it.
std::vector<mapping::Choice> check(Template& t) {
    Error error{Code::invalid_fields};
    std::vector<mapping::Choice> choices;
    const auto blank = t.name.find_first_not_of(" \t") == std::string::npos;
    if (blank || t.name.size() > name_bytes_max) error.issues.push_back({"/name", "invalid_value", "expected 1 to 255 bytes, not only blanks"});
    try {
        const auto spec = transform::parse_spec(json::serialize(t.spec));
        check_operators(spec, error.issues);
        t.sha256 = transform::content_hash(spec);
        choices = choices_of(spec);
    } catch (const Error& wrong) {
        for (auto issue : wrong.issues) {
            issue.pointer = "/spec" + issue.pointer;
            error.issues.push_back(std::move(issue));
        }
    }
    if (!error.issues.empty()) throw error;
    return choices;
}

/// Stores the template as the version after `before`, and remembers the choices when it is for the columns of a file.
void put(Call& call, const Template& t, int before, std::vector<mapping::Choice> choices) {
    ledger::Commit commit;
    commit.guard(mapping::TemplateIs{t.id, before});
    commit.add(mapping::PutTemplate{t});
    if (!t.fingerprint.empty() && !choices.empty()) {
        mapping::Learn learn;
        learn.owner = call.who.scope.user;
        learn.org = call.who.scope.org;
        learn.choices = std::move(choices);
        learn.at = t.updated_at;
        commit.add(std::move(learn));
    }
    if (!call.services.ledger.commit(std::move(commit))) throw Error{Code::conflict, {{"why", "the template was changed meanwhile; look at it again"}}};
}

http::Answer create(Call& call, NewTemplate body, const std::string& base) {
    Template t;
    t.id = Uuid::generate();
    t.owner = call.who.scope.user;
    t.org = call.who.scope.org;
    t.name = std::move(body.name);
    t.description = body.description.value_or("");
    t.spec = std::move(body.spec);
    t.fingerprint = body.fingerprint.value_or("");
    t.created_at = t.updated_at = call.services.clock.now();
    auto choices = check(t);
    put(call, t, 0, std::move(choices));
    auto response = shown(201, t, base);
    response.headers.set("Location", base + "/" + t.id.str());
    return response;
}

void require_match(const http::Request& request, const Template& t) {
    const auto match = request.headers.find("if-match");
    if (!match || *match == "*") return;
    if (!match->starts_with('"' + std::to_string(t.version) + '-')) throw Error{Code::precondition_failed};
}

http::Answer change(Call& call, ChangeTemplate body, const std::string& base) {
    auto t = find(call);
    require_match(call.request, t);
    const int before = t.version++;
    if (body.name) t.name = std::move(*body.name);
    if (body.description) t.description = std::move(*body.description);
    const bool is_new = body.spec.has_value();
    if (body.spec) t.spec = std::move(*body.spec);
    if (body.fingerprint) t.fingerprint = std::move(*body.fingerprint);
    t.updated_at = call.services.clock.now();
    auto choices = check(t);
    put(call, t, before, is_new ? std::move(choices) : std::vector<mapping::Choice>{});
    return shown(200, t, base);
}

http::Begun version(Call& call) {
    const auto t = find(call);
    const auto text = call.request.param("version");
    int number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto spec = problem == std::errc{} && end == text.data() + text.size() ? call.services.mappings.spec(t.id, number) : std::nullopt;
    if (!spec) throw Error{Code::not_found};
    return http::Response::json(200, to_json(VersionView{number, *spec}));
}

http::Begun remove(Call& call) {
    const auto t = find(call);
    call.services.ledger.commit(std::move(ledger::Commit{}.add(mapping::RemoveTemplate{t.id})));
    return http::Response::empty(204);
}

}  // namespace

void add_template_routes(Table& table, const std::string& base, const std::string& suffix, Unknown unknown) {
    const Reply not_found = reply_error(404, "No such template of yours");
    const Reply fields = reply_error(422, "Fields that are not valid, each with its pointer");
    const Reply one{200, "The template", json_schema<TemplateView>()};
    const json::value example(json::object{
        {"name", "Supplier prices"},
        {"spec", {{"spec", 1}, {"fields", json::array{json::object{{"target", "sku"}, {"from", json::array{"Art.-Nr."}}}}}}}});
    table.add("GET", base, http::Lane::reads,
              {.id = "listTemplates" + suffix, .summary = "Templates: mappings that are kept", .tag = "templates",
               .parameters = {query_filter(), query_sort(), query_limit(), query_cursor(), query_scope()},
               .replies = {{200, "One page", json_schema<TemplateList>()}, reply_error(400, "A parameter is not valid")}},
              [base](Call& call) -> http::Begun {
                  const auto page = call.services.mappings.list(call.scope(), list_request<mapping::ListRequest>(call, mapping::template_fields()));
                  TemplateList out;
                  for (const auto& t : page.items) out.items.push_back(view(t, base));
                  out.next_cursor = page.next_cursor;
                  return http::Response::json(200, to_json(out));
              });
    table.add("POST", base, http::Lane::commits,
              {.id = "createTemplate" + suffix, .summary = "Keep a mapping spec under a name", .tag = "templates",
               .body = Body{.schema = json_schema<NewTemplate>(), .example = example},
               .replies = {{201, "The template", json_schema<TemplateView>()}, fields}},
              [base, unknown](Call& call) {
                  return with_json<NewTemplate>(call, [base](Call& later, NewTemplate body) { return create(later, std::move(body), base); }, spec_bytes_max, unknown);
              });
    table.add("GET", base + "/{id}", http::Lane::reads,
              {.id = "getTemplate" + suffix, .summary = "One template", .tag = "templates", .parameters = {path_id("template"), query_scope()}, .replies = {one, not_found}},
              [base](Call& call) -> http::Begun { return shown(200, find(call), base); });
    for (const auto* method : {"PUT", "PATCH"}) {
        table.add(method, base + "/{id}", http::Lane::commits,
                  {.id = (method[1] == 'U' ? "putTemplate" : "changeTemplate") + suffix, .summary = "Change a template: what is given replaces what was there, as a new version", .tag = "templates",
                   .parameters = {path_id("template"), query_scope()}, .body = Body{.schema = json_schema<ChangeTemplate>()},
                   .replies = {one, not_found, reply_error(409, "It was changed meanwhile"), reply_error(412, "It is not as If-Match says"), fields}},
                  [base, unknown](Call& call) {
                      find(call);
                      return with_json<ChangeTemplate>(call, [base](Call& later, ChangeTemplate body) { return change(later, std::move(body), base); }, spec_bytes_max, unknown);
                  });
    }
    table.add("DELETE", base + "/{id}", http::Lane::commits,
              {.id = "removeTemplate" + suffix, .summary = "Remove a template with its versions", .tag = "templates", .parameters = {path_id("template"), query_scope()},
               .replies = {{204, "It is gone", nullptr}, not_found}},
              remove);
    table.add("GET", base + "/{id}/versions", http::Lane::reads,
              {.id = "listTemplateVersions" + suffix, .summary = "Its versions, newest first", .tag = "templates", .parameters = {path_id("template"), query_scope()},
               .replies = {{200, "All of them", json_schema<VersionList>()}, not_found}},
              [](Call& call) -> http::Begun { return http::Response::json(200, to_json(VersionList{call.services.mappings.versions(find(call).id), {}})); });
    table.add("GET", base + "/{id}/versions/{version}", http::Lane::reads,
              {.id = "getTemplateVersion" + suffix, .summary = "The spec of one version", .tag = "templates",
               .parameters = {path_id("template"), {.name = "version", .in = "path", .description = "Its number", .schema = json::object{{"type", "integer"}}, .required = true}, query_scope()},
               .replies = {{200, "The spec", json_schema<VersionView>()}, not_found}},
              version);
}

}  // namespace millrace::api
