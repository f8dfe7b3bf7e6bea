#pragma once

#include <string>
#include <vector>

#include "formats/sheet/archive.hpp"
#include "formats/sheet/value.hpp"
#include "formats/sheet/xml.hpp"

namespace millrace::formats::xlsx {

struct SheetPart {
    std::string name;
    bool hidden = false;
    std::string part;  ///< name of its entry in the archive
};

/// What stands in the workbook part and its relations.
struct Workbook {
    std::vector<SheetPart> sheets;  ///< worksheets only, in the order of the workbook
    std::string shared_strings;     ///< names of entries; empty without one
    std::string styles;
    sheet::Epoch epoch = sheet::Epoch::from_1900;
};

/// Throws Error{malformed_file | unsupported_format}.
Workbook read_workbook(sheet::Archive& archive);

/// What each cell format (the index that cells name) shows.
std::vector<sheet::Shown> read_styles(sheet::ByteStream& bytes);

}  // namespace millrace::formats::xlsx
