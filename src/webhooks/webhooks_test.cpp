#include <doctest/doctest.h>

#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "webhooks/payload.hpp"
#include "webhooks/settings.hpp"
#include "webhooks/signature.hpp"
#include "webhooks/url_check.hpp"

using namespace millrace;
using namespace millrace::webhooks;

namespace {

const Instant noon{std::chrono::seconds{1'700'000'000}};

Webhook some_webhook() {
    Webhook webhook;
    webhook.id = Uuid::from_name("t", "webhook");
    webhook.owner = Uuid::from_name("t", "owner");
    webhook.org = Uuid::from_name("t", "org");
    webhook.url = "https://Hooks.example:8443/x";
    webhook.types = {"job.*"};
    return webhook;
}

events::Event some_event(std::string data) {
    events::Event event;
    event.seq = 7;
    event.at = noon;
    event.type = "job.completed";
    event.org = Uuid::from_name("t", "org");
    event.subject = Uuid::from_name("t", "job");
    event.data = std::move(data);
    return event;
}

Delivery delivery_in_round(int round) {
    Delivery delivery;
    delivery.seq = 1;
    delivery.round = round;
    return delivery;
}

Attempt answered(int status) {
    Attempt attempt;
    attempt.at = noon;
    attempt.took = 2s;
    if (status != 0) attempt.status = status;
    return attempt;
}

std::string text_at(const json::value& value, std::string_view name) {
    return std::string{std::string_view{value.as_object().at(name).as_string()}};
}

}  // namespace

TEST_CASE("signatures are those of the Standard Webhooks specification") {
    // Computed by another program (Python's hmac); the first is the vector that the libraries of the specification test.
    struct Row { const char* name; const char* secret; const char* id; std::int64_t timestamp; const char* body; const char* want; };
    for (const Row& row : std::initializer_list<Row>{
             {"reference", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}",
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
             {"utf-8", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "01a204f5-b92e-714b-b9b5-be2190840d11", 1700000000,
              "{\"type\":\"job.completed\",\"timestamp\":\"2026-11-22T15:47:00.123Z\",\"data\":{\"name\":\"caf\xC3\xA9\"}}",
              "v1,0H2uO4DOIzvKqq5bPgf3HIhSi2Z9CFSW8L2mB5wr8us="},
             {"plus and slash", "whsec_+//++//++//++//++//++//++//++//+", "a", 0, "", "v1,qvopLV1C2xS6ZRCp6Wo38f7xbVtUbWS9RrYEkgva5Ng="},
             {"64 bytes", "whsec_/////////////////////////////////////////////////////////////////////////////////////w==", "a", 1, "x",
              "v1,wzFimccWPxNOKNWVXW9f/LiysfDku2g9zLzsBjrsSrA="},
             {"25 bytes", "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ubw==", "a", 1, "x", "v1,AaCXQg/djz33OotwRpEPxKX/FlNwu/+EwQjIZWRG5/k="},
         }) {
        CAPTURE(row.name);
        CHECK(sign(Secret{row.secret}, row.id, row.timestamp, row.body) == row.want);
    }
}

TEST_CASE("a secret is whsec_ and base64 of 32 bytes, another one each time") {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const auto secret = make_secret();
        CHECK(secret.expose().starts_with("whsec_"));
        CHECK(secret.size() == 6 + 44);
        CHECK(seen.insert(secret.expose()).second);
    }
}

TEST_CASE("after a rotation both secrets sign until the overlap ends") {
    auto webhook = some_webhook();
    webhook.secret = make_secret();
    const auto alone = sign(webhook.secret, "id", 1'700'000'000, "body");
    CHECK(signature_header(webhook, "id", noon, "body") == alone);

    webhook.previous_secret = make_secret();
    webhook.previous_until = noon + 1s;

    CHECK(signature_header(webhook, "id", noon, "body") == alone + " " + sign(webhook.previous_secret, "id", 1'700'000'000, "body"));
    webhook.previous_until = noon;
    CHECK(signature_header(webhook, "id", noon, "body") == alone);
}

TEST_CASE("types are words with a point between them, or a star") {
    for (const char* good : {"*", "job.*", "job.completed", "dataset.created", "a1_b.c_2"}) {
        CAPTURE(good);
        CHECK(is_type_pattern(good));
    }
    for (const char* bad : {"", "job", "job.", ".completed", "job.comp*", "*.completed", "job.*.x", "Job.completed", "job completed", "job.a.b", "**", "j\xC3\xB6" "b.x"}) {
        CAPTURE(bad);
        CHECK_FALSE(is_type_pattern(bad));
    }
}

TEST_CASE("a webhook wants what one of its types names") {
    struct Row { const char* pattern; const char* type; bool want; };
    for (const Row& row : std::initializer_list<Row>{
             {"job.completed", "job.completed", true},
             {"job.completed", "job.completed_late", false},
             {"job.*", "job.failed", true},
             {"job.*", "jobs.failed", false},
             {"job.*", "job", false},
             {"*", "dataset.created", true},
         }) {
        CAPTURE(row.pattern);
        CAPTURE(row.type);
        auto webhook = some_webhook();
        webhook.types = {"other.thing", row.pattern};
        CHECK(wants(webhook, row.type) == row.want);
    }
}

TEST_CASE("the id of a delivery derives from webhook and event, and sorts by the event's time") {
    const auto webhook = some_webhook().id;
    const auto id = delivery_id(webhook, 7, noon);

    CHECK(delivery_id(webhook, 7, noon) == id);
    CHECK(delivery_id(webhook, 8, noon) != id);
    CHECK(delivery_id(Uuid::from_name("t", "other"), 7, noon) != id);
    CHECK(delivery_id(webhook, 7, noon + 1ms) > id);
    CHECK(delivery_id(webhook, 6, noon - 1ms) < id);
    for (int seq = 1; seq < 4095; ++seq) {
        CAPTURE(seq);
        CHECK(delivery_id(webhook, seq, noon) < delivery_id(webhook, seq + 1, noon));
    }
    CHECK(id.str()[14] == '7');
    CHECK(std::string_view{"89ab"}.contains(id.str()[19]));
    CHECK(id.str().substr(0, 13) == "018bcfe5-6800");  // 1 700 000 000 000 ms
}

TEST_CASE("what follows an attempt") {
    const std::vector<Duration> pauses{10s, 100s};
    struct Row { const char* name; int round; int status; Next::Kind want; Duration after; };
    for (const Row& row : std::initializer_list<Row>{
             {"200", 0, 200, Next::Kind::delivered, 0s},
             {"204", 0, 204, Next::Kind::delivered, 0s},
             {"299 at the last try", 2, 299, Next::Kind::delivered, 0s},
             {"gone", 0, 410, Next::Kind::gone, 0s},
             {"no answer", 0, 0, Next::Kind::retry, 10s},
             {"redirect", 0, 302, Next::Kind::retry, 10s},
             {"not found", 1, 404, Next::Kind::retry, 100s},
             {"server error", 1, 500, Next::Kind::retry, 100s},
             {"used up", 2, 500, Next::Kind::failed, 0s},
             {"beyond", 9, 500, Next::Kind::failed, 0s},
             {"informational", 0, 101, Next::Kind::retry, 10s},
         }) {
        CAPTURE(row.name);
        const auto next = after_attempt(delivery_in_round(row.round), answered(row.status), {}, pauses, 0.5);
        CHECK(next.kind == row.want);
        if (row.want == Next::Kind::retry) CHECK(next.at == noon + 2s + row.after);
        CHECK_FALSE(next.hold_until);
    }
}

TEST_CASE("the pause varies by a tenth to either side") {
    const std::vector<Duration> pauses{100s};
    const auto at = [&](double jitter) { return after_attempt(delivery_in_round(0), answered(500), {}, pauses, jitter).at; };
    CHECK(at(0.0) == noon + 92s);
    CHECK(at(0.5) == noon + 102s);
    CHECK(at(0.99) > noon + 111s);
    CHECK(at(0.99) < noon + 112s);
}

TEST_CASE("a test is tried once") {
    Delivery test;
    CHECK(after_attempt(test, answered(500), {}, std::vector<Duration>{1s}, 0).kind == Next::Kind::failed);
}

TEST_CASE("Retry-After of 429 and 503 holds the webhook, up to a day") {
    const std::vector<Duration> pauses{10s};
    const auto next = [&](int status, Instant until) { return after_attempt(delivery_in_round(0), answered(status), until, pauses, 0.5); };

    CHECK(next(503, noon + 1h).at == noon + 1h);
    CHECK(next(503, noon + 1h).hold_until == noon + 1h);
    CHECK(next(429, noon + 1h).at == noon + 1h);
    CHECK(next(429, noon + 3s).at == noon + 12s);  // not earlier than the schedule
    CHECK(next(429, noon + 240h).at == noon + 24h + 2s);
    CHECK(next(500, noon + 1h).at == noon + 12s);
    CHECK_FALSE(next(500, noon + 1h).hold_until);
}

TEST_CASE("an event is written as type, timestamp and data") {
    const auto delivery = delivery_of(some_webhook(), some_event(R"({"id":"x","n":1})"), noon + 1s);

    CHECK(delivery.body == R"({"type":"job.completed","timestamp":"2023-11-14T22:13:20.000Z","data":{"id":"x","n":1}})");
    CHECK(delivery.id == delivery_id(some_webhook().id, 7, noon));
    CHECK(delivery.seq == 7);
    CHECK(delivery.host == "hooks.example");
    CHECK(delivery.next_at == noon + 1s);
    CHECK(content_type(Format::standard) == "application/json");
}

TEST_CASE("or as a CloudEvent") {
    const auto body = json::parse(payload(some_event(R"({"n":1})"), Format::cloudevents, "7"));

    CHECK(text_at(body, "specversion") == "1.0");
    CHECK(text_at(body, "id") == "7");
    CHECK(text_at(body, "type") == "job.completed");
    CHECK(text_at(body, "source") == "urn:uuid:" + Uuid::from_name("t", "org").str());
    CHECK(text_at(body, "subject") == Uuid::from_name("t", "job").str());
    CHECK(text_at(body, "time") == "2023-11-14T22:13:20.000Z");
    CHECK(text_at(body, "datacontenttype") == "application/json");
    CHECK(body.as_object().at("data").as_object().at("n").as_int64() == 1);
    CHECK(content_type(Format::cloudevents) == "application/cloudevents+json");
}

TEST_CASE("an event that is too large is sent as ids and a link") {
    const auto job = Uuid::from_name("t", "job").str(), dataset = Uuid::from_name("t", "dataset").str();
    json::object data{{"id", job},         {"state", "completed"}, {"dataset_id", dataset},
                      {"supplier_id", "not an id of ours"}, {"message", std::string(30'000, 'x')}, {"kind", std::string(100, 'k')},
                      {"links", json::object{{"self", "/api/v2/jobs/" + job}}}};
    for (const auto format : {Format::standard, Format::cloudevents}) {
        const auto text = payload(some_event(json::serialize(data)), format, "7");
        CHECK(text.size() < 1000);
        const auto want = json::object{{"id", job}, {"state", "completed"}, {"dataset_id", dataset}, {"link", "/api/v2/jobs/" + job}, {"reduced", true}};
        CHECK(json::parse(text).as_object().at("data") == want);
    }
    CHECK(json::parse(payload(some_event("\"" + std::string(30'000, 'x') + "\""), Format::standard, "7")).as_object().at("data") ==
          json::object{{"id", job}, {"link", "/api/v2/jobs/" + job}, {"reduced", true}});
}

TEST_CASE("no payload reaches 20 kB, and what fits is left as it is") {
    const auto with = [](std::size_t bytes) {
        return payload(some_event("{\"message\":\"" + std::string(bytes, 'x') + "\"}"), Format::standard, "7");
    };
    for (std::size_t bytes = 19'800; bytes < 20'000; ++bytes) CHECK(with(bytes).size() < payload_bytes_max);
    CHECK(with(19'800).size() > 19'800);
}

TEST_CASE("a test has an id of its own and names the webhook") {
    const auto webhook = some_webhook();
    const auto one = test_delivery(webhook, noon), other = test_delivery(webhook, noon);

    CHECK(one.id != other.id);
    CHECK(one.is_test());
    CHECK(text_at(json::parse(one.body), "type") == "webhook.test");
    CHECK(one.subject == webhook.id);
}

TEST_CASE("settings that make no sense are named") {
    Settings settings;
    std::vector<Issue> issues;
    settings.check(issues);
    CHECK(issues.empty());
    Duration sum{};
    for (const auto pause : settings.pauses()) sum += pause;
    CHECK(sum > std::chrono::days{3});
    CHECK(sum < std::chrono::days{4});

    settings.allow_private = {"10.0.0.0/8", "10.0.0.0/99"};
    settings.retries = {"5s", "soon"};
    settings.timeout = 0s;
    settings.parallel = 0;
    settings.parallel_per_host = 0;
    settings.poll = 0s;
    settings.check(issues);

    CHECK(issues.size() == 6);
}

TEST_CASE("a URL is refused for what it says and for where its name leads") {
    const http::AddressPolicy none, loopback{{"127.0.0.0/8", "::1"}};
    UrlCheck strict{none}, lenient{loopback};

    CHECK(strict.refusal("https://user@hooks.example/") == "it holds a user name or password");
    CHECK(strict.refusal("https://127.0.0.1/") == "its host has a loopback address");
    CHECK(strict.refusal("http://93.184.216.34/") == "https is required");
    CHECK(strict.refusal("https://93.184.216.34/").empty());
    CHECK(strict.refusal("https://localhost/") == "its host has a loopback address");
    CHECK(strict.refusal("https://LOCALHOST./") == "its host has a loopback address");
    CHECK(lenient.refusal("http://localhost:9000/").empty());
    CHECK(lenient.refusal("http://127.0.0.1:9000/").empty());
    CHECK(lenient.refusal("http://no-such-host.invalid/") == "https is required");
}
