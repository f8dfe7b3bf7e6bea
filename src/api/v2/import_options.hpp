#pragma once

#include <optional>
#include <string_view>

#include "api/table.hpp"
#include "base/json.hpp"

/// What an import can be told beside its bytes: `dialect`, `table` and `tables`, members of the job's input.
namespace millrace::api::v2 {

/// Is it one of them?
bool is_import_option(std::string_view name);

/// Sets an option given as text, by a form field or a query parameter. Throws Error{invalid_fields}.
void set_import_option(json::object& input, std::string_view name, std::string_view text);

/// What is wrong with the address of a file to be fetched, at `pointer`. A courtesy: what counts is judged when it is fetched.
void check_import_url(Call& call, std::string_view url, const std::string& pointer, std::vector<Issue>& issues);

/// Throws Error{invalid_fields} with everything that is wrong with the options in `input`, below `pointer`.
void check_import_options(const json::object& input, const std::string& pointer);

}  // namespace millrace::api::v2
