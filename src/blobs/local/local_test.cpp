#include <doctest/doctest.h>

#include <fstream>

#include "base/error.hpp"
#include "base/uuid.hpp"
#include "blobs/local/local.hpp"

using namespace millrace;
namespace fs = std::filesystem;

namespace {

struct Directory {
    fs::path path = fs::temp_directory_path() / ("millrace-blobs-" + Uuid::generate().str());
    ~Directory() { fs::remove_all(path); }
};

std::string content(blobs::Reader& reader) {
    std::string text(reader.size(), '\0');
    CHECK(reader.read(0, text) == text.size());
    return text;
}

int partial_files(const fs::path& root) {
    int count = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator{root / "partial"}) ++count;
    return count;
}

}  // namespace

TEST_CASE("an object is named by the hash of its bytes and read from any offset") {
    const Directory directory;
    const auto store = blobs::local::open(directory.path);

    auto writer = store->create();
    writer->write("hello ");
    writer->write("world");
    const auto stored = writer->finish();

    CHECK(stored.sha256 == "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
    CHECK(stored.size == 11);
    const auto reader = store->open(stored.sha256);
    CHECK(content(*reader) == "hello world");
    char middle[3];
    CHECK(reader->read(6, middle) == 3);
    CHECK(std::string_view{middle, 3} == "wor");
    CHECK(reader->read(100, middle) == 0);
}

TEST_CASE("the same bytes are stored once") {
    const Directory directory;
    const auto store = blobs::local::open(directory.path);

    for (int i = 0; i < 2; ++i) {
        auto writer = store->create();
        writer->write("same");
        writer->finish();
    }

    int objects = 0;
    store->each([&](const std::string&, Instant) { ++objects; });
    CHECK(objects == 1);
}

TEST_CASE("a writer that is dropped leaves nothing behind") {
    const Directory directory;
    const auto store = blobs::local::open(directory.path);

    store->create()->write("half");

    CHECK(partial_files(directory.path) == 0);
}

TEST_CASE("what a crash left half-written is swept, young files stay") {
    const Directory directory;
    const auto store = blobs::local::open(directory.path);
    std::ofstream{directory.path / "partial" / "left-behind"} << "half";
    const auto now = SystemClock{}.now();

    CHECK(store->sweep_partial(now - 1h) == 0);
    CHECK(store->sweep_partial(now + 1h) == 1);
}

TEST_CASE("an object is removed unless it was stored again") {
    const Directory directory;
    const auto store = blobs::local::open(directory.path);
    auto writer = store->create();
    writer->write("x");
    const auto sha256 = writer->finish().sha256;
    const auto now = SystemClock{}.now();

    store->remove(sha256, now - 1h);
    CHECK(store->exists(sha256));
    store->remove(sha256, now + 1h);
    CHECK(!store->exists(sha256));
}

TEST_CASE("a missing object and a name that is no hash are refused") {
    const Directory directory;
    const auto store = blobs::local::open(directory.path);

    CHECK_THROWS_AS(store->open(std::string(64, 'a')), Error);
    CHECK_THROWS_AS(store->open("../../../etc/passwd"), Error);
    CHECK(!store->exists("../x"));
}

TEST_CASE("a draft goes on where it was, is held by one at a time and becomes an object") {
    const Directory directory;
    const auto store = blobs::local::open(directory.path);
    const auto id = Uuid::generate();
    const std::string sha256 = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";  // of "hello world"
    {
        const auto drafts = blobs::local::open_drafts(directory.path);
        CHECK_THROWS_AS(drafts->hold(id, 1), Error);
        const auto draft = drafts->hold(id, 0);
        draft->write("hello and more");
        draft->sync();
        CHECK(drafts->hold(id, 0) == nullptr);
    }
    const auto drafts = blobs::local::open_drafts(directory.path);
    const auto draft = drafts->hold(id, 5);
    draft->write(" world");
    draft->sync();
    CHECK(content(*drafts->open(id)) == "hello world");
    CHECK_THROWS_AS(drafts->store(Uuid::generate(), sha256), Error);

    drafts->store(id, sha256);
    drafts->store(id, sha256);

    CHECK(content(*store->open(sha256)) == "hello world");
    CHECK_THROWS_AS(drafts->open(id), Error);
    const auto other = Uuid::generate();
    drafts->hold(other, 0);
    int seen = 0;
    drafts->each([&](const Uuid& each, Instant) { seen += each == other; });
    drafts->remove(other);
    drafts->each([&](const Uuid&, Instant) { ++seen; });
    CHECK(seen == 1);
}
