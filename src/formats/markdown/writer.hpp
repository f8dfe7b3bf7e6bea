#pragma once

#include "formats/writer.hpp"

namespace millrace::formats::markdown {

/// A table as GitHub shows it. Line ends become <br>, and what Markdown or HTML would take for its own is escaped.
const OutputFormat& output();

}  // namespace millrace::formats::markdown
