#include "api/v2/import_options.hpp"

#include <algorithm>
#include <charconv>

#include "formats/overrides.hpp"
#include "query/query.hpp"

namespace millrace::api::v2 {
namespace {

BOOST_DEFINE_ENUM_CLASS(OnDuplicate, error, reuse, version)
BOOST_DEFINE_ENUM_CLASS(Tables, all, main)
BOOST_DEFINE_ENUM_CLASS(Mode, replace, append, upsert)  // a version is never an import by itself
BOOST_DEFINE_ENUM_CLASS(Contract, evolve, freeze, discard_row, discard_value)

constexpr std::string_view names[] = {"dialect", "table", "tables", "version_of", "mode", "key", "contract"};
constexpr std::size_t key_columns_max = 16;

struct ImportOptions {
    std::optional<json::object> dialect;
    std::optional<std::uint32_t> table;
    std::optional<Tables> tables;
    std::optional<OnDuplicate> on_duplicate;
    std::optional<Uuid> version_of;
    std::optional<Mode> mode;
    std::optional<std::vector<std::string>> key;
    std::optional<Contract> contract;
};
BOOST_DESCRIBE_STRUCT(ImportOptions, (), (dialect, table, tables, on_duplicate, version_of, mode, key, contract))

/// Options that go together.
void check_together(const ImportOptions& options, std::vector<Issue>& issues, const std::string& pointer) {
    const auto problem = [&](const char* name, const char* code, const char* detail) { issues.push_back({pointer + name, code, detail}); };
    if (!options.version_of) {
        if (options.mode) problem("/mode", "not_applicable", "goes with version_of");
        if (options.key) problem("/key", "not_applicable", "goes with version_of");
        if (options.contract) problem("/contract", "not_applicable", "goes with version_of");
        return;
    }
    const bool upsert = options.mode == Mode::upsert;
    if (upsert && (!options.key || options.key->empty())) problem("/key", "required", "an upsert needs the columns of its key");
    if (!upsert && options.key && !options.key->empty()) problem("/key", "not_applicable", "goes with the mode upsert");
    if (options.key && options.key->size() > key_columns_max) problem("/key", "too_many_values", "at most 16 columns");
}

[[noreturn]] void refuse(std::string_view name, const char* code, std::string detail) {
    Error error{Code::invalid_fields};
    error.issues.push_back({"/" + std::string{name}, code, std::move(detail)});
    throw error;
}

json::value value_of(std::string_view name, std::string_view text) {
    if (name == "key") {
        json::array columns;
        for (auto& column : query::parse_names(text)) columns.emplace_back(std::move(column));
        return columns;
    }
    if (name != "table" && name != "dialect") return json::value(text);
    if (name == "table") {
        std::uint32_t number = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (problem != std::errc{} || end != text.data() + text.size()) refuse(name, "wrong_type", "expected a whole number from 1");
        return number;
    }
    try {
        return json::parse(text);
    } catch (const Error&) {
        refuse(name, "wrong_type", "expected an object as JSON text");
    }
}

}  // namespace

std::span<const std::string_view> import_options() { return names; }

bool is_import_option(std::string_view name) { return std::ranges::find(names, name) != std::end(names); }

namespace {

void read(const json::object& input, const std::string& pointer, ImportOptions& options) {
    Error error{Code::invalid_fields};
    read_json(json::value(input), options, error.issues, pointer, true);
    check(formats::Overrides{.dialect = options.dialect, .table = options.table}, error.issues, pointer);
    if (!error.issues.empty()) throw error;
}

}  // namespace

void set_import_option(json::object& input, std::string_view name, std::string_view text) {
    json::object given{{name, value_of(name, text)}};
    ImportOptions options;
    read(given, "", options);
    input.insert_or_assign(name, std::move(given.begin()->value()));
}

void check_import_url(Call& call, std::string_view url, const std::string& pointer, std::vector<Issue>& issues) {
    if (auto why = call.services.import_urls.refusal(url); !why.empty()) issues.push_back({pointer, "address_refused", std::move(why)});
}

void check_import_options(const Services& services, const Scope& scope, const json::object& input, const std::string& pointer) {
    ImportOptions options;
    read(input, pointer, options);
    Error error{Code::invalid_fields};
    check_together(options, error.issues, pointer);
    if (options.version_of && !services.datasets.get(*options.version_of, scope)) {
        error.issues.push_back({pointer + "/version_of", "unknown_value", "is not a dataset of yours"});
    }
    if (!error.issues.empty()) throw error;
}

}  // namespace millrace::api::v2
