#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/writer.hpp"
#include "transform/spec.hpp"
#include "transform/value.hpp"

namespace millrace::transform {

/// Rows that have the same keys become one. Groups come out in the order of their first rows, whether or not they fit in memory;
/// what does not goes to temporary files.
class Grouping {
public:
    struct Aggregate {
        AggregateSpec spec;
        Type of;      ///< of what it reads
        Type result;
    };
    Grouping(std::vector<Type> keys, std::vector<Aggregate> aggregates, std::uint64_t memory_bytes);
    ~Grouping();

    /// What an aggregate of a type gives; nothing when it cannot be made of it.
    static std::optional<Type> result_of(Aggregation op, const Type& of);

    /// `values` and `when` have an entry for each aggregate, null where it needs none. Rows that are not `kept` are passed over.
    /// Answers how many rows became part of a group that was there already.
    void add(std::span<const Vector* const> keys, std::span<const Vector* const> values, std::span<const Vector* const> when,
             std::span<const std::uint8_t> kept);

    /// Hands out all groups, batch by batch: the keys, then the aggregates; an aggregate that overflows is null and counted.
    struct Result {
        std::uint64_t groups = 0;
        std::uint64_t overflows = 0;
    };
    Result finish(const std::function<void(std::span<const Vector> columns)>& take);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::transform
