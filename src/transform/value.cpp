#include "transform/value.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::transform {

std::string to_string(const Type& type) {
    switch (type.kind) {
        case Kind::nothing: return "null";
        case Kind::text: return "text";
        case Kind::int64: return "int";
        case Kind::decimal: return fmt::format("decimal({})", type.scale);
        case Kind::float64: return "float";
        case Kind::boolean: return "bool";
        case Kind::date: return "date";
        case Kind::time: return "time";
        case Kind::timestamp: return type.utc ? "timestamp utc" : "timestamp";
        case Kind::duration: return "duration";
        case Kind::json: return "json";
        case Kind::list: return "list";
    }
    return "";
}

char* Scratch::take(std::size_t size) {
    constexpr std::size_t block_bytes = 256 * 1024;
    while (block_ < blocks_.size() && blocks_[block_].size - used_ < size) {
        ++block_;
        used_ = 0;
    }
    if (block_ == blocks_.size()) {
        const auto bytes = std::max(size, block_bytes);
        blocks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
        size_bytes_ += bytes;
        used_ = 0;
    }
    char* const at = blocks_[block_].bytes.get() + used_;
    used_ += size;
    return at;
}

void Scratch::clear() {
    // What one long cell has asked for is not kept for good.
    constexpr std::size_t kept_bytes = 8u << 20;
    while (size_bytes_ > kept_bytes && blocks_.size() > 1) {
        size_bytes_ -= blocks_.back().size;
        blocks_.pop_back();
    }
    block_ = 0;
    used_ = 0;
}

void Vector::reset(const Type& new_type, std::size_t new_rows) {
    type = new_type;
    rows = new_rows;
    plain = true;
    states.assign(rows, State::value);
    switch (type.kind) {
        case Kind::text:
        case Kind::json:
        case Kind::list: texts.resize(rows); break;
        case Kind::decimal: decimals.resize(rows); break;
        case Kind::float64: floats.resize(rows); break;
        default: ints.resize(rows);
    }
}

void Vector::set_state(std::size_t row, State state) {
    states[row] = state;
    if (state != State::value) plain = false;
}

}  // namespace millrace::transform
