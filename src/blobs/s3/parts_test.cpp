#include <doctest/doctest.h>

#include "blobs/s3/detail/segments.hpp"
#include "blobs/s3/detail/xml.hpp"

using namespace millrace;
using namespace millrace::blobs::s3;

TEST_CASE("answers in XML are read, and what no answer of S3 has is not") {
    const auto root = parse_xml("<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Contents><Key>a&amp;b</Key></Contents></ListBucketResult>");
    REQUIRE(root);
    CHECK(root->name == "ListBucketResult");
    CHECK(root->children.front().text_of("Key") == "a&b");
    CHECK(root->text_of("Nothing").empty());

    std::string deep;
    for (int i = 0; i < 100; ++i) deep += "<a>";
    for (const std::string& text : {std::string{}, std::string{"<a>"}, std::string{"no xml"}, std::string{"<a></b>"}, deep,
                                    std::string{"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"}, std::string{"<a>\xff</a>"}}) {
        CAPTURE(text);
        CHECK(!parse_xml(text));
    }
}

TEST_CASE("segments that follow each other are a chain, and the later writer counts") {
    const std::string directory = "drafts/x/";
    const auto key = [&](std::uint64_t offset, const char* writer) { return segment_key(directory, offset, writer); };
    struct Row { const char* name; std::vector<Entry> entries; std::vector<std::string> want; std::uint64_t size; bool broken; };
    for (const Row& row : std::initializer_list<Row>{
             {"nothing", {}, {}, 0, false},
             {"in a row", {{key(0, "a"), 5, {}}, {key(5, "a"), 7, {}}}, {key(0, "a"), key(5, "a")}, 12, false},
             {"a begun one", {{key(0, "a"), 0, {}}}, {key(0, "a")}, 0, false},
             {"begun by one, written by another", {{key(0, "a"), 0, {}}, {key(0, "b"), 3, {}}}, {key(0, "b")}, 3, false},
             {"two at one place", {{key(0, "a"), 5, {}}, {key(5, "a"), 7, {}}, {key(5, "b"), 9, {}}}, {key(0, "a"), key(5, "b")}, 14, false},
             {"in the middle of another", {{key(0, "a"), 5, {}}, {key(2, "b"), 9, {}}}, {key(0, "a")}, 5, false},
             {"after a gap", {{key(0, "a"), 5, {}}, {key(6, "a"), 7, {}}}, {key(0, "a")}, 5, true},
             {"without its beginning", {{key(5, "a"), 7, {}}}, {}, 0, true},
             {"beside a hold", {{key(0, "a"), 5, {}}, {directory + "held-b", 0, {}}}, {key(0, "a")}, 5, false},
         }) {
        CAPTURE(row.name);
        const auto chain = chain_of(directory, row.entries);
        std::vector<std::string> keys;
        for (const auto& segment : chain.segments) keys.push_back(segment.key);
        CHECK(keys == row.want);
        CHECK(chain.size() == row.size);
        CHECK(chain.broken == row.broken);
    }
}

TEST_CASE("bytes wait in memory or in a file and come out as they went in") {
    for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{256 << 10}, std::size_t{3'000'000}}) {
        CAPTURE(size);
        std::string bytes(size, '\0');
        for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 >> 3);
        Spool spool{std::filesystem::temp_directory_path()};
        for (std::size_t at = 0; at < size; at += 70'000) spool.append(std::string_view{bytes}.substr(at, 70'000));

        std::string back(size + 10, '\0');
        std::size_t got = 0;
        while (const auto n = spool.read(got, std::span{back}.subspan(got))) got += n;

        CHECK(got == size);
        back.resize(got);
        CHECK(back == bytes);
        CHECK(spool.sha256() == to_hex(sha256(bytes)));
        spool.clear();
        CHECK(spool.size() == 0);
        spool.append("again");
        CHECK(spool.sha256() == to_hex(sha256("again")));
    }
}
