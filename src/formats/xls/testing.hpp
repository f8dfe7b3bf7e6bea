#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

/// Old workbooks for tests, made record by record.
namespace millrace::formats::xls {

template <class T>
std::string le(T number) {
    std::string bytes(sizeof number, '\0');
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
}
inline std::string w(unsigned number) { return le(static_cast<std::uint16_t>(number)); }
inline std::string d(std::uint32_t number) { return le(number); }

inline std::string record_of(unsigned kind, const std::string& body) { return w(kind) + w(static_cast<unsigned>(body.size())) + body; }
inline std::string begin_of(unsigned type, unsigned version = 0x600) { return record_of(0x809, w(version) + w(type) + std::string(12, '\0')); }
inline const std::string end_record = record_of(0x0a, "");

/// A text of Latin-1 with a count of two bytes.
inline std::string text_of(std::string_view text) { return w(static_cast<unsigned>(text.size())) + '\0' + std::string{text}; }
/// The same in UTF-16.
inline std::string wide_of(std::u16string_view text) {
    std::string bytes = w(static_cast<unsigned>(text.size())) + '\1';
    for (const char16_t c : text) bytes += w(c);
    return bytes;
}

inline std::string at(unsigned row, unsigned column, unsigned style = 0) { return w(row) + w(column) + w(style); }
inline std::string number(unsigned row, unsigned column, double value, unsigned style = 0) { return record_of(0x203, at(row, column, style) + le(value)); }
inline std::string label(unsigned row, unsigned column, std::string_view text) { return record_of(0x204, at(row, column) + text_of(text)); }
inline std::string shared(unsigned row, unsigned column, std::uint32_t index) { return record_of(0xfd, at(row, column) + d(index)); }

struct BookSheet {
    std::string name;
    std::string records;
    unsigned state = 0;
    unsigned type = 0;
};

/// The workbook stream: what `globals` says, then the sheets.
inline std::string stream_of(const std::vector<BookSheet>& sheets, const std::string& globals = "") {
    std::size_t size = begin_of(5).size() + globals.size() + end_record.size();
    for (const auto& sheet : sheets) size += 4 + 8 + sheet.name.size();
    std::string head = begin_of(5) + globals, bodies;
    for (const auto& sheet : sheets) {
        head += record_of(0x85, d(static_cast<std::uint32_t>(size + bodies.size())) + static_cast<char>(sheet.state) + static_cast<char>(sheet.type) +
                                    static_cast<char>(sheet.name.size()) + '\0' + sheet.name);
        bodies += begin_of(0x10) + sheet.records + end_record;
    }
    return head + end_record + bodies;
}

/// A compound file of one stream, in sectors of 512 bytes.
inline std::string compound_of(std::string stream, std::u16string_view name = u"Workbook") {
    constexpr std::size_t sector = 512;
    constexpr std::uint32_t last = 0xfffffffe, unused = 0xffffffff, table = 0xfffffffd;
    const auto size = std::max<std::size_t>(stream.size(), 4096);
    stream.resize((size + sector - 1) / sector * sector, '\0');
    const auto data = stream.size() / sector;
    std::size_t tables = 1;
    while (tables * (sector / 4) < data + tables + 1) ++tables;
    std::string head = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + std::string(16, '\0') + w(0x3e) + w(3) + w(0xfffe) + w(9) + w(6) + std::string(6, '\0') + d(0) +
                       d(static_cast<std::uint32_t>(tables)) + d(static_cast<std::uint32_t>(tables)) + d(0) + d(4096) + d(last) + d(0) + d(last) + d(0);
    for (std::size_t i = 0; i < 109; ++i) head += d(i < tables ? static_cast<std::uint32_t>(i) : unused);
    std::string chain;
    for (std::size_t i = 0; i < tables; ++i) chain += d(table);
    chain += d(last);  // the directory
    for (std::size_t i = 0; i < data; ++i) chain += d(i + 1 == data ? last : static_cast<std::uint32_t>(tables + 2 + i));
    chain.resize(tables * sector, '\xff');
    const auto entry = [&](std::u16string_view text, char type, std::uint32_t first, std::uint32_t bytes) {
        std::string out;
        for (const char16_t c : text) out += w(c);
        out.resize(64, '\0');
        out += w(static_cast<unsigned>(text.size() * 2 + 2)) + type + '\1' + d(unused) + d(unused) + d(unused);
        out.resize(116, '\0');
        return out + d(first) + d(bytes) + d(0);
    };
    std::string directory = entry(u"Root Entry", 5, last, 0) + entry(name, 2, static_cast<std::uint32_t>(tables + 1), static_cast<std::uint32_t>(size));
    directory.resize(sector, '\0');
    return head + chain + directory + stream;
}

inline std::string book_of(const std::vector<BookSheet>& sheets, const std::string& globals = "") { return compound_of(stream_of(sheets, globals)); }

}  // namespace millrace::formats::xls
