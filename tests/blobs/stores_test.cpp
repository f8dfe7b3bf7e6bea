#include <doctest/doctest.h>

#include "base/error.hpp"
#include "stores.hpp"

/// What every store of the catalog does, on each of them.
namespace millrace::test {
namespace {

constexpr std::string_view hello = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";  // of "hello world"

int objects_in(blobs::BlobStore& store) {
    int count = 0;
    store.each([&](const std::string&, Instant) { ++count; });
    return count;
}

int drafts_in(blobs::DraftStore& store) {
    int count = 0;
    store.each([&](const Uuid&, Instant) { ++count; });
    return count;
}

Code code_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.code();
    }
    return Code::internal;
}

}  // namespace

TEST_CASE("an object is named by the hash of its bytes and read from any offset") {
    on_each_store([](Bench& bench) {
        auto writer = bench.objects().create();
        writer->write("hello ");
        writer->write("world");
        const auto stored = writer->finish();

        CHECK(stored.sha256 == hello);
        CHECK(stored.size == 11);
        const auto reader = bench.objects().open(stored.sha256);
        CHECK(content(*reader) == "hello world");
        char middle[3];
        CHECK(reader->read(6, middle) == 3);
        CHECK(std::string_view{middle, 3} == "wor");
        CHECK(reader->read(9, middle) == 2);
        CHECK(reader->read(100, middle) == 0);
    });
}

