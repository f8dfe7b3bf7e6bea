#include "formats/unpack/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>

#include <clocale>
#include <map>

#include "formats/output.hpp"
#include "formats/sheet/testing.hpp"
#include "formats/unpack/detail/reader.hpp"
#include "formats/xlsx/testing.hpp"

using namespace millrace;
using namespace millrace::formats;
using namespace millrace::formats::unpack;
using sheet::zip_of;

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

enum class Kind { tar, seven_zip };

std::string archive_of(Kind kind, const Files& files, bool link = false) {
    std::setlocale(LC_CTYPE, "C.UTF-8");  // names are
    std::string bytes(4 << 20, '\0');
    std::size_t used = 0;
    archive* writer = archive_write_new();
    if (kind == Kind::tar) archive_write_set_format_pax_restricted(writer);
    else archive_write_set_format_7zip(writer);
    archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
    for (const auto& [name, content] : files) {
        archive_entry* entry = archive_entry_new();
        archive_entry_set_pathname(entry, name.c_str());
        archive_entry_set_filetype(entry, name.ends_with('/') ? AE_IFDIR : AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
        archive_write_header(writer, entry);
        archive_write_data(writer, content.data(), content.size());
        archive_entry_free(entry);
    }
    if (link) {
        archive_entry* entry = archive_entry_new();
        archive_entry_set_pathname(entry, "link.csv");
        archive_entry_set_filetype(entry, AE_IFLNK);
        archive_entry_set_symlink(entry, "/etc/passwd");
        archive_write_header(writer, entry);
        archive_entry_free(entry);
    }
    archive_write_close(writer);
    archive_write_free(writer);
    bytes.resize(used);
    return bytes;
}

std::string tar_of(const Files& files, bool link = false) { return archive_of(Kind::tar, files, link); }

std::string zip_of_files(const Files& files) {
    std::vector<sheet::ZipEntry> entries;
    for (const auto& [name, content] : files) entries.push_back({.name = name, .content = content});
    return zip_of(entries);
}

std::string gzip(std::string_view text) {
    TextSink sink;
    CompressedSink out{sink, Compression::gzip};
    out.write(text);
    out.finish();
    return sink.text;
}

struct Seen {
    std::string content;
    std::string skipped;
    bool operator==(const Seen&) const = default;
};

std::map<std::string, Seen> members_of(std::string bytes, const ArchiveLimits& limits = {}) {
    TextSource source{std::move(bytes)};
    std::map<std::string, Seen> seen;
    const auto visit = [&](const Member& member) {
        Seen one{.skipped = why_skipped(member)};
        if (member.content != nullptr) {
            one.content.resize(member.content->size());
            member.content->read(0, one.content);
        }
        seen.insert_or_assign(member.path, std::move(one));
    };
    each_member(source, visit, limits, {}, {.program = {.path = MILLRACE_SANDBOX_CHILD}});
    return seen;
}

std::string_view kind_of(std::string bytes) {
    TextSource source{std::move(bytes)};
    return archive_kind(source);
}

const Files orders = {{"orders.csv", "a,b\n1,2\n"}, {"2024/ÅÄÖ.csv", "c,d\n3,4\n"}, {"2024/", ""}};

}  // namespace

TEST_CASE("members of every kind of archive come with path and bytes") {
    const std::map<std::string, Seen> want = {{"orders.csv", {"a,b\n1,2\n", ""}}, {"2024/ÅÄÖ.csv", {"c,d\n3,4\n", ""}}};
    CHECK(members_of(zip_of_files({orders[0], orders[1]})) == want);
    CHECK(members_of(tar_of(orders)) == want);
    CHECK(members_of(archive_of(Kind::seven_zip, orders)) == want);
    CHECK(members_of("PK\x05\x06" + std::string(18, '\0')).empty());
}

TEST_CASE("an archive is told from a file by its content") {
    const auto book = xlsx::sheet_of("<row><c><v>1</v></c></row>");
    const std::vector<sheet::ZipEntry> stored_book = {{.name = "book.xlsx", .content = book, .stored = true}};
    struct Row { const char* name; std::string bytes; std::string_view kind; };
    for (const Row& row : std::initializer_list<Row>{
             {"zip", zip_of_files({orders[0]}), "zip"},
             {"zip of a workbook, stored as it is", zip_of(stored_book), "zip"},
             {"zip without entries", std::string{"PK\x05\x06"} + std::string(18, '\0'), "zip"},
             {"workbook", book, ""},
             {"workbook, cut off", book.substr(0, book.size() / 2), ""},
             {"text in an OpenDocument", zip_of({{.name = "mimetype", .content = "application/vnd.oasis.opendocument.text", .stored = true}}), ""},
             {"tar", tar_of(orders), "tar"},
             {"7z", archive_of(Kind::seven_zip, orders), "7z"},
             {"text", "a,b\n1,2\n", ""},
             {"blanks", std::string(2000, ' '), ""},
             {"nothing", "", ""},
         }) {
        CAPTURE(row.name);
        CHECK(kind_of(row.bytes) == row.kind);
    }
}

TEST_CASE("archives and compressed files inside of an archive are opened, one archive deep") {
    const auto inner = tar_of({{"deep.csv", "x,y\n1,2\n"}});
    const auto seen = members_of(zip_of_files({{"packed.csv.gz", gzip("a,b\n1,2\n")},
                                              {"more.tgz", gzip(inner)},
                                              {"twice.zip", zip_of_files({{"inner.tar", inner}, {"flat.csv", "e,f\n1,2\n"}})}}));
    CHECK(seen.at("packed.csv.gz").skipped.empty());
    CHECK(seen.at("more.tgz/deep.csv") == Seen{"x,y\n1,2\n", ""});
    CHECK(seen.at("twice.zip/flat.csv") == Seen{"e,f\n1,2\n", ""});
    CHECK(seen.at("twice.zip/inner.tar") == Seen{"", "archive_limits"});
    CHECK(seen.size() == 4);
}

