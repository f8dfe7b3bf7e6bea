#include "formats/unpack/compressed.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include "formats/output.hpp"
#include "formats/testing.hpp"

using namespace millrace;
using namespace millrace::formats;
using namespace millrace::formats::unpack;

namespace {

std::string packed(std::string_view text, Compression compression) {
    TextSink sink;
    CompressedSink out{sink, compression};
    out.write(text);
    out.finish();
    return sink.text;
}

std::string gzip(std::string_view text) { return packed(text, Compression::gzip); }
std::string zstd(std::string_view text) { return packed(text, Compression::zstd); }

/// Some MiB that compress well and are the same nowhere.
std::string rows() {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += std::to_string(i) + ",name " + std::to_string(i * 7919 % 1'000'003) + "\n";
    return text;
}

std::string text_of(Source& source) {
    std::string text(source.size(), '\0');
    text.resize(source.read(0, text));
    return text;
}

Plain plain_of(std::string bytes, std::string filename = "orders.csv.gz", Limits limits = {}) {
    return plain(std::make_unique<TextSource>(std::move(bytes)), std::move(filename), limits);
}

}  // namespace

TEST_CASE("a compressed file is read as the file in it") {
    const auto text = rows();
    const auto half = text.size() / 2;
    const std::string_view first = std::string_view{text}.substr(0, half), second = std::string_view{text}.substr(half);
    const std::string skipped{"\x50\x2a\x4d\x18\x04\x00\x00\x00what", 12};
    struct Row { const char* name; std::string bytes; const char* filename; const char* inner; const char* compression; };
    for (const Row& row : std::initializer_list<Row>{
             {"gzip", gzip(text), "orders.csv.gz", "orders.csv", "gzip"},
             {"zstd", zstd(text), "orders.csv.zst", "orders.csv", "zstd"},
             {"by another name", gzip(text), "orders.csv", "orders.csv", "gzip"},
             {"capitals", gzip(text), "ORDERS.CSV.GZ", "ORDERS.CSV", "gzip"},
             {"a packed tape", gzip(text), "orders.tgz", "orders.tar", "gzip"},
             {"two members", gzip(first) + gzip(second), "a.gz", "a", "gzip"},
             {"an empty member", gzip("") + gzip(text), "a.gz", "a", "gzip"},
             {"zeros behind it", gzip(text) + std::string(1000, '\0'), "a.gz", "a", "gzip"},
             {"two frames", zstd(first) + zstd(second), "a.zst", "a", "zstd"},
             {"a frame to be skipped", skipped + zstd(text), "a.zst", "a", "zstd"},
             {"twice", gzip(zstd(text)), "a.csv.zst.gz", "a.csv", "gzip, zstd"},
             {"not at all", text, "a.csv", "a.csv", ""},
         }) {
        CAPTURE(row.name);
        const auto found = plain_of(row.bytes, row.filename);
        CHECK((text_of(*found.source) == text));  // it is long
        CHECK(found.filename == row.inner);
        CHECK(found.compression == row.compression);
    }
}

TEST_CASE("members end anywhere in a block") {
    const std::string text = "a,b\n1,2\n";
    for (std::size_t members : {2u, 100u, 20'000u}) {
        std::string bytes, want;
        for (std::size_t i = 0; i < members; ++i) bytes += gzip(text), want += text;
        CHECK((text_of(*plain_of(bytes).source) == want));
    }
}

TEST_CASE("damage of a compressed file is a clear error") {
    const auto text = rows();
    auto wrong_sum = gzip(text);
    wrong_sum[wrong_sum.size() - 6] ^= 1;
    auto wrong_frame = zstd(text);
    wrong_frame[wrong_frame.size() - 2] ^= 1;
    struct Row { const char* name; std::string bytes; };
    for (const Row& row : std::initializer_list<Row>{
             {"gzip, cut off", gzip(text).substr(0, 10'000)},
             {"gzip, cut off in its head", gzip(text).substr(0, 5)},
             {"gzip, cut off in its checksum", gzip(text).substr(0, gzip(text).size() - 3)},
             {"gzip, wrong checksum", wrong_sum},
             {"gzip, something behind it", gzip(text) + "more"},
             {"zstd, cut off", zstd(text).substr(0, 10'000)},
             {"zstd, wrong checksum", wrong_frame},
             {"zstd, something behind it", zstd(text) + "something more"},
         }) {
        CAPTURE(row.name);
        CHECK(code_of([&] { plain_of(row.bytes); }) == Code::malformed_file);
    }
}

TEST_CASE("what becomes too much is stopped while it is unpacked") {
    const std::string zeros(3 << 20, '\0');
    const Limits small{.bytes = 1 << 20};
    const Limits steep{.ratio = 100, .ratio_from_bytes = 1 << 20};
    CHECK(code_of([&] { plain_of(gzip(zeros), "a", small); }) == Code::archive_limits);
    CHECK(code_of([&] { plain_of(zstd(zeros), "a", small); }) == Code::archive_limits);
    CHECK(code_of([&] { plain_of(gzip(zeros), "a", steep); }) == Code::archive_limits);
    CHECK(code_of([&] { plain_of(gzip(gzip(gzip("a,b\n")))); }) == Code::archive_limits);
    CHECK_FALSE(code_of([&] { plain_of(gzip(zeros)); }));
}

TEST_CASE("unpacking can be stopped") {
    struct Stop {};
    CHECK_THROWS_AS(plain(std::make_unique<TextSource>(gzip(rows())), "a.gz", {}, [] { throw Stop{}; }), Stop);
}
