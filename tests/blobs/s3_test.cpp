#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.hpp"
#include "blobs/s3/detail/place.hpp"
#include "http/client.hpp"
#include "stores.hpp"

/// What is special about S3, on one that checks signatures.
namespace millrace::test {
namespace {

using namespace blobs::s3;

/// Nothing, and the suite says so, when there is no S3 here.
bool is_missing() { return !swift().missing().empty(); }

std::unique_ptr<Place> place(const blobs::Settings& settings) {
    return std::make_unique<Place>(settings.s3, std::filesystem::temp_directory_path(), observe::Log{});
}

void put(Bucket& bucket, const std::string& key, std::string_view bytes) {
    Spool spool{std::filesystem::temp_directory_path()};
    spool.append(bytes);
    bucket.put(key, spool);
}

std::string get(Bucket& bucket, const std::string& key) {
    std::string out(bucket.size_of(key).value_or(0), '\0');
    CHECK(bucket.read(key, 0, out));
    return out;
}

std::vector<Segment> put_segments(Bucket& bucket, std::string_view bytes, std::initializer_list<std::size_t> sizes) {
    std::vector<Segment> out;
    std::size_t at = 0;
    for (const auto size : sizes) {
        out.push_back({segment_key("drafts/d/", at, "a"), at, size});
        put(bucket, out.back().key, bytes.substr(at, size));
        at += size;
    }
    return out;
}

}  // namespace

TEST_CASE("keys, queries and bytes of every kind are signed as the service reads them") {
    if (is_missing()) return;
    const auto p = place(s3_settings());
    for (const std::string key : {"plain", "a b", "a+b=c&d", "dir/ü/ß", "100%", "~-._", "a'b(c)!*"}) {
        CAPTURE(key);
        put(p->bucket, key, "bytes of " + key);
        CHECK(get(p->bucket, key) == "bytes of " + key);
        CHECK(p->bucket.copy(key, key + " copy"));
        CHECK(p->bucket.list(key).entries.size() == 2);
        p->bucket.remove(key);
        CHECK(!p->bucket.size_of(key));
    }
}

TEST_CASE("a signed address gives its object for a while, and no other") {
    if (is_missing()) return;
    const auto settings = s3_settings();
    const auto p = place(settings);
    put(p->bucket, "given", "to you");
    const auto ask = [&](const std::string& key, Instant at, const std::string& tail) {
        sigv4::Request request;
        request.host = settings.s3.endpoint.substr(7);
        request.path = std::string{"/"} + Swift::bucket + '/' + settings.s3.prefix + "given";
        const auto query = sigv4::presign(request, {settings.s3.access_key, settings.s3.secret_key, {}, settings.s3.region}, at, 60s);
        return http::Client{}.send({.url = settings.s3.endpoint + '/' + Swift::bucket + '/' + settings.s3.prefix + key + '?' + query + tail});
    };
    const auto now = SystemClock{}.now();

    const auto good = ask("given", now, "");

    CHECK(good.status == 200);
    CHECK(good.body == "to you");
    CHECK(ask("given", now - 2min, "").status == 403);
    CHECK(ask("other", now, "").status == 403);
    CHECK(ask("given", now, "0").status == 403);
}

TEST_CASE("a bucket may stand in the host") {
    if (is_missing()) return;
    auto settings = s3_settings();
    const auto by_path = place(settings);
    put(by_path->bucket, "here", "x");
    settings.s3.endpoint = "http://localhost" + settings.s3.endpoint.substr(settings.s3.endpoint.rfind(':'));
    settings.s3.path_style = false;

    const auto by_host = place(settings);

    by_host->bucket.check();
    CHECK(get(by_host->bucket, "here") == "x");
    CHECK(by_host->bucket.list("").entries.size() == 1);
    put(by_host->bucket, "there", "y");
    CHECK(get(by_path->bucket, "there") == "y");
}

TEST_CASE("more names than one page has are all listed, in order") {
    if (is_missing()) return;
    const auto p = place(s3_settings());
    const std::size_t count = 1'050;
    std::vector<Entry> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back({"many/" + segment_key("", i, "x"), 0, {}});
    for (const auto& entry : all) put(p->bucket, entry.key, "");

    const auto listed = p->bucket.list("many/");

    REQUIRE(listed.entries.size() == count);
    CHECK(std::ranges::equal(listed.entries, all, {}, &Entry::key, &Entry::key));
    CHECK(listed.now);
    p->bucket.remove(all);
    CHECK(p->bucket.list("many/").entries.empty());
}

TEST_CASE("an upload in parts that was left goes on with the parts that are there") {
    if (is_missing()) return;
    const auto p = place(s3_settings());
    const auto bytes = noise(3 * part_bytes_min);
    const auto segments = put_segments(p->bucket, bytes, {part_bytes_min, part_bytes_min, part_bytes_min});
    const Unfinished left{"objects/o", p->bucket.begin_parts("objects/o"), {}};
    Spool second{p->spool};
    gather(p->bucket, std::span{segments}.subspan(1, 1), second);
    CHECK(p->bucket.put_part(left, 2, second));
    p->bucket.remove(segments[1].key);  // it can only come from the part that is there

    assemble(p->bucket, segments, "objects/o", p->spool);

    CHECK(get(p->bucket, "objects/o") == bytes);
    CHECK(p->bucket.unfinished("objects/").empty());
}

TEST_CASE("an upload in parts of another shape is left alone") {
    if (is_missing()) return;
    const auto p = place(s3_settings());
    const auto bytes = noise(2 * part_bytes_min);
    const auto segments = put_segments(p->bucket, bytes, {part_bytes_min, part_bytes_min});
    const Unfinished other{"objects/o", p->bucket.begin_parts("objects/o"), {}};
    put(p->bucket, "other", "another part");
    CHECK(p->bucket.copy_part(other, 1, "other", 12));

    assemble(p->bucket, segments, "objects/o", p->spool);

    CHECK(get(p->bucket, "objects/o") == bytes);
    const auto left = p->bucket.parts(other);
    REQUIRE(left);
    CHECK(left->size() == 1);
}

TEST_CASE("a segment that is missing makes no object") {
    if (is_missing()) return;
    const auto p = place(s3_settings());
    const auto segments = put_segments(p->bucket, noise(2 * part_bytes_min), {part_bytes_min, part_bytes_min});
    p->bucket.remove(segments[1].key);

    CHECK_THROWS_AS(assemble(p->bucket, segments, "objects/o", p->spool), Error);
    CHECK(!p->bucket.size_of("objects/o"));
}

TEST_CASE("what interrupted writers left is swept, what is young stays") {
    if (is_missing()) return;
    const auto settings = s3_settings();
    Bench bench{"s3", settings, false};
    const auto p = place(settings);
    put(p->bucket, "partial/p/" + segment_key("", 0, "a"), "left");
    const Unfinished left{"objects/o", p->bucket.begin_parts("objects/o"), {}};
    put(p->bucket, "part", "x");
    CHECK(p->bucket.copy_part(left, 1, "part", 1));
    const auto now = SystemClock{}.now();

    CHECK(bench.objects().sweep_partial(now - 1h) == 0);
    CHECK(bench.objects().sweep_partial(now + 1h) == 2);

    CHECK(p->bucket.list("partial/").entries.empty());
    CHECK(!p->bucket.parts(left));
}

TEST_CASE("a draft whose store was interrupted is stored again") {
    if (is_missing()) return;
    const auto settings = s3_settings();
    Bench bench{"s3", settings, false};
    const auto p = place(settings);
    const auto id = Uuid::generate();
    const auto bytes = noise(2 * part_bytes_min + 5);
    {
        const auto draft = bench.drafts().hold(id, 0);
        draft->write(bytes);
        draft->sync();
    }
    const auto segments = p->bucket.list("drafts/" + id.str() + '/').entries;
    put(p->bucket, "objects/" + name_of(bytes), bytes);
    p->bucket.remove(segments.front().key);  // as a crash while they are removed leaves them

    bench.drafts().store(id, name_of(bytes));

    CHECK(content(*bench.objects().open(name_of(bytes))) == bytes);
    CHECK(p->bucket.list("drafts/").entries.empty());
}

TEST_CASE("who has left a draft held and died is found out by the age of its hold") {
    if (is_missing()) return;
    const auto settings = s3_settings();
    Bench bench{"s3", settings, true};
    const auto id = Uuid::generate();
    const auto p = place(settings);
    put(p->bucket, "drafts/" + id.str() + "/held-" + Uuid::generate().str(), "");

    CHECK(bench.drafts().hold(id, 0) == nullptr);
    CHECK(p->bucket.list("drafts/" + id.str()).entries.size() == 1);
}

}  // namespace millrace::test
