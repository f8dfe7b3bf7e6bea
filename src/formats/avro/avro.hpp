#pragma once

#include "formats/format.hpp"

namespace millrace::formats::avro {

/// Object container files of Avro: the fields of their record are the columns, nested ones as JSON. Codecs null, deflate,
/// snappy and zstandard. A block is in memory as a whole, so this runs in a child process, see formats/sandbox.
const Format& format();

}  // namespace millrace::formats::avro
