#include "formats/sheet/recognise.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"

namespace millrace::formats::sheet {
namespace {

constexpr std::string_view local_header = "PK\x03\x04";
constexpr std::size_t local_header_bytes = 30;

std::size_t u16(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]) | static_cast<std::size_t>(static_cast<unsigned char>(bytes[at + 1])) << 8;
}

std::string utf16(std::string_view text) {
    std::string wide;
    for (const char c : text) wide.append(1, c).append(1, '\0');
    return wide;
}

}  // namespace

std::string head_of(Source& source) {
    std::string head(64 * 1024, '\0');
    head.resize(source.read(0, head));
    return head;
}

bool has_extension(std::string_view filename, std::span<const std::string_view> extensions) {
    const auto dot = filename.rfind('.');
    if (dot == filename.npos) return false;
    const auto extension = filename.substr(dot + 1);
    return std::ranges::any_of(extensions, [&](std::string_view known) {
        return std::ranges::equal(known, extension, [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
    });
}

bool is_zip(std::string_view head) { return head.starts_with(local_header); }

bool has_entry(std::string_view head, std::string_view name) {
    for (auto at = head.find(local_header); at != head.npos; at = head.find(local_header, at + 1)) {
        if (head.size() - at < local_header_bytes) return false;
        if (u16(head, at + 26) >= name.size() && head.substr(at + local_header_bytes).starts_with(name)) return true;
    }
    return false;
}

std::string_view media_type_inside(std::string_view head) {
    constexpr std::string_view name = "mimetype";
    if (!is_zip(head) || head.size() < local_header_bytes + name.size() || u16(head, 26) != name.size() || u16(head, 8) != 0) return {};
    if (!head.substr(local_header_bytes).starts_with(name)) return {};
    const auto content = head.substr(std::min(head.size(), local_header_bytes + name.size() + u16(head, 28)));
    return content.substr(0, std::min(content.find("PK"), content.size()));
}

bool is_compound(std::string_view head) { return head.starts_with("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"); }

bool holds_name(std::string_view bytes, std::string_view name) { return bytes.find(utf16(name)) != bytes.npos; }

void refuse_compound(Source& source) {
    // The directory may stand anywhere; the names in it are what is looked for.
    std::string block(1 << 20, '\0');
    constexpr std::uint64_t overlap = 64;
    for (std::uint64_t at = 0; at < source.size(); at += block.size() - overlap) {
        const auto got = source.read(at, block);
        if (holds_name(std::string_view{block}.substr(0, got), encrypted_package)) throw Error{Code::encrypted_file};
        if (got < block.size()) break;
    }
    throw Error{Code::malformed_file, {{"why", "it is an old Office document under a new name"}}};
}

std::size_t checked_table(std::size_t table, std::size_t tables) {
    if (table >= tables) {
        throw Error{Code::invalid_parameter, {{"name", "table"}, {"why", "the file has " + std::to_string(tables) + " tables, counted from 0"}}};
    }
    return table;
}

}  // namespace millrace::formats::sheet
