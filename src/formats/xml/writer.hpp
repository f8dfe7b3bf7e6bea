#pragma once

#include "formats/writer.hpp"

namespace millrace::formats::xml {

/// <table><row><name>value</name>...</row>...</table>. A column whose name is no name in XML gets one that is, and says its
/// own in the attribute `name`. A null is no element, an empty text an empty one. A text with characters that XML cannot
/// hold stands in base64, with the attribute encoding="base64".
const OutputFormat& output();

}  // namespace millrace::formats::xml
