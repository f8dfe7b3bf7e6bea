#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>

#include "base/error.hpp"
#include "formats/parquet/hybrid.hpp"
#include "formats/parquet/metadata.hpp"
#include "formats/parquet/parquet.hpp"
#include "formats/parquet/reader.hpp"
#include "formats/parquet/writer.hpp"
#include "formats/testing.hpp"

using namespace millrace;
using namespace millrace::formats;
using namespace millrace::formats::parquet;

namespace {

struct Memory final : Source, Sink {
    std::string bytes;
    std::uint64_t bytes_read = 0;
    std::uint64_t size() const override { return bytes.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        if (offset >= bytes.size()) return 0;
        const auto count = std::min<std::size_t>(into.size(), bytes.size() - offset);
        std::memcpy(into.data(), bytes.data() + offset, count);
        bytes_read += count;
        return count;
    }
    void write(std::string_view more) override { bytes += more; }
};

const std::vector<Field> all_types{
    {"text", {}},
    {"int", {.type = Type::int64}},
    {"price", {.type = Type::decimal, .precision = 9, .scale = 2}},
    {"amount", {.type = Type::decimal, .precision = 18, .scale = 4}},
    {"float", {.type = Type::float64}},
    {"flag", {.type = Type::boolean}},
    {"day", {.type = Type::date}},
    {"hour", {.type = Type::time}},
    {"at", {.type = Type::timestamp, .utc = true}},
    {"local", {.type = Type::timestamp}},
};

/// `spread` values at most are different, `null_share` of 100 are null.
Column random_column(const DataType& type, std::size_t rows, std::uint64_t spread, unsigned null_share, std::mt19937_64& random) {
    Column column{.type = type};
    for (std::size_t i = 0; i < rows; ++i) {
        const auto pick = random() % spread;
        if (random() % 100 < null_share) column.push_null();
        else if (type.is_text()) column.push(std::string_view{std::string(pick % 7, 'x') + std::to_string(pick * 7919)});
        else if (type.is_float()) column.push(static_cast<double>(pick) / 7);
        else if (type.type == Type::boolean) column.push(static_cast<std::int64_t>(pick % 2));
        else column.push(static_cast<std::int64_t>(pick) - static_cast<std::int64_t>(spread / 2));
    }
    return column;
}

bool same(const Column& a, const Column& b) {
    return a.type == b.type && a.rows == b.rows && a.nulls == b.nulls && a.valid == b.valid && a.ints == b.ints &&
           a.floats == b.floats && a.ends == b.ends && a.bytes == b.bytes;
}

Column slice(const Column& from, std::size_t first, std::size_t count) {
    Column out{.type = from.type};
    for (auto row = first; row < first + count; ++row) {
        if (from.is_null(row)) out.push_null();
        else if (from.type.is_text()) out.push(from.text(row));
        else if (from.type.is_float()) out.push(from.floats[row]);
        else out.push(from.ints[row]);
    }
    return out;
}

}  // namespace

TEST_CASE("what is written as Parquet is read back the same") {
    struct Row { const char* name; std::size_t rows; std::uint64_t spread; unsigned null_share; Compression compression; std::size_t page; };
    for (const Row& row : std::initializer_list<Row>{
             {"few different values",   5000, 10,        0,   Compression::zstd,   1u << 20},
             {"nearly all different",   9000, 1u << 30,  7,   Compression::zstd,   4096},
             {"half null, many pages",  9000, 1000,      50,  Compression::snappy, 1000},
             {"all null",               300,  10,        100, Compression::none,   1u << 20},
             {"one row",                1,    10,        0,   Compression::zstd,   1u << 20},
             {"one value",              4000, 1,         1,   Compression::none,   1u << 20},
         }) {
        CAPTURE(row.name);
        std::mt19937_64 random{42};
        std::vector<std::vector<Column>> groups(2);
        for (auto& group : groups) {
            for (const auto& field : all_types) {
                group.push_back(random_column(field.type, row.rows, row.spread, row.null_share, random));
            }
        }

        Memory file;
        Writer writer{file, {.compression = row.compression, .page_bytes = row.page}};
        for (const auto& group : groups) writer.write_group(group);
        const auto size = writer.finish(all_types, {{"key", "value"}});

        CHECK(size == file.bytes.size());
        Reader reader{file};
        CHECK(reader.rows() == 2 * row.rows);
        CHECK(reader.groups() == 2);
        CHECK(reader.property("key") == "value");
        for (std::size_t i = 0; i < all_types.size(); ++i) {
            CAPTURE(all_types[i].name);
            CHECK(reader.fields()[i].type == all_types[i].type);
            auto column = reader.column(i);
            for (const auto& group : groups) {
                Column got;
                CHECK(column.read(row.rows, got) == row.rows);
                CHECK(same(got, group[i]));
            }
            // From anywhere, in pieces that cross pages and row groups.
            for (int times = 0; times < 20; ++times) {
                const auto first = random() % (2 * row.rows);
                const auto count = random() % 1500;
                Column want = slice(groups[0][i], std::min(first, row.rows), row.rows - std::min(first, row.rows)), got;
                const auto second = slice(groups[1][i], first > row.rows ? first - row.rows : 0,
                                          2 * row.rows - std::max(first, row.rows));
                column.seek(first);
                const auto have = column.read(count, got);
                REQUIRE(have == std::min<std::uint64_t>(count, 2 * row.rows - first));
                for (std::size_t k = 0; k < have; ++k) {
                    const auto& from = k < want.rows ? want : second;
                    const auto at = k < want.rows ? k : k - want.rows;
                    REQUIRE(same(slice(got, k, 1), slice(from, at, 1)));
                }
            }
        }
    }
}

