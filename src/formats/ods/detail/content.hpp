#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/format.hpp"
#include "formats/sheet/archive.hpp"
#include "formats/sheet/rows.hpp"

namespace millrace::formats::ods {

/// Lists the tables of a content part, in its order. With `visible`, not further than that many and one visible ones.
std::vector<TableInfo> list_tables(sheet::ByteStream& bytes, std::optional<std::size_t> visible = std::nullopt);

/// The rows of the table at that place in the part. `bytes` has to outlive it.
std::unique_ptr<sheet::RowSource> read_rows(sheet::ByteStream& bytes, std::size_t table);

}  // namespace millrace::formats::ods
