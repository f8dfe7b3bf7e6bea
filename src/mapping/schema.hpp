#pragma once

#include <optional>

#include "base/json.hpp"
#include "formats/format.hpp"
#include "mapping/field.hpp"

namespace millrace::mapping {

/// Reads a schema without rows: {"fields": [{name, title, type, description, enum, format, required, constraints}]},
/// which is also a Frictionless Table Schema, or a JSON Schema of an object (or of an array of objects) with
/// `properties`; nested objects become fields "address.city". Nothing when the value is neither.
/// Throws Error{malformed_file} when two fields have the same name.
std::optional<Table> read_schema(const json::value& value);

/// The columns of a table with a summary of their values: all rows, or the first `rows_max`.
Table read_table(formats::TableReader& reader, std::uint64_t rows_max = 1'000'000);

struct ReadOptions {
    std::size_t table = 0;  ///< which of the tables of the file
    json::object dialect;   ///< as of formats::ReadOptions
};

/// A schema, or a table of any format. Throws as formats::recognise and reading do, and as `read_schema`.
Table read(formats::Source& source, std::string_view filename, const ReadOptions& options = {});

}  // namespace millrace::mapping
