#include "formats/avro/avro.hpp"

#include <doctest/doctest.h>
#include <zstd.h>

#include "formats/testing.hpp"

using namespace millrace;
using namespace millrace::formats;

namespace {

// A small writer, after the specification: what a value is in bytes.

std::string number(std::int64_t value) {
    auto raw = static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
    std::string out;
    for (; raw >= 0x80; raw >>= 7) out += static_cast<char>(raw | 0x80);
    return out += static_cast<char>(raw);
}
std::string text(std::string_view value) { return number(static_cast<std::int64_t>(value.size())) + std::string{value}; }
std::string real(double value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

const std::string sync = "0123456789abcdef";

std::string block(std::int64_t count, const std::string& bytes) { return number(count) + text(bytes) + sync; }

std::string file_of(std::string_view schema, const std::string& blocks, std::string_view codec = "null") {
    return "Obj\x01" + number(2) + text("avro.schema") + text(schema) + text("avro.codec") + text(codec) + number(0) + sync + blocks;
}

ReadBack read(std::string bytes) { return read_all(avro::format(), std::move(bytes)); }

using Rows = std::vector<std::vector<std::string>>;

const char* const orders = R"({"type": "record", "name": "order", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"}, {"name": "name", "type": ["null", "string"]}, {"name": "amount", "type": "double"},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}}, {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "state", "type": {"type": "enum", "name": "state", "symbols": ["open", "done"]}},
    {"name": "tags", "type": {"type": "array", "items": "string"}}, {"name": "counts", "type": {"type": "map", "values": "int"}},
    {"name": "parent", "type": ["null", "order"]}]})";

std::string order(std::int64_t id) {
    return number(id) + number(1) + text("bolt \"M8\"") + real(1.5) + text(std::string{"\xff\x85", 2}) + number(19'753) + number(-1) + number(1) +
           number(2) + text("a") + text("b") + number(0) + number(1) + text("k") + number(-7) + number(0);
}

}  // namespace

TEST_CASE("the fields of a record are columns, nested ones are JSON") {
    const auto got = read(file_of(orders, block(2, order(1) + number(0) + order(-3) + number(1) + order(9) + number(0))));
    CHECK(got.names == std::vector<std::string>{"id", "name", "amount", "price", "day", "at", "state", "tags", "counts", "parent"});
    REQUIRE(got.rows.size() == 2);
    CHECK(got.rows[0] == std::vector<std::string>{"1", "bolt \"M8\"", "1.5", "-1.23", "2024-01-31", "1969-12-31T23:59:59.999Z", "done", R"(["a","b"])", R"({"k":-7})", ""});
    CHECK(got.rows[1][9] == R"({"id":9,"name":"bolt \"M8\"","amount":1.5,"price":-1.23,"day":"2024-01-31","at":"1969-12-31T23:59:59.999Z","state":"done","tags":["a","b"],"counts":{"k":-7},"parent":null})");
}

TEST_CASE("blocks of every codec are read, and values that are no record") {
    const auto values = number(1) + number(-64) + number(INT64_MAX);
    const Rows want = {{"1"}, {"-64"}, {"9223372036854775807"}};
    CHECK(read(file_of(R"("long")", block(3, values))).rows == want);
    CHECK(read(file_of(R"("long")", block(1, number(1)) + block(2, number(-64) + number(INT64_MAX)))).rows == want);
    std::string packed(ZSTD_compressBound(values.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), values.data(), values.size(), 1));
    CHECK(read(file_of(R"("long")", block(3, packed), "zstandard")).rows == want);
    // Deflate: one stored part.
    const auto size = static_cast<char>(values.size());
    CHECK(read(file_of(R"("long")", block(3, std::string{'\x01', size, '\0', static_cast<char>(~size), '\xff'} + values), "deflate")).rows == want);
    CHECK(read(file_of(R"("string")", block(0, ""))).rows.empty());
}

