#include "formats/parquet/metadata.hpp"

#include <array>
#include <cstring>

#include "formats/parquet/thrift.hpp"

namespace millrace::formats::parquet {

void damaged(std::string_view why) {
    throw Error{Code::malformed_file, {{"format", "parquet"}, {"why", std::string{why}}}};
}

void unsupported(std::string_view what) {
    throw Error{Code::unsupported_format,
                {{"format", "parquet with " + std::string{what}}, {"known", "flat and nested tables in the usual encodings and codecs, without encryption"}}};
}

namespace {

using thrift::Wire;

void append(thrift::Writer& out, int id, const Statistics& statistics) {
    out.begin_struct(id);
    if (statistics.nulls >= 0) out.integer(3, statistics.nulls, thrift::i64);
    if (statistics.max) out.bytes(5, *statistics.max);
    if (statistics.min) out.bytes(6, *statistics.min);
    if (statistics.max) out.boolean(7, statistics.max_exact);
    if (statistics.min) out.boolean(8, statistics.min_exact);
    out.end();
}

// LogicalType is a union: a struct with the one field that names the type.
void append_logical(thrift::Writer& out, const SchemaElement& element) {
    const auto empty = [&](int id) {
        out.begin_struct(10);
        out.begin_struct(id);
        out.end();
        out.end();
    };
    const auto time = [&](int id) {
        out.begin_struct(10);
        out.begin_struct(id);
        out.boolean(1, element.utc);
        out.begin_struct(2);
        out.begin_struct(1 + static_cast<int>(element.unit));
        out.end();
        out.end();
        out.end();
        out.end();
    };
    switch (element.meaning) {
        case Meaning::string: empty(1); break;
        case Meaning::date: empty(6); break;
        case Meaning::json: empty(12); break;
        case Meaning::time: time(7); break;
        case Meaning::timestamp: time(8); break;
        case Meaning::decimal:
            out.begin_struct(10);
            out.begin_struct(5);
            out.integer(1, element.scale);
            out.integer(2, element.precision);
            out.end();
            out.end();
            break;
        default: break;
    }
}

// The older annotation, for readers that do not know LogicalType. Wall times have none there.
std::optional<int> converted(const SchemaElement& element) {
    switch (element.meaning) {
        case Meaning::string: return 0;
        case Meaning::decimal: return 5;
        case Meaning::date: return 6;
        case Meaning::time: return element.utc ? std::optional{8} : std::nullopt;
        case Meaning::timestamp: return element.utc ? std::optional{10} : std::nullopt;
        case Meaning::json: return 19;
        default: return std::nullopt;
    }
}

void append(thrift::Writer& out, const SchemaElement& element) {
    out.begin();
    if (element.type) {
        out.integer(1, static_cast<int>(*element.type));
        out.integer(3, element.repetition);
    }
    out.bytes(4, element.name);
    if (element.children > 0) out.integer(5, element.children);
    if (const auto old = converted(element)) out.integer(6, *old);
    if (element.meaning == Meaning::decimal) {
        out.integer(7, element.scale);
        out.integer(8, element.precision);
    }
    append_logical(out, element);
    out.end();
}

void append(thrift::Writer& out, const ChunkMeta& chunk, const SchemaElement& element) {
    out.begin();
    out.integer(2, chunk.begin(), thrift::i64);
    out.begin_struct(3);
    out.integer(1, static_cast<int>(*element.type));
    out.begin_list(2, thrift::i32, chunk.dictionary ? 3 : 2);
    out.item(static_cast<int>(Encoding::rle));
    if (chunk.dictionary) out.item(static_cast<int>(Encoding::rle_dictionary));
    out.item(static_cast<int>(Encoding::plain));  // of dictionary pages too
    out.begin_list(3, thrift::binary, 1);
    out.item(element.name);
    out.integer(4, static_cast<int>(chunk.codec));
    out.integer(5, chunk.values, thrift::i64);
    out.integer(6, chunk.uncompressed, thrift::i64);
    out.integer(7, chunk.compressed, thrift::i64);
    out.integer(9, chunk.data_offset, thrift::i64);
    if (chunk.dictionary) out.integer(11, chunk.dictionary_offset, thrift::i64);
    append(out, 12, chunk.statistics);
    out.end();
    if (chunk.offset_index_length > 0) {
        out.integer(4, chunk.offset_index_offset, thrift::i64);
        out.integer(5, chunk.offset_index_length);
    }
    if (chunk.column_index_length > 0) {
        out.integer(6, chunk.column_index_offset, thrift::i64);
        out.integer(7, chunk.column_index_length);
    }
    out.end();
}

}  // namespace

void append(std::string& bytes, const PageHeader& header) {
    thrift::Writer out{bytes};
    out.begin();
    out.integer(1, static_cast<int>(header.type));
    out.integer(2, header.uncompressed);
    out.integer(3, header.compressed);
    if (header.crc) out.integer(4, static_cast<std::int32_t>(*header.crc));
    if (header.type == PageType::dictionary) {
        out.begin_struct(7);
        out.integer(1, header.values);
        out.integer(2, static_cast<int>(header.encoding));
    } else {
        out.begin_struct(5);
        out.integer(1, header.values);
        out.integer(2, static_cast<int>(header.encoding));
        out.integer(3, static_cast<int>(Encoding::rle));
        out.integer(4, static_cast<int>(Encoding::rle));
    }
    out.end();
    out.end();
}

void append_offset_index(std::string& bytes, const std::vector<PageEntry>& pages) {
    thrift::Writer out{bytes};
    out.begin();
    out.begin_list(1, thrift::structure, pages.size());
    for (const auto& page : pages) {
        out.begin();
        out.integer(1, page.offset, thrift::i64);
        out.integer(2, page.size);
        out.integer(3, page.first_row, thrift::i64);
        out.end();
    }
    out.end();
}

void append_column_index(std::string& bytes, const std::vector<PageEntry>& pages) {
    thrift::Writer out{bytes};
    out.begin();
    out.begin_list(1, thrift::yes, pages.size());
    for (const auto& page : pages) out.item_bool(page.all_null);
    out.begin_list(2, thrift::binary, pages.size());
    for (const auto& page : pages) out.item(page.min);
    out.begin_list(3, thrift::binary, pages.size());
    for (const auto& page : pages) out.item(page.max);
    out.integer(4, 0);  // UNORDERED: nothing is claimed about neighbouring pages
    out.begin_list(5, thrift::i64, pages.size());
    for (const auto& page : pages) out.item(page.nulls);
    out.end();
}

void append(std::string& bytes, const FileMeta& file) {
    thrift::Writer out{bytes};
    const auto leaves = file.schema.size() - 1;
    out.begin();
    out.integer(1, 1);
    out.begin_list(2, thrift::structure, file.schema.size());
    for (const auto& element : file.schema) append(out, element);
    out.integer(3, file.rows, thrift::i64);
    out.begin_list(4, thrift::structure, file.groups.size());
    std::int16_t ordinal = 0;
    for (const auto& group : file.groups) {
        std::int64_t compressed = 0;
        out.begin();
        out.begin_list(1, thrift::structure, group.chunks.size());
        for (std::size_t i = 0; i < leaves; ++i) {
            append(out, group.chunks[i], file.schema[i + 1]);
            compressed += group.chunks[i].compressed;
        }
        out.integer(2, group.uncompressed, thrift::i64);
        out.integer(3, group.rows, thrift::i64);
        out.integer(5, group.chunks.front().begin(), thrift::i64);
        out.integer(6, compressed, thrift::i64);
        if (ordinal < 32767) out.integer(7, ordinal++, thrift::i16);
        out.end();
    }
    out.begin_list(5, thrift::structure, file.properties.size());
    for (const auto& [key, value] : file.properties) {
        out.begin();
        out.bytes(1, key);
        out.bytes(2, value);
        out.end();
    }
    out.bytes(6, file.created_by);
    // Without column orders readers ignore the statistics of strings.
    out.begin_list(7, thrift::structure, leaves);
    for (std::size_t i = 0; i < leaves; ++i) {
        out.begin();
        out.begin_struct(1);
        out.end();
        out.end();
    }
    out.end();
}

namespace {

using Field = thrift::Reader::Field;

std::int64_t size_of(std::int64_t value) {
    if (value < 0 || value > std::int64_t{1} << 50) damaged("a size in its metadata is impossible");
    return value;
}

void read_unit(thrift::Reader& in, Wire type, Unit& unit) {
    in.structure_expected(type);
    in.fields([&](Field field) {
        if (field.id >= 1 && field.id <= 3) unit = static_cast<Unit>(field.id - 1);
        in.skip(field.type);
    });
}

void read_logical(thrift::Reader& in, SchemaElement& element) {
    static constexpr std::array<Meaning, 17> meanings{
        Meaning::none,  Meaning::string,    Meaning::map,     Meaning::list,  Meaning::string, Meaning::decimal,
        Meaning::date,  Meaning::time,      Meaning::timestamp, Meaning::other, Meaning::integer, Meaning::none,
        Meaning::json,  Meaning::other,     Meaning::uuid,    Meaning::float16, Meaning::other};
    in.fields([&](Field field) {
        element.meaning = field.id > 0 && field.id < 17 ? meanings[static_cast<std::size_t>(field.id)] : Meaning::none;
        in.structure_expected(field.type);
        in.fields([&](Field inner) {
            if (element.meaning == Meaning::decimal && inner.id <= 2) {
                (inner.id == 1 ? element.scale : element.precision) = static_cast<std::int32_t>(in.integer(inner.type));
            } else if ((element.meaning == Meaning::time || element.meaning == Meaning::timestamp) && inner.id <= 2) {
                if (inner.id == 1) element.utc = in.boolean(inner.type);
                else read_unit(in, inner.type, element.unit);
            } else if (element.meaning == Meaning::integer && inner.id == 2) {
                element.is_signed = in.boolean(inner.type);
            } else {
                in.skip(inner.type);
            }
        });
    });
}

void read_converted(std::int64_t converted, SchemaElement& element) {
    if (element.meaning != Meaning::none) return;
    switch (converted) {
        case 0:
        case 4: element.meaning = Meaning::string; break;
        case 1:
        case 2: element.meaning = Meaning::map; break;
        case 3: element.meaning = Meaning::list; break;
        case 5: element.meaning = Meaning::decimal; break;
        case 6: element.meaning = Meaning::date; break;
        case 7:
        case 8:
            element.meaning = Meaning::time;
            element.unit = converted == 7 ? Unit::millis : Unit::micros;
            break;
        case 9:
        case 10:
            element.meaning = Meaning::timestamp;
            element.unit = converted == 9 ? Unit::millis : Unit::micros;
            element.utc = true;
            break;
        case 11:
        case 12:
        case 13:
        case 14:
            element.meaning = Meaning::integer;
            element.is_signed = false;
            break;
        case 19: element.meaning = Meaning::json; break;
        default: break;
    }
}

SchemaElement read_element(thrift::Reader& in) {
    SchemaElement element;
    std::int64_t old = -1;
    in.fields([&](Field field) {
        switch (field.id) {
            case 1: {
                const auto type = in.integer(field.type);
                if (type < 0 || type > 7) damaged("a column has an unknown type");
                element.type = static_cast<Physical>(type);
                break;
            }
            case 2: element.type_length = static_cast<std::int32_t>(in.integer(field.type)); break;
            case 3: element.repetition = static_cast<std::int32_t>(in.integer(field.type)); break;
            case 4: element.name = in.bytes(field.type); break;
            case 5: element.children = static_cast<std::int32_t>(in.integer(field.type)); break;
            case 6: old = in.integer(field.type); break;
            case 7: element.scale = static_cast<std::int32_t>(in.integer(field.type)); break;
            case 8: element.precision = static_cast<std::int32_t>(in.integer(field.type)); break;
            case 10:
                in.structure_expected(field.type);
                read_logical(in, element);
                break;
            default: in.skip(field.type);
        }
    });
    read_converted(old, element);
    return element;
}

Statistics read_statistics(thrift::Reader& in, Wire type) {
    Statistics statistics;
    in.structure_expected(type);
    in.fields([&](Field field) {
        switch (field.id) {
            case 3: statistics.nulls = in.integer(field.type); break;
            case 5: statistics.max = in.bytes(field.type); break;
            case 6: statistics.min = in.bytes(field.type); break;
            case 7: statistics.max_exact = in.boolean(field.type); break;
            case 8: statistics.min_exact = in.boolean(field.type); break;
            default: in.skip(field.type);
        }
    });
    return statistics;
}

void read_column_meta(thrift::Reader& in, ChunkMeta& chunk) {
    in.fields([&](Field field) {
        switch (field.id) {
            case 1: chunk.type = static_cast<Physical>(in.integer(field.type)); break;
            case 4: chunk.codec = static_cast<Codec>(in.integer(field.type)); break;
            case 5: chunk.values = size_of(in.integer(field.type)); break;
            case 6: chunk.uncompressed = size_of(in.integer(field.type)); break;
            case 7: chunk.compressed = size_of(in.integer(field.type)); break;
            case 9: chunk.data_offset = size_of(in.integer(field.type)); break;
            case 11: chunk.dictionary_offset = size_of(in.integer(field.type)); break;
            case 12: chunk.statistics = read_statistics(in, field.type); break;
            default: in.skip(field.type);
        }
    });
}

ChunkMeta read_chunk(thrift::Reader& in) {
    ChunkMeta chunk;
    bool found = false;
    in.fields([&](Field field) {
        switch (field.id) {
            case 1: unsupported("columns in another file"); break;
            case 3:
                in.structure_expected(field.type);
                read_column_meta(in, chunk);
                found = true;
                break;
            case 4: chunk.offset_index_offset = size_of(in.integer(field.type)); break;
            case 5: chunk.offset_index_length = static_cast<std::int32_t>(in.integer(field.type)); break;
            case 6: chunk.column_index_offset = size_of(in.integer(field.type)); break;
            case 7: chunk.column_index_length = static_cast<std::int32_t>(in.integer(field.type)); break;
            default: in.skip(field.type);
        }
    });
    // Also bounds memory: no chunk is built from a byte or two.
    if (!found || chunk.data_offset < 4) damaged("a column has no place in it");
    return chunk;
}

RowGroupMeta read_group(thrift::Reader& in, std::size_t leaves) {
    RowGroupMeta group;
    in.fields([&](Field field) {
        switch (field.id) {
            case 1: {
                const auto chunks = in.begin_list(field.type);
                in.structure_expected(chunks.type);
                if (chunks.size != leaves) damaged("a row group lacks columns");
                for (std::size_t i = 0; i < chunks.size; ++i) group.chunks.push_back(read_chunk(in));
                break;
            }
            case 2: group.uncompressed = size_of(in.integer(field.type)); break;
            case 3: group.rows = size_of(in.integer(field.type)); break;
            default: in.skip(field.type);
        }
    });
    if (group.chunks.size() != leaves) damaged("a row group lacks columns");
    return group;
}

void read_property(thrift::Reader& in, FileMeta& file) {
    std::pair<std::string, std::string> property;
    in.fields([&](Field field) {
        if (field.id == 1) property.first = in.bytes(field.type);
        else if (field.id == 2) property.second = in.bytes(field.type);
        else in.skip(field.type);
    });
    file.properties.push_back(std::move(property));
}

std::size_t leaves_of(const FileMeta& file) {
    std::size_t leaves = 0;
    for (const auto& element : file.schema) leaves += element.type ? 1 : 0;
    return leaves;
}

}  // namespace

FileMeta read_file_meta(std::string_view bytes) {
    FileMeta file;
    thrift::Reader in{bytes};
    in.fields([&](Field field) {
        switch (field.id) {
            case 2: {
                const auto items = in.begin_list(field.type);
                in.structure_expected(items.type);
                if (items.size > 100'001) damaged("it has more than 100,000 columns");
                for (std::size_t i = 0; i < items.size; ++i) file.schema.push_back(read_element(in));
                break;
            }
            case 3: file.rows = size_of(in.integer(field.type)); break;
            case 4: {
                const auto items = in.begin_list(field.type);
                in.structure_expected(items.type);
                const auto leaves = leaves_of(file);
                for (std::size_t i = 0; i < items.size; ++i) {
                    // A row group without columns would be one byte each: memory out of proportion to the file.
                    if (leaves == 0) damaged("it has rows without columns");
                    file.groups.push_back(read_group(in, leaves));
                }
                break;
            }
            case 5: {
                const auto items = in.begin_list(field.type);
                in.structure_expected(items.type);
                if (items.size > 100'000) damaged("it has too many properties");
                for (std::size_t i = 0; i < items.size; ++i) read_property(in, file);
                break;
            }
            case 6: file.created_by = in.bytes(field.type); break;
            case 8: unsupported("encryption"); break;
            default: in.skip(field.type);
        }
    });
    if (file.schema.empty()) damaged("it has no schema");
    return file;
}

PageHeader read_page_header(std::string_view bytes, std::size_t& length) {
    PageHeader header;
    thrift::Reader in{bytes};
    const auto data = [&](Field inner) {
        switch (inner.id) {
            case 1: header.values = size_of(in.integer(inner.type)); break;
            case 2: header.encoding = static_cast<Encoding>(in.integer(inner.type)); break;
            case 3: header.definition_encoding = static_cast<Encoding>(in.integer(inner.type)); break;
            default: in.skip(inner.type);
        }
    };
    const auto data_v2 = [&](Field inner) {
        switch (inner.id) {
            case 1: header.values = size_of(in.integer(inner.type)); break;
            case 2: header.nulls = size_of(in.integer(inner.type)); break;
            case 3: header.rows = size_of(in.integer(inner.type)); break;
            case 4: header.encoding = static_cast<Encoding>(in.integer(inner.type)); break;
            case 5: header.definition_bytes = size_of(in.integer(inner.type)); break;
            case 6: header.repetition_bytes = size_of(in.integer(inner.type)); break;
            case 7: header.is_compressed = in.boolean(inner.type); break;
            default: in.skip(inner.type);
        }
    };
    in.fields([&](Field field) {
        switch (field.id) {
            case 1: header.type = static_cast<PageType>(in.integer(field.type)); break;
            case 2: header.uncompressed = size_of(in.integer(field.type)); break;
            case 3: header.compressed = size_of(in.integer(field.type)); break;
            case 4: header.crc = static_cast<std::uint32_t>(in.integer(field.type)); break;
            case 5:
            case 7:
                in.structure_expected(field.type);
                in.fields(data);
                break;
            case 8:
                in.structure_expected(field.type);
                in.fields(data_v2);
                break;
            default: in.skip(field.type);
        }
    });
    length = in.position();
    return header;
}

namespace {

// Slicing by eight: table k holds the CRC of a byte followed by k zero bytes.
constexpr auto crc_tables = [] {
    std::array<std::array<std::uint32_t, 256>, 8> tables{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1)));
        tables[0][i] = crc;
    }
    for (std::uint32_t i = 0; i < 256; ++i) {
        for (std::size_t k = 1; k < 8; ++k) tables[k][i] = (tables[k - 1][i] >> 8) ^ tables[0][tables[k - 1][i] & 255];
    }
    return tables;
}();

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t crc) {
    const auto& t = crc_tables;
    crc = ~crc;
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; at += 8, left -= 8) {
        std::uint32_t low = 0, high = 0;
        std::memcpy(&low, at, 4);
        std::memcpy(&high, at + 4, 4);
        low ^= crc;
        crc = t[7][low & 255] ^ t[6][(low >> 8) & 255] ^ t[5][(low >> 16) & 255] ^ t[4][low >> 24] ^ t[3][high & 255] ^
              t[2][(high >> 8) & 255] ^ t[1][(high >> 16) & 255] ^ t[0][high >> 24];
    }
    for (; left > 0; ++at, --left) crc = (crc >> 8) ^ t[0][(crc ^ static_cast<std::uint8_t>(*at)) & 255];
    return ~crc;
}

}  // namespace millrace::formats::parquet
