#pragma once

#include <span>
#include <string_view>

#include "api/table.hpp"

/// What an import can be told beside its bytes, members of the job's input: how to read them (`dialect`, `table`, `tables`), and
/// which dataset they are the next version of (`version_of`, `mode`, `key`, `contract`).
namespace millrace::api::v2 {

std::span<const std::string_view> import_options();

/// Is it one of them?
bool is_import_option(std::string_view name);

/// Sets an option given as text, by a form field or a query parameter; the columns of `key` stand between commas.
/// Throws Error{invalid_fields}.
void set_import_option(json::object& input, std::string_view name, std::string_view text);

/// What is wrong with the address of a file to be fetched, at `pointer`. A courtesy: what counts is judged when it is fetched.
void check_import_url(Call& call, std::string_view url, const std::string& pointer, std::vector<Issue>& issues);

/// Throws Error{invalid_fields} with what is wrong with the options in `input`, below `pointer`, also taken together.
void check_import_options(const Services& services, const Scope& scope, const json::object& input, const std::string& pointer);

}  // namespace millrace::api::v2
