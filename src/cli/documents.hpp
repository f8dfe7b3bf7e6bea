#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "formats/format.hpp"

/// Documents of this machine for the commands that need no server.
namespace millrace::cli {

/// A document of a file: the file itself, or one line of it.
struct TextDocument {
    std::string id;     ///< as the line says it, else "FILE:LINE"; of a whole file its path
    std::string label;  ///< what a line says it is about; mostly empty
    std::string text;
    std::optional<std::string> problem;  ///< why there is no text
};

/// Calls `take` for every document of a file, in order, until it answers false. JSON lines (`{"id", "text", "label"}`, by
/// the name, also a compressed one, or by how the file begins) give one each; any other file is one document. `source`: the
/// file as open_plain gives it. A line that cannot be read is a document with a problem.
void each_document(formats::Source& source, const std::string& path, const std::function<bool(TextDocument&&)>& take);

}  // namespace millrace::cli
