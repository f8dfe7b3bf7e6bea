#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "formats/types.hpp"

/// The structures of parquet.thrift that we use; names and numbers are those of the specification.
namespace millrace::formats::parquet {

enum class Physical : std::int32_t { boolean, int32, int64, int96, float32, float64, bytes, fixed };
enum class Encoding : std::int32_t { plain = 0, plain_dictionary = 2, rle = 3, bit_packed = 4, delta_binary = 5,
                                     delta_length = 6, delta_bytes = 7, rle_dictionary = 8, byte_stream_split = 9 };
enum class Codec : std::int32_t { none = 0, snappy = 1, gzip = 2, lzo = 3, brotli = 4, lz4 = 5, zstd = 6, lz4_raw = 7 };
enum class PageType : std::int32_t { data = 0, index = 1, dictionary = 2, data_v2 = 3 };

/// What a leaf column stands for, from its logical or converted type.
enum class Meaning : std::uint8_t { none, string, decimal, date, time, timestamp, integer, json, uuid, float16, list, map, other };
enum class Unit : std::uint8_t { millis, micros, nanos };

struct SchemaElement {
    std::string name;
    std::optional<Physical> type;  ///< absent: a group
    std::int32_t type_length = 0;
    std::int32_t repetition = 0;   ///< 0 required, 1 optional, 2 repeated
    std::int32_t children = 0;
    Meaning meaning = Meaning::none;
    Unit unit = Unit::micros;
    std::int32_t scale = 0;
    std::int32_t precision = 0;
    bool utc = false;
    bool is_signed = true;
};

struct Statistics {
    std::optional<std::string> min, max;  ///< PLAIN, without length
    bool min_exact = true, max_exact = true;
    std::int64_t nulls = -1;              ///< -1: not known

    template <class Archive>
    void state(Archive& archive) { archive(min, max, min_exact, max_exact, nulls); }
};

struct ChunkMeta {
    Physical type = Physical::bytes;
    Codec codec = Codec::none;
    bool dictionary = false;             ///< written: the chunk has a dictionary page
    std::int64_t values = 0;
    std::int64_t uncompressed = 0;
    std::int64_t compressed = 0;
    std::int64_t data_offset = 0;
    std::int64_t dictionary_offset = 0;  ///< 0: none
    std::int64_t offset_index_offset = 0, column_index_offset = 0;  ///< 0: none
    std::int32_t offset_index_length = 0, column_index_length = 0;
    Statistics statistics;

    template <class Archive>
    void state(Archive& archive) {
        archive(type, codec, dictionary, values, uncompressed, compressed, data_offset, dictionary_offset, offset_index_offset, column_index_offset,
                offset_index_length, column_index_length, statistics);
    }
    std::int64_t begin() const {
        return dictionary_offset > 0 && dictionary_offset < data_offset ? dictionary_offset : data_offset;
    }
};

struct RowGroupMeta {
    std::int64_t rows = 0;
    std::int64_t uncompressed = 0;
    std::vector<ChunkMeta> chunks;

    template <class Archive>
    void state(Archive& archive) { archive(rows, uncompressed, chunks); }
};

struct FileMeta {
    std::vector<SchemaElement> schema;  ///< in order of the tree; [0] is the root
    std::int64_t rows = 0;
    std::vector<RowGroupMeta> groups;
    std::vector<std::pair<std::string, std::string>> properties;
    std::string created_by;
};

struct PageHeader {
    PageType type = PageType::data;
    std::int64_t uncompressed = 0;
    std::int64_t compressed = 0;
    std::optional<std::uint32_t> crc;
    std::int64_t values = 0;
    Encoding encoding = Encoding::plain;
    Encoding definition_encoding = Encoding::rle;
    // data_v2
    std::int64_t nulls = 0;
    std::int64_t rows = 0;
    std::int64_t definition_bytes = 0;
    std::int64_t repetition_bytes = 0;
    bool is_compressed = true;
};

/// One entry per data page, for the page index of a chunk.
struct PageEntry {
    std::int64_t offset = 0;
    std::int32_t size = 0;  ///< compressed, header included
    std::int64_t first_row = 0;
    std::int64_t nulls = 0;
    bool all_null = false;
    std::string min, max;
};

void append(std::string& out, const PageHeader& header);
void append_offset_index(std::string& out, const std::vector<PageEntry>& pages);
void append_column_index(std::string& out, const std::vector<PageEntry>& pages);
/// FileMetaData, without the length and the magic that follow it.
void append(std::string& out, const FileMeta& file);

/// Reads a page header at the start of `bytes`; `length` becomes its size. Throws Error{malformed_file}.
PageHeader read_page_header(std::string_view bytes, std::size_t& length);
FileMeta read_file_meta(std::string_view bytes);

/// Throws Error{malformed_file} with the reason.
[[noreturn]] void damaged(std::string_view why);
/// Throws Error{unsupported_format} with the reason: a valid file that uses what we do not read.
[[noreturn]] void unsupported(std::string_view what);

/// CRC-32 of ISO 3309 (as in gzip), continued from `crc`.
std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace millrace::formats::parquet
