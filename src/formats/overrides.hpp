#pragma once

#include "base/describe.hpp"
#include "formats/format.hpp"

namespace millrace::formats {

/// How a person wants a file to be read, where that differs from what is found out.
struct Overrides {
    std::optional<json::object> dialect;
    std::optional<std::uint32_t> table;  ///< from 1, the main one

    ReadOptions read_options() const { return {.table = table ? *table - 1 : 0, .dialect = dialect.value_or(json::object{})}; }
};
BOOST_DESCRIBE_STRUCT(Overrides, (), (dialect, table))

/// Adds what no format would take: unknown keys, values of another type, table 0. What only some formats take is judged
/// when the file is read, see `issue_of`.
void check(const Overrides& overrides, std::vector<Issue>& issues, const std::string& pointer = "");

/// What a format has refused (Error{invalid_parameter} of a key or of the table) as a problem of `overrides`, if it is one.
std::optional<Issue> issue_of(const Error& error, const Overrides& overrides, const std::string& pointer = "");

}  // namespace millrace::formats
