#include "formats/xls/detail/compound.hpp"

#include <algorithm>

#include "formats/xls/detail/bytes.hpp"

namespace millrace::formats::xls {
namespace {

constexpr std::size_t header_bytes = 512;
constexpr std::size_t entry_bytes = 128;
constexpr std::size_t entries_max = 100'000;
constexpr std::uint32_t small_sector_bytes = 64;
constexpr std::uint32_t last_sector = 0xfffffffa;  ///< numbers above this have another meaning
constexpr std::uint64_t file_bytes_max = 4ull << 30;
constexpr std::uint8_t type_stream = 2, type_root = 5;

}  // namespace

void Stream::read(std::uint64_t offset, std::span<char> into) {
    if (offset > size_ || size_ - offset < into.size()) damaged("a record goes beyond its stream");
    while (!into.empty()) {
        const auto piece = static_cast<std::size_t>(offset / piece_bytes_);
        const auto inside = offset % piece_bytes_;
        auto length = piece_bytes_ - inside;
        // Pieces that lie behind each other are read at once.
        for (auto next = piece + 1; next < pieces_.size() && pieces_[next] == pieces_[next - 1] + piece_bytes_ && length < into.size(); ++next) {
            length += piece_bytes_;
        }
        const auto part = into.first(std::min<std::size_t>(into.size(), length));
        if (piece >= pieces_.size() || source_.read(pieces_[piece] + inside, part) != part.size()) damaged("the file is cut off");
        into = into.subspan(part.size());
        offset += part.size();
    }
}

Compound::Compound(Source& source) : source_{source} {
    std::string header(header_bytes, '\0');
    header.resize(source.read(0, header));
    if (header.size() < header_bytes || !header.starts_with("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) damaged("it has no head");
    if (source.size() > file_bytes_max) throw Error{Code::parser_limits, {{"format", "xls"}, {"why", "more than 4 GiB"}}};
    const auto shift = u16(header, 30);
    if (shift != 9 && shift != 12) damaged("its sectors have no valid size");
    sector_bytes_ = 1u << shift;
    small_bytes_max_ = std::min<std::uint32_t>(u32(header, 56), 1 << 20);
    read_table(header);
    read_directory(u32(header, 48));
    for (const auto sector : chain(table_, u32(header, 60), table_.size())) {
        const auto bytes = read_sector(sector);
        for (std::size_t i = 0; i < sector_bytes_; i += 4) small_table_.push_back(u32({bytes.data(), bytes.size()}, i));
    }
}

std::vector<char> Compound::read_sector(std::uint32_t sector) const {
    std::vector<char> bytes(sector_bytes_);
    if (source_.read(place_of(sector), bytes) != bytes.size()) damaged("the file is cut off");
    return bytes;
}

/// The table of sectors lies in sectors of its own, listed in the head and, for large files, in further sectors.
void Compound::read_table(std::string_view header) {
    constexpr std::size_t in_head = 109;
    const auto sectors = source_.size() / sector_bytes_ + 1;
    const auto wanted = u32(header, 44);
    std::vector<std::uint32_t> list;
    for (std::size_t i = 0; i < in_head; ++i) list.push_back(u32(header, 76 + 4 * i));
    auto next = u32(header, 68);
    for (std::uint64_t n = 0; next <= last_sector && n < sectors; ++n) {
        const auto bytes = read_sector(next);
        const std::string_view text{bytes.data(), bytes.size()};
        for (std::size_t i = 0; i + 4 < sector_bytes_; i += 4) list.push_back(u32(text, i));
        next = u32(text, sector_bytes_ - 4);
        if (list.size() > wanted) break;
    }
    list.resize(std::min<std::size_t>(list.size(), wanted));
    for (const auto sector : list) {
        if (sector > last_sector) continue;
        if (table_.size() >= sectors) break;  // sectors of the table beyond the file say nothing
        const auto bytes = read_sector(sector);
        for (std::size_t i = 0; i < sector_bytes_; i += 4) table_.push_back(u32({bytes.data(), bytes.size()}, i));
    }
}

std::vector<std::uint32_t> Compound::chain(const std::vector<std::uint32_t>& table, std::uint32_t first, std::uint64_t sectors_max) const {
    std::vector<std::uint32_t> sectors;
    std::vector<bool> seen(table.size());
    for (auto sector = first; sector <= last_sector && sectors.size() < sectors_max; sector = table[sector]) {
        if (sector >= table.size() || seen[sector]) damaged("its sectors run in a circle or out of the file");
        seen[sector] = true;
        sectors.push_back(sector);
    }
    return sectors;
}

void Compound::read_directory(std::uint32_t first) {
    for (const auto sector : chain(table_, first, table_.size())) {
        const auto bytes = read_sector(sector);
        for (std::size_t at = 0; at < sector_bytes_; at += entry_bytes) {
            const auto entry = std::string_view{bytes.data(), bytes.size()}.substr(at, entry_bytes);
            const auto length = std::min<std::size_t>(u16(entry, 64), 64);
            std::string name;
            auto characters = entry.substr(0, 64);
            if (length >= 2) take_characters(name, characters, length / 2 - 1, true);
            // Only the lower half of a size is sure to be written by old programs.
            entries_.push_back({std::move(name), u8(entry, 66), u32(entry, 116), u32(entry, 120)});
            if (entries_.size() > entries_max) damaged("its directory is too large");
        }
    }
    if (entries_.empty() || entries_[0].type != type_root) damaged("it has no directory");
}

const Compound::Entry* Compound::find(std::string_view name) const {
    const auto found = std::ranges::find_if(entries_, [&](const Entry& e) { return e.type == type_stream && e.name == name; });
    return found == entries_.end() ? nullptr : &*found;
}

std::optional<Stream> Compound::open(std::string_view name) const {
    const auto* entry = find(name);
    if (entry == nullptr) return std::nullopt;
    std::vector<std::uint64_t> pieces;
    if (entry->size >= small_bytes_max_) {
        for (const auto sector : chain(table_, entry->first, entry->size / sector_bytes_ + 1)) pieces.push_back(place_of(sector));
        return Stream{source_, std::move(pieces), sector_bytes_, entry->size};
    }
    const auto holder = chain(table_, entries_[0].first, table_.size());
    const auto per_sector = sector_bytes_ / small_sector_bytes;
    for (const auto small : chain(small_table_, entry->first, entry->size / small_sector_bytes + 1)) {
        if (small / per_sector >= holder.size()) damaged("its small sectors run out of the file");
        pieces.push_back(place_of(holder[small / per_sector]) + small % per_sector * small_sector_bytes);
    }
    return Stream{source_, std::move(pieces), small_sector_bytes, entry->size};
}

}  // namespace millrace::formats::xls
