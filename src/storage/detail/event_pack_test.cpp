#include "storage/detail/event_pack.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace millrace;
using namespace millrace::storage::detail;

namespace {

std::vector<events::Event> some_events(std::size_t count) {
    std::vector<events::Event> out(count);
    for (std::size_t i = 0; i < count; ++i) {
        out[i].at = Instant{Duration{1'700'000'000'000'000 + static_cast<std::int64_t>(i)}};
        out[i].type = i % 2 ? "job.completed" : "job.running";
        out[i].version = static_cast<int>(i);
        out[i].owner = Uuid::generate();
        out[i].org = Uuid::generate();
        out[i].subject = Uuid::generate();
        out[i].data = i == 0 ? std::string{} : std::string(i, 'x');
    }
    return out;
}

}  // namespace

TEST_CASE("packed events come back as they were, numbered up to the last") {
    const auto events = some_events(100);

    const auto back = unpack(pack(events), 1234);

    REQUIRE(back.size() == events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
        CAPTURE(i);
        CHECK(back[i].seq == 1135 + static_cast<std::int64_t>(i));
        CHECK(back[i].at == events[i].at);
        CHECK(back[i].type == events[i].type);
        CHECK(back[i].version == events[i].version);
        CHECK(back[i].owner == events[i].owner);
        CHECK(back[i].org == events[i].org);
        CHECK(back[i].subject == events[i].subject);
        CHECK(back[i].json() == events[i].json());
    }
    CHECK(unpack(pack({}), 1).empty());
}

TEST_CASE("damaged packed events are refused") {
    const auto packed = pack(some_events(20));
    CHECK_THROWS_AS(unpack("", 1), std::runtime_error);
    CHECK_THROWS_AS(unpack("no zstd at all", 1), std::runtime_error);
    CHECK_THROWS_AS(unpack(packed.substr(0, packed.size() - 1), 20), std::runtime_error);
    auto flipped = packed;
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x55);
    try {
        CHECK(unpack(flipped, 20).size() <= 20);  // a changed letter is not noticed, a broken frame is
    } catch (const std::runtime_error&) {
    }
}
