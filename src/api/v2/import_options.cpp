#include "api/v2/import_options.hpp"

#include <charconv>

#include "formats/overrides.hpp"

namespace millrace::api::v2 {
namespace {

BOOST_DEFINE_ENUM_CLASS(OnDuplicate, error, reuse, version)
BOOST_DEFINE_ENUM_CLASS(Tables, all, main)

struct ImportOptions {
    std::optional<json::object> dialect;
    std::optional<std::uint32_t> table;
    std::optional<Tables> tables;
    std::optional<OnDuplicate> on_duplicate;
};
BOOST_DESCRIBE_STRUCT(ImportOptions, (), (dialect, table, tables, on_duplicate))

[[noreturn]] void refuse(std::string_view name, const char* code, std::string detail) {
    Error error{Code::invalid_fields};
    error.issues.push_back({"/" + std::string{name}, code, std::move(detail)});
    throw error;
}

json::value value_of(std::string_view name, std::string_view text) {
    if (name == "tables") return json::value(text);
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

bool is_import_option(std::string_view name) { return name == "dialect" || name == "table" || name == "tables"; }

void set_import_option(json::object& input, std::string_view name, std::string_view text) {
    json::object given{{name, value_of(name, text)}};
    check_import_options(given, "");
    input.insert_or_assign(name, std::move(given.begin()->value()));
}

void check_import_url(Call& call, std::string_view url, const std::string& pointer, std::vector<Issue>& issues) {
    if (auto why = call.services.import_urls.refusal(url); !why.empty()) issues.push_back({pointer, "address_refused", std::move(why)});
}

void check_import_options(const json::object& input, const std::string& pointer) {
    ImportOptions options;
    Error error{Code::invalid_fields};
    read_json(json::value(input), options, error.issues, pointer, true);
    check(formats::Overrides{.dialect = std::move(options.dialect), .table = options.table}, error.issues, pointer);
    if (!error.issues.empty()) throw error;
}

}  // namespace millrace::api::v2