TEST_CASE("a few rows are read without reading the file") {
    std::mt19937_64 random{1};
    Memory file;
    Writer writer{file};
    for (int group = 0; group < 8; ++group) writer.write_group({random_column({}, 50'000, 1u << 30, 0, random)});
    writer.finish({{"text", {}}});

    Reader reader{file};
    auto column = reader.column(0);
    column.seek(199'990);
    Column got;
    column.read(20, got);

    CHECK(got.rows == 20);
    CHECK(file.bytes_read < file.bytes.size() / 2);
}

TEST_CASE("bounds of a row group are those of its values") {
    Column column{.type = {.type = Type::int64}};
    for (const std::int64_t value : {5, -7, 12}) column.push(value);
    column.push_null();
    Memory file;
    Writer writer{file};
    writer.write_group({column});
    writer.finish({{"n", column.type}});

    const Reader reader{file};

    REQUIRE(reader.bounds(0, 0));
    CHECK(reader.bounds(0, 0)->int_min == -7);
    CHECK(reader.bounds(0, 0)->int_max == 12);
}

TEST_CASE("a row with a text that is no UTF-8 is rejected, and more of them than a batch holds") {
    Memory file;
    Writer writer{file};
    Column id{.type = {.type = Type::int64}}, name{.type = {}};
    for (std::int64_t i = 0; i < 3000; ++i) {
        id.push(i);
        name.push(i % 1500 == 1499 ? std::string_view{"é"} : std::string_view{"caf\xe9"});
    }
    writer.write_group({id, name});
    writer.finish({{"id", {.type = Type::int64}}, {"name", {}}});

    const auto got = read_all(format(), file.bytes);

    CHECK(got.rows == std::vector<std::vector<std::string>>{{"1499", "é"}, {"2999", "é"}});
    REQUIRE(got.rejects.size() == 2998);
    CHECK(got.rejects[1].code == "invalid_utf8");
    CHECK(got.rejects[1].line == 2);
    CHECK(got.rejects[1].column == 1);
    CHECK(got.rejects[1].raw == "caf\xe9");
}

TEST_CASE("a flipped bit in a page is noticed") {
    std::mt19937_64 random{1};
    Memory file;
    Writer writer{file};
    writer.write_group({random_column({.type = Type::int64}, 5000, 1u << 30, 0, random)});
    writer.finish({{"n", {.type = Type::int64}}});
    file.bytes[file.bytes.size() / 3] ^= 4;

    Reader reader{file};
    auto column = reader.column(0);
    Column got;

    CHECK_THROWS_AS(column.read(5000, got), Error);
}

TEST_CASE("damaged files end in an error and nothing worse") {
    std::mt19937_64 random{7};
    Memory file;
    Writer writer{file, {.page_bytes = 500}};
    std::vector<Column> columns;
    for (const auto& field : all_types) columns.push_back(random_column(field.type, 700, 300, 10, random));
    writer.write_group(columns);
    writer.finish(all_types);
    const auto good = file.bytes;

    for (int times = 0; times < 3000; ++times) {
        file.bytes = good;
        const auto flips = 1 + random() % 4;
        for (std::uint64_t i = 0; i < flips; ++i) {
            // Half of them in the footer, where a change is not caught by a checksum.
            const auto from = random() % 2 == 0 ? 0 : good.size() - 1500;
            file.bytes[from + random() % (good.size() - from)] = static_cast<char>(random());
        }
        if (random() % 10 == 0) file.bytes.resize(random() % file.bytes.size());
        try {
            Reader reader{file};
            for (std::size_t i = 0; i < reader.fields().size(); ++i) {
                auto column = reader.column(i);
                Column got;
                column.read(2000, got);
                column.seek(random() % 1000);
                column.read(10, got);
            }
        } catch (const Error& error) {
            const bool expected = error.code() == Code::malformed_file || error.code() == Code::unsupported_format;
            CHECK(expected);
        }
    }
}

TEST_CASE("indices of any width survive the hybrid encoding") {
    std::mt19937_64 random{3};
    for (int width = 1; width <= 32; ++width) {
        CAPTURE(width);
        const auto mask = width == 32 ? ~0u : (1u << width) - 1;
        std::vector<std::uint32_t> values;
        while (values.size() < 1000) {
            const auto value = static_cast<std::uint32_t>(random()) & mask;
            const auto repeats = random() % 3 == 0 ? random() % 60 : 1;
            values.insert(values.end(), repeats, value);
        }
        std::string bytes;
        append_hybrid(bytes, values, width);

        std::vector<std::uint32_t> got(values.size());
        HybridReader reader{bytes, width};
        reader.read(std::span{got}.first(333));
        reader.skip(100);
        reader.read(std::span{got}.subspan(433));

        std::copy(values.begin() + 333, values.begin() + 433, got.begin() + 333);
        CHECK(got == values);
    }
}

TEST_CASE("the checksum is the one of gzip") { CHECK(crc32("123456789") == 0xcbf43926u); }
