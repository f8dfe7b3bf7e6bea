#pragma once

#include <zip.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "formats/format.hpp"

/// Help for the tests of workbooks: archives made entry by entry, and everything that a format says of a file.
namespace millrace::formats::sheet {

struct BytesSource final : Source {
    std::string bytes;
    explicit BytesSource(std::string b) : bytes{std::move(b)} {}
    std::uint64_t size() const override { return bytes.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        return bytes.copy(into.data(), into.size(), std::min<std::uint64_t>(offset, bytes.size()));
    }
};

struct ZipEntry {
    std::string name;
    std::string content;
    bool stored = false;
    std::string password = {};
};

inline std::string zip_of(const std::vector<ZipEntry>& entries) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* buffer = zip_source_buffer_create(nullptr, 0, 0, &error);
    zip_source_keep(buffer);
    zip_t* zip = zip_open_from_source(buffer, ZIP_TRUNCATE, &error);
    if (zip == nullptr) throw std::logic_error("a zip cannot be made");
    for (const auto& entry : entries) {
        const auto index = static_cast<zip_uint64_t>(
            zip_file_add(zip, entry.name.c_str(), zip_source_buffer(zip, entry.content.data(), entry.content.size(), 0), ZIP_FL_ENC_UTF_8));
        if (entry.stored) zip_set_file_compression(zip, index, ZIP_CM_STORE, 0);
        if (!entry.password.empty()) zip_file_set_encryption(zip, index, ZIP_EM_AES_256, entry.password.c_str());
    }
    if (zip_close(zip) != 0) throw std::logic_error(zip_strerror(zip));
    zip_stat_t stat;
    zip_source_stat(buffer, &stat);
    std::string bytes(stat.size, '\0');
    zip_source_open(buffer);
    zip_source_read(buffer, bytes.data(), bytes.size());
    zip_source_close(buffer);
    zip_source_free(buffer);
    return bytes;
}

using Rows = std::vector<std::vector<std::string>>;

struct ReadBack {
    std::vector<std::string> names;
    bool header = false;
    Rows rows;
    std::vector<Reject> rejects;
    ReadReport report;
};

/// Reads a whole table and checks what must hold for every one: the account, rectangular batches, progress.
inline ReadBack read_all(const Format& format, std::string bytes, ReadOptions options = {}) {
    BytesSource source{std::move(bytes)};
    ReadBack got;
    options.on_reject = [&](Reject reject) { got.rejects.push_back(std::move(reject)); };
    const auto reader = format.open(source, options);
    got.names = reader->names();
    got.header = reader->has_header();
    std::uint64_t consumed = 0;
    for (TextBatch batch; reader->next(batch);) {
        if (batch.cells.size() != batch.rows * batch.columns || batch.columns != got.names.size()) throw std::logic_error("not rectangular");
        if (batch.first_row != got.rows.size()) throw std::logic_error("a batch has a wrong first row");
        if (batch.bytes_consumed < consumed || batch.bytes_consumed > source.size()) throw std::logic_error("progress");
        consumed = batch.bytes_consumed;
        for (std::size_t r = 0; r < batch.rows; ++r) {
            auto& row = got.rows.emplace_back();
            for (std::size_t c = 0; c < batch.columns; ++c) row.emplace_back(batch.at(r, c).text());
        }
    }
    got.report = reader->report();
    const auto& report = got.report;
    if (report.rows_in != report.rows_out + report.rows_rejected + report.rows_reported) throw std::logic_error("account");
    if (report.rows_out != got.rows.size() || report.rows_rejected != got.rejects.size()) throw std::logic_error("counts");
    return got;
}

inline std::vector<std::pair<std::string, bool>> tables_of(const Format& format, std::string bytes) {
    BytesSource source{std::move(bytes)};
    std::vector<std::pair<std::string, bool>> found;
    for (const auto& table : format.tables(source, {})) found.emplace_back(table.name, table.hidden);
    return found;
}

template <class Action>
std::optional<Code> code_of(Action&& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.code();
    }
    return std::nullopt;
}

}  // namespace millrace::formats::sheet