TEST_CASE("an object of several parts is what was written, read in blocks or at once") {
    on_each_store([](Bench& bench) {
        const auto bytes = noise(2 * blobs::s3::part_bytes_min + 12'345);
        auto writer = bench.objects().create();
        for (std::size_t at = 0; at < bytes.size(); at += 1'000'003) writer->write(std::string_view{bytes}.substr(at, 1'000'003));

        const auto stored = writer->finish();

        CHECK(stored.sha256 == name_of(bytes));
        const auto reader = bench.objects().open(stored.sha256);
        CHECK(content(*reader) == bytes);
        std::string blocks;
        char block[99'999];
        while (const auto got = reader->read(blocks.size(), block)) blocks.append(block, got);
        CHECK(blocks == bytes);
    });
}

TEST_CASE("an object of no bytes is one") {
    on_each_store([](Bench& bench) {
        const auto sha256 = bench.put("");

        CHECK(sha256 == name_of(""));
        CHECK(bench.objects().open(sha256)->size() == 0);
    });
}

TEST_CASE("the same bytes are stored once") {
    on_each_store([](Bench& bench) {
        bench.put("same");
        bench.put("same");

        CHECK(objects_in(bench.objects()) == 1);
    });
}

TEST_CASE("a writer that is dropped leaves nothing behind") {
    on_each_store([](Bench& bench) {
        bench.objects().create()->write(noise(blobs::s3::part_bytes_min + 1));

        CHECK(objects_in(bench.objects()) == 0);
        CHECK(bench.objects().sweep_partial(SystemClock{}.now() + 1h) == 0);
    });
}

TEST_CASE("an object is removed unless it was stored again") {
    on_each_store([](Bench& bench) {
        const auto sha256 = bench.put("x");
        const auto now = SystemClock{}.now();

        bench.objects().remove(sha256, now - 1h);
        CHECK(bench.objects().exists(sha256));
        bench.objects().remove(sha256, now + 1h);
        CHECK(!bench.objects().exists(sha256));
        bench.objects().remove(sha256, now + 1h);
    });
}

TEST_CASE("objects are listed with the time of their storing") {
    on_each_store([](Bench& bench) {
        const auto before = SystemClock{}.now() - 2s;
        const auto sha256 = bench.put("listed");

        std::string name;
        Instant at{};
        bench.objects().each([&](const std::string& n, Instant t) { name = n, at = t; });

        CHECK(name == sha256);
        CHECK(at > before);
        CHECK(at < SystemClock{}.now() + 2s);
    });
}

TEST_CASE("a missing object and a name that is no hash are refused") {
    on_each_store([](Bench& bench) {
        CHECK(code_of([&] { bench.objects().open(std::string(64, 'a')); }) == Code::corrupt_blob);
        CHECK(code_of([&] { bench.objects().open("../../../etc/passwd"); }) == Code::corrupt_blob);
        CHECK(!bench.objects().exists(std::string(64, 'a')));
        CHECK(!bench.objects().exists("../x"));
    });
}

TEST_CASE("a draft goes on where it was, is held by one at a time and becomes an object") {
    on_each_store([](Bench& bench) {
        const auto id = Uuid::generate();
        CHECK(code_of([&] { bench.drafts().hold(id, 1); }) == Code::corrupt_blob);
        {
            const auto draft = bench.drafts().hold(id, 0);
            draft->write("hello and more");
            draft->sync();
            CHECK(bench.drafts().hold(id, 0) == nullptr);
        }
        auto again = bench.open_again();
        {
            const auto draft = again.drafts->hold(id, 5);
            CHECK(content(*again.drafts->open(id)) == "hello");
            draft->write(" world");
            draft->sync();
            CHECK(content(*again.drafts->open(id)) == "hello world");
        }

        again.drafts->store(id, std::string{hello});
        again.drafts->store(id, std::string{hello});

        CHECK(content(*bench.objects().open(std::string{hello})) == "hello world");
        CHECK(code_of([&] { again.drafts->open(id); }) == Code::corrupt_blob);
        CHECK(code_of([&] { again.drafts->store(Uuid::generate(), std::string(64, 'a')); }) == Code::corrupt_blob);
        CHECK(drafts_in(*again.drafts) == 0);
    });
}

TEST_CASE("a draft is known from its beginning until it is removed") {
    on_each_store([](Bench& bench) {
        const auto id = Uuid::generate();

        bench.drafts().hold(id, 0);

        CHECK(bench.drafts().open(id)->size() == 0);
        CHECK(drafts_in(bench.drafts()) == 1);
        bench.drafts().remove(id);
        CHECK(drafts_in(bench.drafts()) == 0);
        bench.drafts().remove(id);
    });
}

TEST_CASE("a draft of no bytes becomes an object") {
    on_each_store([](Bench& bench) {
        const auto id = Uuid::generate();
        bench.drafts().hold(id, 0)->sync();

        bench.drafts().store(id, name_of(""));

        CHECK(bench.objects().open(name_of(""))->size() == 0);
    });
}

TEST_CASE("a draft of pieces of any size is one object in the end") {
    on_each_store([](Bench& bench) {
        const auto id = Uuid::generate();
        const auto bytes = noise(3 * blobs::s3::part_bytes_min + 777);
        std::size_t at = 0;
        for (const std::size_t size : {std::size_t{1}, std::size_t{100'000}, blobs::s3::part_bytes_min + 5, std::size_t{1'000}, bytes.size()}) {
            const auto draft = bench.drafts().hold(id, at);
            const auto piece = std::string_view{bytes}.substr(at, size);
            draft->write(piece);
            draft->sync();
            at += piece.size();
        }

        CHECK(content(*bench.drafts().open(id)) == bytes);
        bench.drafts().store(id, name_of(bytes));

        CHECK(content(*bench.objects().open(name_of(bytes))) == bytes);
        CHECK(drafts_in(bench.drafts()) == 0);
    });
}

TEST_CASE("what was not synced does not have to be there, what was synced is") {
    on_each_store([](Bench& bench) {
        const auto id = Uuid::generate();
        {
            const auto draft = bench.drafts().hold(id, 0);
            draft->write("kept");
            draft->sync();
            draft->write(" and lost");
        }

        const auto draft = bench.drafts().hold(id, 4);
        draft->write(" and found");
        draft->sync();

        CHECK(content(*bench.drafts().open(id)) == "kept and found");
    });
}

TEST_CASE("a draft that begins anew has forgotten what it was") {
    on_each_store([](Bench& bench) {
        const auto id = Uuid::generate();
        {
            const auto draft = bench.drafts().hold(id, 0);
            draft->write(noise(blobs::s3::part_bytes_min + 10));
            draft->sync();
        }

        const auto draft = bench.drafts().hold(id, 0);
        CHECK(bench.drafts().open(id)->size() == 0);
        draft->write("new");
        draft->sync();

        CHECK(content(*bench.drafts().open(id)) == "new");
    });
}

TEST_CASE("of two who want a draft, in whatever process, one has it") {
    on_each_store([](Bench& bench) {
        if (!bench.shared && bench.settings.store == "s3") return;  // its only user
        const auto other = bench.open_again();
        const auto id = Uuid::generate();

        auto mine = bench.drafts().hold(id, 0);
        CHECK(other.drafts->hold(id, 0) == nullptr);
        mine.reset();

        CHECK(other.drafts->hold(id, 0) != nullptr);
    });
}

}  // namespace millrace::test
