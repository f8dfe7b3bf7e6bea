#pragma once

#include "formats/writer.hpp"

namespace millrace::formats::xlsx {

/// A workbook, a sheet per 1,048,575 rows, each with the headings. Numbers of up to 15 digits are numbers, longer ones text;
/// dates from 1900-03-01 on and times of at most milliseconds are dates of Excel, others ISO 8601 as text. Texts are
/// texts, never formulas. A cell holds 32,767 characters: what is cut is counted, as is an empty text, which becomes an
/// empty cell. Throws Error{too_many_columns} above 16,384.
const OutputFormat& output();

}  // namespace millrace::formats::xlsx
