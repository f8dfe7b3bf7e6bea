#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/sheet/rows.hpp"
#include "formats/sheet/value.hpp"
#include "formats/xls/detail/records.hpp"

namespace millrace::formats::xls {

struct SheetPart {
    std::string name;
    bool hidden = false;
    std::uint64_t offset = 0;  ///< of its first record
};

/// What stands before the sheets.
struct Workbook {
    std::vector<SheetPart> sheets;  ///< worksheets only
    std::string text;               ///< of the shared strings
    std::vector<std::uint32_t> ends;
    std::vector<sheet::Shown> styles;  ///< per cell format
    sheet::Epoch epoch = sheet::Epoch::from_1900;

    std::string_view string(std::size_t index) const {
        if (index >= ends.size()) damaged("a cell names a string that does not exist");
        const auto begin = index == 0 ? 0 : ends[index - 1];
        return std::string_view{text}.substr(begin, ends[index] - begin);
    }
};

/// Throws Error{malformed_file | encrypted_file | parser_limits | unsupported_format}.
Workbook read_workbook(Stream& stream);

/// The rows of a sheet; all arguments have to outlive it. Cells that do not stand in order are collected first.
std::unique_ptr<sheet::RowSource> read_rows(Stream& stream, const Workbook& workbook, const SheetPart& part);

}  // namespace millrace::formats::xls
