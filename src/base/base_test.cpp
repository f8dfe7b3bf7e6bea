#include <doctest/doctest.h>

#include <set>

#include "base/clock.hpp"
#include "base/describe.hpp"
#include "base/hash.hpp"
#include "base/messages/messages.hpp"
#include "base/uuid.hpp"

using namespace millrace;

namespace {

BOOST_DEFINE_ENUM_CLASS(Colour, red, green)

struct Inner {
    int count = 0;
    std::optional<std::string> note;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (count, note))

struct Outer {
    std::string name;
    Colour colour = Colour::red;
    std::vector<Inner> items;
    std::int64_t big = 0;
    static std::array<std::string_view, 1> required() { return {"name"}; }
};
BOOST_DESCRIBE_STRUCT(Outer, (), (name, colour, items, big))

}  // namespace

TEST_CASE("a described struct survives writing and reading") {
    const Outer out{"n\"\n", Colour::green, {{1, "x"}, {2, std::nullopt}}, (std::int64_t{1} << 53) + 1};

    const auto text = to_json(out);

    CHECK(text == R"({"name":"n\"\n","colour":"green","items":[{"count":1,"note":"x"},{"count":2,"note":null}],)"
                  R"("big":"9007199254740993"})");
    const auto back = parse_body<Outer>(R"({"name":"a","colour":"green","items":[{"count":1}]})");
    CHECK(back.colour == Colour::green);
    CHECK(back.items.at(0).count == 1);
}

TEST_CASE("every problem of a body is reported at its place") {
    try {
        parse_body<Outer>(R"({"colour":"blue","items":[{"count":"x"}],"extra":1})");
        FAIL("accepted");
    } catch (const Error& error) {
        REQUIRE(error.issues.size() == 4);
        std::set<std::string> pointers;
        for (const auto& issue : error.issues) pointers.insert(issue.pointer + " " + issue.code);
        CHECK(pointers == std::set<std::string>{"/name required", "/colour unknown_value", "/items/0/count wrong_type",
                                                "/extra unknown_field"});
    }
}

TEST_CASE("bodies that are not strict JSON are refused") {
    for (const std::string_view text : {"", "{", "{\"a\":1,\"a\":2}", "[1,]", "\"\xff\"", "{} x", "nul", "{'a':1}"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(json::parse(text), Error);
    }
    CHECK_THROWS_AS(json::parse(std::string(65, '[') + std::string(65, ']')), Error);
    CHECK_NOTHROW(json::parse(std::string(64, '[') + std::string(64, ']')));
}

TEST_CASE("times read and write RFC 3339") {
    const auto at = from_rfc3339("2026-11-22T15:47:00.123456Z");
    REQUIRE(at);
    CHECK(to_rfc3339(*at) == "2026-11-22T15:47:00.123Z");
    CHECK(from_rfc3339("2026-11-22T16:47:00.123456+01:00") == at);
    for (const auto text : {"2026-02-30T00:00:00Z", "2026-11-22", "2026-11-22T15:47:00", "2026-11-22T24:00:00Z", "x"}) {
        CAPTURE(text);
        CHECK(!from_rfc3339(text));
    }
}

TEST_CASE("ids are ordered by creation and read strictly") {
    auto last = Uuid::generate();
    for (int i = 0; i < 10000; ++i) {
        const auto next = Uuid::generate();
        REQUIRE(last < next);
        last = next;
    }
    CHECK(Uuid::parse(last.str()) == last);
    CHECK(last.str()[14] == '7');
    CHECK(!Uuid::parse("{" + last.str() + "}"));
    CHECK(Uuid::from_name("user", "a") == Uuid::from_name("user", "a"));
    CHECK(Uuid::from_name("user", "a") != Uuid::from_name("user", "b"));
}

TEST_CASE("base64url is strict and SHA-256 is SHA-256") {
    std::string out;
    CHECK(from_base64url(to_base64url("any carnal pleas"), out));
    CHECK(out == "any carnal pleas");
    CHECK(!from_base64url("YQ==", out));
    CHECK(!from_base64url("YR", out));  // stray bits
    CHECK(!from_base64url("Y", out));
    CHECK(to_hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("base64 is padded, and HMAC-SHA-256 gives what RFC 4231 says") {
    CHECK(to_base64("") == "");
    CHECK(to_base64("f") == "Zg==");
    CHECK(to_base64("fo") == "Zm8=");
    CHECK(to_base64("foo") == "Zm9v");
    CHECK(to_base64("\xfb\xff\xfe") == "+//+");
    CHECK(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(to_hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("every code has a text in every language and its placeholders are the same") {
    const auto placeholders = [](std::string_view text) {
        std::set<std::string> names;
        for (auto open = text.find('{'); open != text.npos; open = text.find('{', open + 1)) {
            names.emplace(text.substr(open, text.find('}', open) - open));
        }
        return names;
    };
    for (int i = 0; i <= static_cast<int>(Code::interrupted); ++i) {
        const auto code = static_cast<Code>(i);
        CAPTURE(to_string(code));
        CHECK(code_from(to_string(code)) == code);
        for (const auto& table : message_tables()) {
            CAPTURE(table.language);
            CHECK(!table.text(code).empty());
            CHECK(placeholders(table.text(code)) == placeholders(message_en(code)));
        }
    }
}

TEST_CASE("an error fills its message in the language asked for") {
    const Error error{Code::payload_too_large, {{"limit", "10"}}};
    CHECK(std::string_view{error.what()} == "The body is larger than the limit of 10 bytes.");
    CHECK(error.message("nl") == "De inhoud is groter dan de grens van 10 bytes.");
    CHECK(error.message("xx") == error.what());
}
