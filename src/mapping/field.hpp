#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mapping/summary.hpp"

namespace millrace::mapping {

/// One column of a table, or one field of a schema: all that a matcher may know of it.
struct Field {
    std::string name;
    std::string title;
    std::string description;
    std::string type;    ///< declared: string, integer, number, boolean, date, datetime, time; empty: not declared
    std::string format;  ///< declared, e.g. "email", "uri"
    bool required = false;
    std::vector<std::string> enumeration;  ///< declared: the only values allowed
    std::optional<Summary> values;         ///< absent: a schema without rows
};

/// A source or a target.
struct Table {
    std::string name;
    std::vector<Field> fields;
};

}  // namespace millrace::mapping
