#include "formats/unpack/detail/recognise.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "formats/sheet/recognise.hpp"
#include "formats/unpack/archive.hpp"

namespace millrace::formats::unpack {
namespace {

constexpr std::size_t tar_block_bytes = 512;
constexpr std::size_t directory_bytes_max = 1 << 20;  ///< enough to meet what makes a zip a document: it stands first
constexpr std::string_view zip_entry = "PK\x03\x04", zip_directory = "PK\x01\x02", zip_end = "PK\x05\x06";
constexpr std::string_view seven_zip = "7z\xbc\xaf\x27\x1c";

std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

/// The checksum of the first header fits; text never does that.
bool is_tar(std::string_view head) {
    if (head.size() < tar_block_bytes || head[0] == '\0') return false;
    std::uint64_t want = 0;
    for (const char c : head.substr(148, 8)) {
        if (c >= '0' && c <= '7') want = want * 8 + static_cast<std::uint64_t>(c - '0');
        else if (c != ' ' && c != '\0') return false;
    }
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < tar_block_bytes; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(head[i]);
    return sum == want;
}

/// The start of the directory of a zip; nothing when it cannot be found.
std::optional<std::string> directory_of(Source& source) {
    constexpr std::size_t end_bytes = 22;
    std::string tail(std::min<std::uint64_t>(source.size(), end_bytes + 65'535), '\0');
    const auto tail_at = source.size() - tail.size();
    tail.resize(source.read(tail_at, tail));
    const auto end = tail.rfind(zip_end);
    if (end == tail.npos || tail.size() - end < end_bytes) return std::nullopt;
    const auto end_at = tail_at + end;
    const auto size = number(tail, end + 12, 4);
    const auto offset = number(tail, end + 16, 4);
    // What was written in front of a zip moves its directory, so its place is counted from the end; a large one (zip64) has
    // more between them.
    const auto at = offset == 0xffffffff || size == 0xffffffff || size > end_at ? offset : end_at - size;
    std::string directory(std::min<std::uint64_t>(size, directory_bytes_max), '\0');
    directory.resize(source.read(at, directory));
    return directory;
}

/// Calls `take` for the names in a directory, until it answers true; the answer.
template <class Take>
bool any_name(std::string_view directory, Take&& take) {
    constexpr std::size_t head_bytes = 46;
    while (directory.size() >= head_bytes && directory.starts_with(zip_directory)) {
        const auto name = number(directory, 28, 2);
        if (take(directory.substr(head_bytes, name))) return true;
        const auto size = head_bytes + name + number(directory, 30, 2) + number(directory, 32, 2);
        directory.remove_prefix(std::min<std::size_t>(size, directory.size()));
    }
    return false;
}

/// A zip that is a file of some program: a workbook, a text, a book.
bool is_document(Source& source, std::string_view head) {
    const auto directory = directory_of(source);
    if (directory && directory->starts_with(zip_directory)) {
        return any_name(*directory, [](std::string_view name) { return name == "[Content_Types].xml" || name == "mimetype"; });
    }
    return sheet::has_entry(head, "[Content_Types].xml") || sheet::has_entry(head, "xl/") || !sheet::media_type_inside(head).empty();
}

}  // namespace

bool is_empty_zip(Source& source) {
    constexpr std::size_t end_bytes = 22;
    const auto head = sheet::head_of(source);
    return head.starts_with(zip_end) && head.size() >= end_bytes && source.size() == end_bytes + number(head, 20, 2);
}

bool may_be_archive(std::string_view head) {
    return head.starts_with(zip_entry) || head.starts_with(zip_end) || head.starts_with(seven_zip) || is_tar(head);
}

std::string_view archive_kind(Source& source) {
    const auto head = sheet::head_of(source);
    if (head.starts_with(seven_zip)) return "7z";
    if (is_tar(head)) return "tar";
    if (head.starts_with(zip_end)) return "zip";
    if (head.starts_with(zip_entry) && !is_document(source, head)) return "zip";
    return {};
}

}  // namespace millrace::formats::unpack
