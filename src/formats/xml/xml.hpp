#pragma once

#include "formats/format.hpp"

namespace millrace::formats::xml {

/// XML whose rows are the elements that repeat most often within one parent; the document itself where none does.
///
/// `ReadOptions::dialect` may fix:
///   "row"       path of the element that is a row, "orders/order", or its end, "order"
///   "encoding"  as for delimited text; without it what the document declares, else UTF-8
///
/// `open` reads the source once to learn its elements and throws Error{malformed_file} with "line" and "offset" when it
/// is not well-formed, nests deeper than 256 or has a document type declaration (nothing is ever expanded or fetched),
/// Error{line_too_long | too_many_columns | invalid_parameter}.
const Format& format();

}  // namespace millrace::formats::xml