TEST_CASE("null and empty text are told apart") {
    TextSource source{file_of(R"(["null", "string"])", block(2, number(0) + number(1) + text("")))};
    const auto reader = avro::format().open(source, {});
    TextBatch batch;
    REQUIRE(reader->next(batch));
    CHECK_FALSE(batch.at(0, 0).quoted);
    CHECK(batch.at(1, 0).quoted);
}

TEST_CASE("a row with a text that is no UTF-8 is rejected, however deep it stands") {
    const auto schema = R"({"type": "record", "name": "r", "fields": [{"name": "id", "type": "int"}, {"name": "name", "type": "string"},
        {"name": "tags", "type": {"type": "map", "values": "string"}}]})";
    const auto row = [](int id, std::string_view name, std::string_view key, std::string_view tag) {
        return number(id) + text(name) + number(1) + text(key) + text(tag) + number(0);
    };

    const auto got = read(file_of(schema, block(5, row(1, "é", "k", "v") + row(2, "a\xff", "k", "v") + row(3, "a", "\xe9", "v") + row(4, "a", "k", "\xed\xa0\x80") +
                                                       row(5, "z", "k", "v"))));

    CHECK(got.rows == Rows{{"1", "é", R"({"k":"v"})"}, {"5", "z", R"({"k":"v"})"}});
    REQUIRE(got.rejects.size() == 3);
    struct Want { std::uint64_t line; std::uint32_t column; std::string raw; };
    const Want wanted[] = {{2, 1, "a\xff"}, {3, 2, "\xe9"}, {4, 2, "\xed\xa0\x80"}};
    for (std::size_t i = 0; i < 3; ++i) {
        CAPTURE(i);
        CHECK(got.rejects[i].code == "invalid_utf8");
        CHECK(got.rejects[i].line == wanted[i].line);
        CHECK(got.rejects[i].column == wanted[i].column);
        CHECK(got.rejects[i].raw == wanted[i].raw);
    }
}

TEST_CASE("damage of a container is a clear error") {
    const auto good = file_of(R"("long")", block(2, number(1) + number(2)));
    auto wrong_sync = good;
    wrong_sync.back() ^= 1;
    struct Row { const char* name; std::string bytes; Code code; };
    for (const Row& row : std::initializer_list<Row>{
             {"cut off", good.substr(0, good.size() - 3), Code::malformed_file},
             {"a head only", "Obj\x01", Code::malformed_file},
             {"wrong sync", wrong_sync, Code::malformed_file},
             {"fewer values", file_of(R"("long")", block(3, number(1) + number(2))), Code::malformed_file},
             {"more bytes", file_of(R"("long")", block(1, number(1) + number(2)) + block(0, "")), Code::malformed_file},
             {"values of nothing", file_of(R"("null")", block(INT64_MAX, "")), Code::malformed_file},
             {"a list of nothing", file_of(R"({"type": "array", "items": "null"})", block(1, number(INT64_MAX))), Code::line_too_long},
             {"a block larger than all", file_of(R"("long")", number(1) + number(1ll << 40)), Code::parser_limits},
             {"not in the enumeration", file_of(R"({"type": "enum", "name": "e", "symbols": ["a"]})", block(1, number(1))), Code::malformed_file},
             {"no such type", file_of(R"("nothing")", ""), Code::malformed_file},
             {"no JSON", file_of("{", ""), Code::malformed_file},
             {"unknown codec", file_of(R"("long")", "", "lzma"), Code::unsupported_format},
         }) {
        CAPTURE(row.name);
        CHECK(code_of([&] { read(row.bytes); }) == row.code);
    }
    // A type that holds itself ends somewhere.
    const auto deep = file_of(R"({"type": "record", "name": "r", "fields": [{"name": "r", "type": ["null", "r"]}]})", block(1, std::string(5'000, '\x02') + '\0'));
    CHECK(code_of([&] { read(deep); }) == Code::malformed_file);
}