TEST_CASE("what is no data file is passed over with a word why") {
    auto entries = std::vector<sheet::ZipEntry>{{.name = "secret.csv", .content = "a,b\n1,2\n", .password = "x"}, {.name = "orders.csv", .content = "a,b\n1,2\n"}};
    CHECK(members_of(zip_of(entries)) == std::map<std::string, Seen>{{"secret.csv", {"", "encrypted_file"}}, {"orders.csv", {"a,b\n1,2\n", ""}}});

    const auto seen = members_of(tar_of({{"README.txt", "Read me, please.\n"}, {"__MACOSX/._a.csv", "a,b\n"}, {".hidden.csv", "a,b\n"}, {"report.pdf", "%PDF-1.7 and so on"},
                                         {"empty.csv", ""}, {"logo.png", "\x89PNG\r\n\x1a\n and more"}, {"book.xlsx", xlsx::sheet_of("<row><c><v>1</v></c></row>")}}, true));
    const std::map<std::string, std::string> want = {{"README.txt", "not_data"}, {"__MACOSX/._a.csv", "not_data"}, {".hidden.csv", "not_data"},
                                                     {"report.pdf", "unsupported_format"}, {"empty.csv", "empty_file"}, {"logo.png", "unsupported_format"},
                                                     {"book.xlsx", ""}, {"link.csv", "not_a_file"}};
    for (const auto& [path, skipped] : want) {
        CAPTURE(path);
        REQUIRE(seen.contains(path));
        CHECK(seen.at(path).skipped == skipped);
    }
}

TEST_CASE("paths that lead out of the archive become harmless") {
    struct Row { std::string_view path; std::string_view want; };
    for (const Row& row : std::initializer_list<Row>{
             {"a/b.csv", "a/b.csv"},
             {"/etc/passwd", "etc/passwd"},
             {"../../x.csv", "x.csv"},
             {"a/../../x.csv", "a/x.csv"},
             {"C:\\data\\x.csv", "data/x.csv"},
             {"..\\..\\x.csv", "x.csv"},
             {"./x.csv", "x.csv"},
             {"a\r\nb.csv", "a__b.csv"},
             {"a\xff.csv", "a\xef\xbf\xbd.csv"},
             {"..", ""},
         }) {
        CAPTURE(row.path);
        CHECK(harmless_path(row.path) == row.want);
    }
    CHECK(harmless_path(std::string(5'000, 'x')).size() == 1'000);
    CHECK(members_of(tar_of({{"../../x.csv", "a,b\n1,2\n"}})).contains("x.csv"));
}

TEST_CASE("what an archive may become is limited") {
    const std::string zeros(3 << 20, '\0');
    Files many;
    for (int i = 0; i < 30; ++i) many.emplace_back(std::to_string(i) + ".csv", "a,b\n1,2\n");
    const auto code = [](std::string bytes, const ArchiveLimits& limits) { return code_of([&] { members_of(std::move(bytes), limits); }); };
    CHECK(code(zip_of_files({{"a", zeros}}), {.size = {.bytes = 1 << 20}}) == Code::archive_limits);
    CHECK(code(zip_of_files({{"a", zeros}}), {.size = {.ratio = 100, .ratio_from_bytes = 1 << 20}}) == Code::archive_limits);
    CHECK(code(zip_of_files(many), {.entries = 20}) == Code::archive_limits);
    CHECK(code(tar_of(many), {.entries = 20}) == Code::archive_limits);
    CHECK(code(tar_of(many), {.members = 20}) == Code::archive_limits);
}

TEST_CASE("parts of a zip that lie upon each other are refused") {
    const auto one = zip_of({{.name = "a.csv", .content = std::string(5'000, 'x'), .stored = true}});
    // The directory names the one part three times.
    const auto at = one.find("PK\x01\x02"), end = one.find("PK\x05\x06");
    const auto entry = one.substr(at, end - at);
    auto tail = one.substr(end);
    tail[8] = tail[10] = 3;
    tail[12] = static_cast<char>(entry.size() * 3);
    CHECK(code_of([&] { members_of(one.substr(0, at) + entry + entry + entry + tail); }) == Code::archive_limits);
}

TEST_CASE("a file without a byte is no archive") {
    CHECK(kind_of("").empty());
    CHECK(code_of([] { members_of(""); }) == Code::empty_file);
}

TEST_CASE("a damaged member does not stop the others, a damaged archive is an error") {
    auto zip = zip_of({{.name = "a.csv", .content = "a,b\n1,2\n", .stored = true}, {.name = "b.csv", .content = "c,d\n3,4\n", .stored = true}});
    zip[zip.find("1,2")] = '9';  // its checksum does not fit any more
    const auto seen = members_of(zip);
    CHECK(seen.at("a.csv") == Seen{"", "malformed_file"});
    CHECK(seen.at("b.csv") == Seen{"c,d\n3,4\n", ""});

    const auto tar = tar_of({{"a.csv", std::string(50'000, 'x')}});
    CHECK(code_of([&] { members_of(tar.substr(0, 20'000)); }) == Code::malformed_file);
    const auto seven = archive_of(Kind::seven_zip, orders);
    CHECK(code_of([&] { members_of(seven.substr(0, seven.size() - 10)); }) == Code::malformed_file);
    CHECK(code_of([&] { members_of(zip.substr(0, 40)); }) == Code::malformed_file);
}
