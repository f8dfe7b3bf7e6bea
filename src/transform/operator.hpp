#pragma once

#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "transform/value.hpp"

/// What an operator is: how it is called, what it says of itself, and the code that runs over a batch.
namespace millrace::transform {

inline constexpr std::size_t batch_rows_max = 1024;
inline constexpr std::size_t cell_bytes_max = 16u << 20;  ///< a longer text that an operator would make is `too_long`

/// What all operators share while one batch is worked on.
struct Frame {
    Scratch scratch;
    std::vector<Fault> faults;
    std::span<const std::uint64_t> row_numbers;  ///< of each row, from 1, among the rows of the source
};

/// One run of an operator over a batch.
struct Call {
    Frame& frame;
    std::span<const Vector* const> args;
    Vector& out;
    std::string_view op;
    std::uint32_t begin = 0;  ///< where the operator stands in its expression

    std::size_t rows() const { return out.rows; }
    const Vector& arg(std::size_t i) const { return *args[i]; }
    void fail(std::size_t row, std::string_view code, std::string_view text = {});
    /// The state of an argument becomes that of the result.
    void pass_on(std::size_t row, const Vector& from);
};

using Kernel = std::function<void(Call&)>;

/// Calls `act(row)` for every row in which all arguments have a value.
template <class Act>
void each(Call& call, Act act) {
    const std::size_t rows = call.rows();
    if (call.out.plain) {
        for (std::size_t row = 0; row < rows; ++row) act(row);
        return;
    }
    for (std::size_t row = 0; row < rows; ++row) {
        if (call.out.states[row] == State::value) act(row);
    }
}

/// A table that rows are looked up in, whole in memory.
class LookupTable;
using Lookups = std::map<std::string, const LookupTable*, std::less<>>;

/// Refusal while an expression is made ready: which argument, and why.
struct Refusal {
    std::optional<std::size_t> argument;  ///< as written, from 0
    std::string why;
};

/// A place where an operator is called, while its expression is made ready.
struct Site {
    std::span<const Type> types;  ///< of the arguments that are values, in order
    std::span<const Vector* const> known;  ///< the same, where they are constants; else null
    json::object constants;       ///< of those that are not, by name; absent ones have their default
    const Lookups* lookups = nullptr;
    std::int64_t now = 0;         ///< microseconds since 1970: the time of the whole run

    std::string text(std::string_view name) const;
    std::int64_t number(std::string_view name) const;
    bool flag(std::string_view name) const;
    std::vector<std::string> texts(std::string_view name) const;  ///< a list, or one text
    /// Throws Refusal.
    [[noreturn]] static void refuse(std::string why, std::optional<std::size_t> argument = {});
};

/// An operator at one place, ready to run.
struct Bound {
    Type type;
    Kernel run;
    bool strict = true;  ///< run only sees rows whose arguments are values; other states go to the result by themselves
    bool pure = true;    ///< the same arguments give the same result in every row
};

/// A line of the catalog.
struct Operator {
    /// E.g. "pad_start(text: text, width: const int, fill: const text = ' ') -> text". Kinds: text int decimal float bool date
    /// time timestamp duration json list; number; moment (date, time or timestamp); any; same (all arguments of this kind have
    /// one type). const: known before the first row. "...": one or more. A default makes an argument optional.
    std::string_view signature;
    std::string_view doc;
    std::string_view example;  ///< an equation that holds
    Bound (*bind)(const Site& site) = nullptr;
};

struct Parameter {
    std::string name;
    std::string kind;
    bool constant = false;
    bool variadic = false;
    std::optional<std::string> preset;  ///< as written; a value that is absent has none
};

/// A signature, read.
struct Signature {
    std::string name;
    std::vector<Parameter> parameters;
    std::string result;
};
Signature parse_signature(std::string_view text);

/// All operators, group by group.
struct OperatorGroup {
    std::string_view title;
    std::span<const Operator> operators;
};
std::span<const OperatorGroup> operator_groups();
/// By name; null when there is none.
const Operator* find_operator(std::string_view name);
const Signature& signature_of(const Operator& op);
/// "; did you mean ...?" or nothing.
std::string suggest_operator(std::string_view name);

/// The reference of all operators, as it stands in docs/guide/operators.md.
std::string operator_reference();

}  // namespace millrace::transform
