#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::json {

using boost::json::array;
using boost::json::object;
using boost::json::value;

/// Reads one JSON document strictly (RFC 8259, UTF-8, no duplicate keys, depth at most `depth_max`).
/// Throws Error{invalid_json} with what and where.
value parse(std::string_view text, int depth_max = 64);

/// Compact text. Integers beyond 2^53 become strings, so that no reader loses digits.
std::string serialize(const value& value);

/// Appends `text` as a JSON string; bytes that are not UTF-8 become U+FFFD.
void append_string(std::string& out, std::string_view text);

/// Appends a number; one beyond 2^53 as a string, one that is not finite as null.
void append_number(std::string& out, std::int64_t value);
void append_number(std::string& out, std::uint64_t value);
void append_number(std::string& out, double value);

}  // namespace millrace::json
