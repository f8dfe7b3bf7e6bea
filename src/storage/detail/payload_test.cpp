#include "storage/detail/payload.hpp"

#include <doctest/doctest.h>

#include <functional>

using namespace millrace;
using namespace millrace::storage;
using namespace millrace::storage::detail;

namespace {

const std::string key_a = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
const std::string key_b = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";

PayloadKeys keys(const std::string& key, const std::string& previous = "") {
    return PayloadKeys{PayloadSettings{.key = Secret{key}, .previous_keys = Secret{previous}}};
}

json::value stored(const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return json::parse(*text);
    return json::parse(std::get<std::string_view>(value));
}

/// The code and the named argument of what it throws.
std::string thrown(const std::function<void()>& body, std::string_view argument = "key") {
    try {
        body();
    } catch (const Error& error) {
        std::string out{to_string(error.code())};
        for (const auto& [name, value] : error.args()) {
            if (name == argument) out += " " + value;
        }
        return out;
    }
    return "nothing";
}

boost::json::string& part(json::value& sealed, const char* name) { return sealed.at("millrace:sealed").at(name).as_string(); }

const Uuid job = Uuid::generate();
const json::value payload{{"card", "4111 1111"}, {"n", json::array{1, 2.5, nullptr}}};

}  // namespace

TEST_CASE("a payload comes back as it was, and neither its text nor twice the same is stored") {
    const auto k = keys(key_a);
    for (const auto& value : {payload, json::value("text"), json::value(7), json::value(json::array{}), json::value(std::string(100'000, 'x'))}) {
        const auto one = stored(k.sealed(job, "input", value)), two = stored(k.sealed(job, "input", value));
        CHECK(PayloadKeys::is_boxed(one));
        CHECK_FALSE(one == two);
        CHECK(k.opened(job, "input", one) == value);
        CHECK(k.opened(job, "input", two) == value);
    }
    CHECK(json::serialize(stored(k.sealed(job, "input", payload))).find("4111") == std::string::npos);
}

TEST_CASE("what says nothing is stored as it is, and without a key everything is") {
    const auto k = keys(key_a);
    CHECK(std::holds_alternative<std::nullptr_t>(k.sealed(job, "result", nullptr)));
    CHECK(stored(k.sealed(job, "input", json::object{})) == json::object{});
    CHECK(stored(PayloadKeys{}.sealed(job, "input", payload)) == payload);
    CHECK(k.opened(job, "input", payload) == payload);  // a row from before there was a key
}

TEST_CASE("a payload that looks encrypted is a payload") {
    json::value sly = stored(keys(key_a).sealed(job, "input", payload));
    for (int depth = 0; depth < 3; ++depth) {
        for (const auto& k : {PayloadKeys{}, keys(key_a)}) CHECK(k.opened(job, "input", stored(k.sealed(job, "input", sly))) == sly);
        sly = json::object{{"millrace:sealed", json::object{{"clear", sly}}}};
    }
}

TEST_CASE("a payload that was altered, or stands in another row or column, is refused") {
    const auto k = keys(key_a);
    const auto good = stored(k.sealed(job, "input", payload));
    const std::string unreadable = "payload_unreadable " + std::string{good.at("millrace:sealed").at("key").as_string()};
    CHECK(thrown([&] { k.opened(Uuid::generate(), "input", good); }) == unreadable);
    CHECK(thrown([&] { k.opened(job, "result", good); }) == unreadable);
    for (const char* name : {"nonce", "data"}) {
        CAPTURE(name);
        auto altered = good;
        part(altered, name)[0] = part(altered, name)[0] == 'A' ? 'B' : 'A';
        CHECK(thrown([&] { k.opened(job, "input", altered); }) == unreadable);
        for (const char* text : {"", "AAAA", "no base64"}) {
            part(altered, name) = text;
            CHECK(thrown([&] { k.opened(job, "input", altered); }) == unreadable);
        }
    }
}

TEST_CASE("after a change of keys old rows stay readable, and new ones are written with the new key") {
    const auto old_row = stored(keys(key_a).sealed(job, "input", payload));
    const auto both = keys(key_b, key_a);
    CHECK(both.opened(job, "input", old_row) == payload);
    const auto new_row = stored(both.sealed(job, "input", payload));
    CHECK(keys(key_b).opened(job, "input", new_row) == payload);
    // Turned off: nothing is encrypted any more, what is can be read.
    const auto off = keys("", key_b + " \n" + key_a);
    CHECK(off.opened(job, "input", old_row) == payload);
    CHECK(off.opened(job, "input", new_row) == payload);
    CHECK(stored(off.sealed(job, "input", payload)) == payload);
}

TEST_CASE("without its key, or with a wrong one, a payload is an error that names the key") {
    auto row = stored(keys(key_a).sealed(job, "input", payload));
    const std::string id{part(row, "key")};
    CHECK(id.size() == 16);
    for (const auto& k : {PayloadKeys{}, keys(key_b)}) CHECK(thrown([&] { k.opened(job, "input", row); }) == "payload_key_missing " + id);
}

TEST_CASE("keys are 32 bytes in base64 of either alphabet") {
    const std::string standard = "+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/8=", url = "-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_8";
    const auto row = stored(keys(standard).sealed(job, "input", payload));
    CHECK(keys(url).opened(job, "input", row) == payload);
    CHECK(keys(url + "\n").opened(job, "input", row) == payload);  // as a file ends
    for (const std::string wrong : {"abc", "AAAA", "not base64 at all", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"}) {
        CAPTURE(wrong);
        CHECK(thrown([&] { keys(wrong); }) == "invalid_config payload.key");
        CHECK(thrown([&] { keys(key_a, key_b + "," + wrong); }) == "invalid_config payload.previous_keys");
    }
    CHECK(thrown([&] { keys(key_a + "," + key_b); }) == "invalid_config payload.key");
}
