// Both halves of tests/parquet/run.sh that need our own code: files for other readers, and reading files of others.
#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "datasets/rows.hpp"
#include "formats/parquet/writer.hpp"

using namespace millrace;
using namespace millrace::datasets;
using formats::Column;
using formats::Type;

namespace {

struct File final : formats::Source, formats::Sink {
    std::string bytes;
    std::uint64_t size() const override { return bytes.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        if (offset >= bytes.size()) return 0;
        const auto count = std::min<std::size_t>(into.size(), bytes.size() - offset);
        std::memcpy(into.data(), bytes.data() + offset, count);
        return count;
    }
    void write(std::string_view more) override { bytes += more; }
    void save(const std::filesystem::path& path) const { std::ofstream{path, std::ios::binary} << bytes; }
};

const std::vector<formats::parquet::Field> fields{
    {"text", {}},
    {"int", {.type = Type::int64}},
    {"price", {.type = Type::decimal, .precision = 9, .scale = 2}},
    {"amount", {.type = Type::decimal, .precision = 18, .scale = 4}},
    {"float", {.type = Type::float64}},
    {"flag", {.type = Type::boolean}},
    {"day", {.type = Type::date}},
    {"at", {.type = Type::timestamp, .utc = true}},
    {"local", {.type = Type::timestamp}},
};

Column sample(const formats::DataType& type, std::size_t rows, std::uint64_t spread, unsigned null_share, std::mt19937_64& random) {
    Column column{.type = type};
    for (std::size_t i = 0; i < rows; ++i) {
        const auto pick = static_cast<std::int64_t>(random() % spread);
        if (random() % 100 < null_share) column.push_null();
        else if (type.is_text()) column.push(std::string_view{"wörd " + std::to_string(pick * 7919)});
        else if (type.is_float()) column.push(static_cast<double>(pick) / 8);
        else if (type.type == Type::boolean) column.push(pick % 2);
        else if (type.type == Type::date) column.push(pick % 40'000 - 10'000);
        // Milliseconds: what a JavaScript Date holds.
        else if (type.type == Type::timestamp) column.push(pick % 4'000'000 * 1'000'000'000 + 1000);
        else column.push(pick - static_cast<std::int64_t>(spread / 2));
    }
    return column;
}

void write_ndjson(File& parquet, formats::Sink& out) {
    RowReader rows{parquet, nullptr};
    const auto writer = formats::find_output("ndjson")->open(out, rows.write_columns(), {});
    rows.write({}, Values::typed, *writer);
    writer->finish();
}

}  // namespace

TEST_CASE("files for other readers are written when asked for") {
    const char* const dir = std::getenv("MILLRACE_PARQUET_WRITE");
    if (!dir) return;
    using formats::parquet::Compression;
    struct Row { const char* name; std::size_t rows; std::uint64_t spread; unsigned null_share; Compression compression; std::size_t page; };
    for (const Row& row : std::initializer_list<Row>{
             {"repeating",  20'000, 50,         5,   Compression::zstd,   1u << 20},
             {"different",  20'000, 1u << 29,   0,   Compression::zstd,   8192},
             {"snappy",     5000,   3000,       40,  Compression::snappy, 4096},
             {"plain",      5000,   100'000,    10,  Compression::none,   1u << 20},
             {"nulls",      300,    10,         100, Compression::zstd,   1u << 20},
             {"one",        1,      10,         0,   Compression::zstd,   1u << 20},
         }) {
        std::mt19937_64 random{5};
        File file, ndjson;
        formats::parquet::Writer writer{file, {.compression = row.compression, .page_bytes = row.page}};
        for (int group = 0; group < 3; ++group) {
            std::vector<Column> columns;
            for (const auto& field : fields) columns.push_back(sample(field.type, row.rows, row.spread, row.null_share, random));
            writer.write_group(columns);
        }
        writer.finish(fields);

        write_ndjson(file, ndjson);

        file.save(std::filesystem::path{dir} / (std::string{row.name} + ".parquet"));
        ndjson.save(std::filesystem::path{dir} / (std::string{row.name} + ".ndjson"));
        CHECK(!ndjson.bytes.empty());
    }
}

TEST_CASE("files of other writers are read when there are some") {
    const char* const dir = std::getenv("MILLRACE_PARQUET_READ");
    if (!dir) return;
    for (const auto& entry : std::filesystem::directory_iterator{dir}) {
        if (!entry.path().filename().string().starts_with("foreign-") || entry.path().extension() != ".parquet") continue;
        CAPTURE(entry.path().string());
        File file, ndjson;
        std::ifstream in{entry.path(), std::ios::binary};
        file.bytes.assign(std::istreambuf_iterator<char>{in}, {});

        write_ndjson(file, ndjson);

        ndjson.save(std::filesystem::path{entry.path()}.replace_extension(".ndjson"));
        CHECK(!ndjson.bytes.empty());
    }
}
