#pragma once

#include <cmath>
#include <cstdint>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/uuid.hpp"

namespace millrace::sim {

/// All chance of a world comes from its seed (splitmix64).
class Chance final : public Random {
public:
    explicit Chance(std::uint64_t seed) : state_{seed} {}
    /// Another stream of chance that does not depend on how much this one is used later.
    Chance fork(std::uint64_t salt) const { return Chance{mix(state_ ^ mix(salt + 0x632BE59BD9B4E019ull))}; }

    std::uint64_t next() override {
        state_ += 0x9E3779B97F4A7C15ull;
        return mix(state_);
    }
    bool is(double probability) { return uniform() < probability; }
    /// In [from, to].
    std::int64_t between(std::int64_t from, std::int64_t to) {
        return from + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(to - from + 1));
    }
    int number(int from, int to) { return static_cast<int>(between(from, to)); }
    Duration time(Duration from, Duration to) { return Duration{between(from.count(), to.count())}; }
    /// Mostly short, now and then `longest`.
    Duration skewed(Duration longest) {
        return Duration{static_cast<std::int64_t>(static_cast<double>(longest.count()) * std::pow(uniform(), 4))};
    }
    Uuid uuid() {
        Uuid id;
        for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(next());
        return id;
    }

private:
    static std::uint64_t mix(std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return z ^ (z >> 31);
    }
    std::uint64_t state_;
};

}  // namespace millrace::sim
