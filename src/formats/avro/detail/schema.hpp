#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace millrace::formats::avro {

enum class Kind : std::uint8_t { null, boolean, int32, int64, float32, float64, bytes, string, record, enumeration, array, map, choice, fixed };
enum class Logical : std::uint8_t { none, decimal, date, time_millis, time_micros, timestamp_millis, timestamp_micros, timestamp_nanos, local_millis, local_micros, local_nanos };

/// A type of a schema. Those that have names may hold themselves, so they refer to each other by place.
struct Shape {
    Kind kind = Kind::null;
    Logical logical = Logical::none;
    std::int32_t scale = 0;            ///< of a decimal
    std::uint64_t size = 0;            ///< of fixed
    std::vector<std::string> names;    ///< of fields, or of what an enumeration knows
    std::vector<const Shape*> parts;   ///< of fields, of a choice; one for an array or a map
};

/// What the JSON of a schema says.
class Schema {
public:
    /// Throws Error{malformed_file}.
    explicit Schema(std::string_view text);
    const Shape& root() const { return *root_; }

private:
    const Shape* shape_of(const json::value& value, const std::string& space, int depth);
    const Shape* named(const json::object& type, Kind kind, const std::string& space, int depth);
    const Shape* primitive(std::string_view name, const json::object* with);
    Shape& make(Kind kind);

    std::deque<Shape> shapes_;
    std::map<std::string, const Shape*, std::less<>> names_;
    const Shape* root_ = nullptr;
};

/// Throws Error{malformed_file} with the reason.
[[noreturn]] void damaged(std::string_view why);

}  // namespace millrace::formats::avro
