#pragma once

#include <zip.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "formats/testing.hpp"

/// Help for the tests of workbooks: archives made entry by entry, and the tables that a format finds.
namespace millrace::formats::sheet {

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

inline std::vector<std::pair<std::string, bool>> tables_of(const Format& format, std::string bytes) {
    TextSource source{std::move(bytes)};
    std::vector<std::pair<std::string, bool>> found;
    for (const auto& table : format.tables(source, {})) found.emplace_back(table.name, table.hidden);
    return found;
}

}  // namespace millrace::formats::sheet
