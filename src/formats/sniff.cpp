#include "formats/sniff.hpp"

#include <algorithm>

#include "formats/csv/csv.hpp"
#include "formats/unpack/archive.hpp"

namespace millrace::formats {
namespace {

constexpr std::size_t preview_bytes = 2 << 20;
constexpr std::size_t cell_bytes_max = 1000;
constexpr std::size_t cell_bytes_min = 16;

/// The tables of a file of several; empty for a file of one.
json::array tables_of(const Format& format, Source& source, const json::object& dialect) {
    json::array named;
    const auto tables = format.tables(source, {.dialect = dialect});
    if (tables.size() < 2) return named;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        json::object one{{"table", i + 1}, {"name", tables[i].name}};
        if (tables[i].hidden) one.emplace("hidden", true);
        named.emplace_back(std::move(one));
    }
    return named;
}

json::array names_of(const TableReader& reader) {
    json::array names;
    for (const auto& name : reader.names()) names.emplace_back(name);
    return names;
}

json::value shown(const Cell& cell, std::size_t bytes_max) {
    if (cell.size == 0 && !cell.quoted) return nullptr;
    if (cell.size <= bytes_max) return json::value(cell.text());
    auto end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(cell.data[end]) & 0xc0) == 0x80) --end;  // between two characters
    return json::value(std::string{cell.text().substr(0, end)} + "…");
}

}  // namespace

json::object sniff(Source& source, std::string_view filename, const ReadOptions& options) {
    const auto& format = recognise(source, filename, options.dialect);
    json::object found{{"format", format.name()}};
    if (auto tables = tables_of(format, source, options.dialect); !tables.empty()) found.emplace("tables", std::move(tables));
    if (&format == &csv::format()) {
        for (auto& field : csv::sniff(source, options)) found.insert_or_assign(field.key(), field.value());
        return found;
    }
    found.emplace("names", names_of(*format.open(source, options)));
    return found;
}

json::object sniff_archive(Source& archive) {
    json::array members;
    unpack::each_member(archive, [&](const unpack::Member& member) {
        json::object one{{"filename", member.path}};
        if (member.content != nullptr) one.emplace("bytes", member.content->size());
        if (auto why = unpack::why_skipped(member); !why.empty()) one.emplace("skipped", std::move(why));
        members.push_back(std::move(one));
    });
    return {{"format", unpack::archive_kind(archive)}, {"members", std::move(members)}};
}

json::object preview(Source& source, std::string_view filename, ReadOptions options, std::size_t rows_max) {
    json::array rejects;
    options.on_reject = [&](Reject reject) {
        if (rejects.size() < rows_max) rejects.push_back(json::object{{"line", reject.line}, {"code", reject.code}, {"reason", reject.reason}});
    };
    const auto& format = recognise(source, filename, options.dialect);
    const auto reader = format.open(source, options);
    const auto columns = std::max<std::size_t>(1, reader->names().size());
    const auto bytes_max = std::clamp(preview_bytes / rows_max / columns, cell_bytes_min, cell_bytes_max);
    json::array rows;
    for (TextBatch batch; rows.size() < rows_max && reader->next(batch);) {
        for (std::size_t r = 0; r < batch.rows && rows.size() < rows_max; ++r) {
            json::array row;
            row.reserve(batch.columns);
            for (std::size_t c = 0; c < batch.columns; ++c) row.push_back(shown(batch.at(r, c), bytes_max));
            rows.push_back(std::move(row));
        }
    }
    return {{"format", format.name()}, {"dialect", reader->report().dialect}, {"names", names_of(*reader)}, {"rows", std::move(rows)}, {"rejects", std::move(rejects)}};
}

}  // namespace millrace::formats
