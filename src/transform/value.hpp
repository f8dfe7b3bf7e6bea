#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/types.hpp"

namespace millrace::transform {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

/// What a value is. `json` and `list` are kept as JSON text; `nothing` is the type of the word null alone.
enum class Kind : std::uint8_t { nothing, text, int64, decimal, float64, boolean, date, time, timestamp, duration, json, list };

/// A kind with its parameters.
struct Type {
    Kind kind = Kind::text;
    std::uint8_t scale = 0;  ///< decimal: digits after the point, 0 to 38
    bool utc = false;        ///< timestamp: an instant; false: wall time of no particular zone

    bool operator==(const Type&) const = default;
    bool is_text() const { return kind == Kind::text || kind == Kind::json || kind == Kind::list; }
    bool is_number() const { return kind == Kind::int64 || kind == Kind::decimal || kind == Kind::float64; }
};

/// "text", "decimal(2)", "timestamp utc", ...
std::string to_string(const Type& type);

/// What stands in a cell. null: nothing was there; missing: there was no place for it (no match in a lookup, no such key);
/// error: a value could not be made, see Fault. In the order in which one outdoes the other.
enum class State : std::uint8_t { value, null, missing, error };

/// Why a cell has no value. `text` is what was to be read, cut at 200 bytes.
struct Fault {
    std::string_view code;  ///< stable word, see faults in operators.md: "not_a_number", "division_by_zero", ...
    std::string text;
    std::string_view op;      ///< the operator that found it
    std::uint32_t begin = 0;  ///< where that stands in its expression, in bytes
};

/// Texts made while a batch is worked on. Addresses stay valid until clear(), which keeps the memory.
class Scratch {
public:
    /// Room for `size` bytes, to be filled in.
    char* take(std::size_t size);
    std::string_view keep(std::string_view text) {
        char* to = take(text.size());
        if (!text.empty()) std::memcpy(to, text.data(), text.size());
        return {to, text.size()};
    }
    /// Gives back the end of what was taken last.
    void give_back(std::size_t size) { used_ -= size; }
    void clear();
    std::size_t size_bytes() const { return size_bytes_; }

private:
    struct Block {
        std::unique_ptr<char[]> bytes;
        std::size_t size = 0;
    };
    std::vector<Block> blocks_;
    std::size_t block_ = 0;  // the one in use
    std::size_t used_ = 0;
    std::size_t size_bytes_ = 0;
};

/// The values of one column in one batch. Only the vector of the kind is filled; a cell without a value has a slot.
struct Vector {
    Type type;
    std::size_t rows = 0;
    bool plain = true;  ///< every cell has a value; `states` need not be looked at
    std::vector<State> states;
    std::vector<std::string_view> texts;  ///< text, json, list
    std::vector<std::int64_t> ints;       ///< int64; boolean: 0, 1; date: days since 1970; time: microseconds since midnight;
                                          ///< timestamp: microseconds since 1970; duration: microseconds
    std::vector<Int128> decimals;         ///< value * 10^scale
    std::vector<double> floats;
    std::vector<std::uint32_t> faults;    ///< per row, an index into Frame::faults; filled when there is an error

    State state(std::size_t row) const { return plain ? State::value : states[row]; }
    bool has(std::size_t row) const { return plain || states[row] == State::value; }

    /// Makes room for `rows` cells of the type, all of them values.
    void reset(const Type& type, std::size_t rows);
    void set_state(std::size_t row, State state);
};

}  // namespace millrace::transform
