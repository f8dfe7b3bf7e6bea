#pragma once

#include <memory>
#include <vector>

#include "formats/sheet/archive.hpp"
#include "formats/sheet/rows.hpp"
#include "formats/sheet/value.hpp"
#include "formats/xlsx/detail/shared_strings.hpp"

namespace millrace::formats::xlsx {

/// What cells refer to.
struct Context {
    SharedStrings strings;
    std::vector<sheet::Shown> styles;
    sheet::Epoch epoch = sheet::Epoch::from_1900;
};

/// The rows of a worksheet part. `bytes` and `context` have to outlive it.
std::unique_ptr<sheet::RowSource> read_rows(sheet::ByteStream& bytes, const Context& context);

}  // namespace millrace::formats::xlsx
