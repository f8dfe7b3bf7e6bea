#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "cli/terminal.hpp"

namespace millrace::cli {

/// How lists are written to stdout.
enum class Format {
    table,  ///< aligned columns, cut to the width of the terminal
    tsv,    ///< tab separated, complete, for other programs
    csv,
    json,   ///< one object per line, complete
    ids,    ///< the first column only
};

/// What the options say: "table", "csv", "json" or "" (a table on a terminal, else tsv).
/// Throws Error{usage} for another word.
Format format_from(const std::string& output, bool json, bool quiet, const Terminal& out);

struct Column {
    std::string name;    ///< as in the JSON object; "a.b" looks inside
    bool right = false;  ///< numbers
    int width_min = 4;   ///< when the terminal is too narrow for all
};

/// Writes rows as they come where the format allows it; a table is aligned, so it waits for the end.
class Listing {
public:
    /// `fields` (of --fields) takes the place of the columns when not empty.
    Listing(Format format, Terminal terminal, std::vector<Column> columns, const std::vector<std::string>& fields = {});

    /// Appends one object. Answers text that can be written now.
    std::string add(const json::object& row);
    /// The rest.
    std::string end();

private:
    std::vector<std::string> cells(const json::object& row) const;
    std::string aligned();

    Format format_;
    Terminal terminal_;
    std::vector<Column> columns_;
    bool chosen_ = false;  ///< by --fields: JSON shows these only
    bool head_ = false;    ///< has been written
    std::vector<std::vector<std::string>> rows_;
};

/// A value for people: texts as they are, null as nothing, lists and objects as JSON.
std::string cell_text(const json::value& value);
/// The member at "a.b"; null when it is not there.
json::value member(const json::object& object, std::string_view path);

}  // namespace millrace::cli
