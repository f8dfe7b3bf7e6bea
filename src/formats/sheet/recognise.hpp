#pragma once

#include <span>
#include <string>
#include <string_view>

#include "formats/format.hpp"

/// What can be told from the first bytes of a workbook, and from its name.
namespace millrace::formats::sheet {

/// The start of a file, as Format::recognise gets it.
std::string head_of(Source& source);

bool has_extension(std::string_view filename, std::span<const std::string_view> extensions);

bool is_zip(std::string_view head);
/// Does an entry whose name starts like this begin in the head of a zip?
bool has_entry(std::string_view head, std::string_view name);
/// The first entry of a zip, stored as it is, when its name is "mimetype"; else nothing.
std::string_view media_type_inside(std::string_view head);

constexpr std::string_view encrypted_package = "EncryptedPackage";  ///< holds a new workbook with a password

/// The container of the old Office formats, and of new ones with a password.
bool is_compound(std::string_view head);
/// Does a name of its directory stand in these bytes?
bool holds_name(std::string_view bytes, std::string_view name);
/// Throws the Error of a compound file that was taken for a zip.
[[noreturn]] void refuse_compound(Source& source);

/// `table` when there are more than that, else throws Error{invalid_parameter}.
std::size_t checked_table(std::size_t table, std::size_t tables);

}  // namespace millrace::formats::sheet
