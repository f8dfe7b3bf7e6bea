#include <algorithm>

#include "transform/detail/cells.hpp"
#include "transform/detail/render.hpp"
#include "transform/detail/text.hpp"
#include "transform/operators/groups.hpp"

namespace millrace::transform {
namespace {

enum class Compare : unsigned char { equal, not_equal, less, less_equal, greater, greater_equal };

void refuse_without_order(const Site& site, Compare wanted) {
    if (wanted == Compare::equal || wanted == Compare::not_equal) return;
    const auto kind = site.types[0].kind;
    if (kind == Kind::json || kind == Kind::list || kind == Kind::boolean) Site::refuse("values of type " + to_string(site.types[0]) + " have no order");
}

/// Calls `run` with the values of some vectors of one type, so that the type is looked at once and not in every row.
template <class Run, class... Vectors>
void with_values(Run run, const Vector& first, const Vectors&... others) {
    switch (first.type.kind) {
        case Kind::text:
        case Kind::json:
        case Kind::list: return run(first.texts, others.texts...);
        case Kind::decimal: return run(first.decimals, others.decimals...);
        case Kind::float64: return run(first.floats, others.floats...);
        default: return run(first.ints, others.ints...);
    }
}

template <Compare wanted>
Bound bind_compare(const Site& site) {
    refuse_without_order(site, wanted);
    return {.type = {Kind::boolean}, .run = [](Call& call) {
        with_values([&](const auto& a, const auto& b) {
            auto& out = call.out.ints;
            each(call, [&](std::size_t row) {
                if constexpr (wanted == Compare::equal) out[row] = a[row] == b[row] ? 1 : 0;
                else if constexpr (wanted == Compare::not_equal) out[row] = a[row] == b[row] ? 0 : 1;
                else if constexpr (wanted == Compare::less) out[row] = a[row] < b[row] ? 1 : 0;
                else if constexpr (wanted == Compare::less_equal) out[row] = a[row] <= b[row] ? 1 : 0;
                else if constexpr (wanted == Compare::greater) out[row] = a[row] > b[row] ? 1 : 0;
                else out[row] = a[row] >= b[row] ? 1 : 0;
            });
        }, call.arg(0), call.arg(1));
    }};
}

Bound bind_between(const Site& site) {
    refuse_without_order(site, Compare::less);
    return {.type = {Kind::boolean}, .run = [](Call& call) {
        with_values([&](const auto& value, const auto& low, const auto& high) {
            auto& out = call.out.ints;
            each(call, [&](std::size_t row) { out[row] = value[row] >= low[row] && value[row] <= high[row] ? 1 : 0; });
        }, call.arg(0), call.arg(1), call.arg(2));
    }};
}

/// `deciding` in any argument decides, whatever the others are; then an error, then a null, then the opposite.
template <bool deciding>
Bound bind_logic(const Site&) {
    return {.type = {Kind::boolean}, .run = [](Call& call) {
        for (std::size_t row = 0; row < call.rows(); ++row) {
            const Vector* worst = nullptr;
            bool decided = false;
            for (const auto* arg : call.args) {
                if (arg->has(row)) decided |= (arg->ints[row] != 0) == deciding;
                else if (!worst || worst->state(row) < arg->state(row)) worst = arg;
            }
            call.out.ints[row] = decided == deciding ? 1 : 0;
            if (!decided && worst) call.pass_on(row, *worst);
        }
    }, .strict = false};
}

Bound bind_not(const Site&) {
    return {.type = {Kind::boolean}, .run = [](Call& call) {
        each(call, [&](std::size_t row) { call.out.ints[row] = call.arg(0).ints[row] == 0 ? 1 : 0; });
    }};
}

/// A question about the state of a cell; an error is passed on unless it is asked for.
template <class Test>
Bound state_is(Test test, bool takes_errors) {
    return {.type = {Kind::boolean}, .run = [test, takes_errors](Call& call) {
        for (std::size_t row = 0; row < call.rows(); ++row) {
            const auto state = call.arg(0).state(row);
            if (state == State::error && !takes_errors) call.pass_on(row, call.arg(0));
            else call.out.ints[row] = test(state) ? 1 : 0;
        }
    }, .strict = false};
}

Bound bind_is_null(const Site&) { return state_is([](State state) { return state == State::null || state == State::missing; }, false); }
Bound bind_is_missing(const Site&) { return state_is([](State state) { return state == State::missing; }, false); }
Bound bind_is_error(const Site&) { return state_is([](State state) { return state == State::error; }, true); }

bool is_blank(std::string_view text) {
    while (const auto space = space_at_start(text)) text.remove_prefix(space);
    return text.empty();
}

Bound bind_is_blank(const Site&) {
    return {.type = {Kind::boolean}, .run = [](Call& call) {
        const auto& arg = call.arg(0);
        for (std::size_t row = 0; row < call.rows(); ++row) {
            if (arg.state(row) == State::error) call.pass_on(row, arg);
            else call.out.ints[row] = !arg.has(row) || (arg.type.is_text() && is_blank(arg.texts[row])) ? 1 : 0;
        }
    }, .strict = false};
}

Bound bind_if(const Site& site) {
    return {.type = site.types[1], .run = [](Call& call) {
        const auto& condition = call.arg(0);
        for (std::size_t row = 0; row < call.rows(); ++row) {
            if (condition.state(row) == State::error) call.pass_on(row, condition);
            else copy_cell(call, row, call.arg(condition.has(row) && condition.ints[row] != 0 ? 1 : 2));
        }
    }, .strict = false};
}

Bound bind_coalesce(const Site& site) {
    return {.type = site.types[0], .run = [](Call& call) {
        for (std::size_t row = 0; row < call.rows(); ++row) {
            const auto found = std::ranges::find_if(call.args, [&](const Vector* arg) { return arg->has(row) || arg->state(row) == State::error; });
            if (found != call.args.end()) copy_cell(call, row, **found);
            else call.out.set_state(row, State::null);
        }
    }, .strict = false};
}

Bound bind_if_error(const Site& site) {
    return {.type = site.types[0], .run = [](Call& call) {
        for (std::size_t row = 0; row < call.rows(); ++row) copy_cell(call, row, call.arg(call.arg(0).state(row) == State::error ? 1 : 0));
    }, .strict = false};
}

Bound bind_null_if(const Site& site) {
    return {.type = site.types[0], .run = [](Call& call) {
        const auto &value = call.arg(0), &other = call.arg(1);
        for (std::size_t row = 0; row < call.rows(); ++row) {
            if (value.has(row) && other.has(row) && compare_cells(value, row, other, row) == 0) call.out.set_state(row, State::null);
            else copy_cell(call, row, value);
        }
    }, .strict = false};
}

template <int direction>
Bound bind_extreme(const Site& site) {
    refuse_without_order(site, Compare::less);
    return {.type = site.types[0], .run = [](Call& call) {
        each(call, [&](std::size_t row) {
            const auto* best = call.args[0];
            for (const auto* arg : call.args) {
                if (compare_cells(*arg, row, *best, row) * direction > 0) best = arg;
            }
            copy_cell(call, row, *best);
        });
    }};
}

Bound bind_clamp(const Site& site) {
    refuse_without_order(site, Compare::less);
    return {.type = site.types[0], .run = [](Call& call) {
        each(call, [&](std::size_t row) {
            const bool below = compare_cells(call.arg(0), row, call.arg(1), row) < 0;
            const bool above = !below && compare_cells(call.arg(0), row, call.arg(2), row) > 0;
            copy_cell(call, row, call.arg(below ? 1 : above ? 2 : 0));
        });
    }};
}

Bound bind_parse_bool(const Site& site) {
    const auto fold = [](std::vector<std::string> words) {
        for (auto& word : words) word = folded(word);
        return words;
    };
    return {.type = {Kind::boolean}, .run = [yes = fold(site.texts("yes")), no = fold(site.texts("no"))](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            const auto word = folded(text);
            const bool is_yes = std::ranges::find(yes, word) != yes.end();
            if (!is_yes && std::ranges::find(no, word) == no.end()) return call.fail(row, "not_a_bool", text);
            call.out.ints[row] = is_yes ? 1 : 0;
        });
    }};
}

constexpr Operator operators[] = {
    {"equal(a: same, b: same) -> bool", "Written `=` or `==`. Null when one side is.", "(1 = 1.0) = true", bind_compare<Compare::equal>},
    {"not_equal(a: same, b: same) -> bool", "Written `!=` or `<>`.", "('a' != 'b') = true", bind_compare<Compare::not_equal>},
    {"less(a: same, b: same) -> bool", "Written `<`. Texts are compared by their bytes.", "(1 < 2) = true", bind_compare<Compare::less>},
    {"less_equal(a: same, b: same) -> bool", "Written `<=`.", "(2 <= 2) = true", bind_compare<Compare::less_equal>},
    {"greater(a: same, b: same) -> bool", "Written `>`.", "(1 > 2) = false", bind_compare<Compare::greater>},
    {"greater_equal(a: same, b: same) -> bool", "Written `>=`.", "(2 >= 2) = true", bind_compare<Compare::greater_equal>},
    {"between(value: same, low: same, high: same) -> bool", "From low to high, both included.", "between(5, 1, 5) = true", bind_between},
    {"and(conditions: bool...) -> bool", "Written `and`. False when one is false, whatever the others are.", "(false and null) = false", bind_logic<false>},
    {"or(conditions: bool...) -> bool", "Written `or`. True when one is true, whatever the others are.", "(true or null) = true", bind_logic<true>},
    {"not(condition: bool) -> bool", "Written `not`.", "not false = true", bind_not},
    {"is_null(value: any) -> bool", "Is there nothing (null or missing)?", "is_null(null) = true", bind_is_null},
    {"is_missing(value: any) -> bool", "Was there no place for a value: no match in a lookup, no such key or item?", "is_missing(extract('a', '[0-9]')) = true", bind_is_missing},
    {"is_blank(value: any) -> bool", "Null, or a text of nothing but white space.", "is_blank('  ') = true", bind_is_blank},
    {"is_error(value: any) -> bool", "Could the value not be made?", "is_error(parse_int('x')) = true", bind_is_error},
    {"if(condition: bool, then: same, else: same = null) -> same", "One of two values; a condition that is null counts as false.", "if(1 < 2, 'yes', 'no') = 'yes'", bind_if},
    {"case(condition: bool, value: same, more: any...) -> same", "The value after the first condition that is true: `case(c1, v1, c2, v2, else)`.", "case(1 > 2, 'a', 2 > 1, 'b', 'c') = 'b'", nullptr},
    {"coalesce(values: same...) -> same", "The first that is not null.", "coalesce(null, 'a', 'b') = 'a'", bind_coalesce},
    {"if_error(value: same, other: same) -> same", "The value, or the other when it could not be made.", "if_error(parse_int('x'), 0) = 0", bind_if_error},
    {"null_if(value: same, other: same) -> same", "Null when both are equal.", "is_null(null_if('n/a', 'n/a')) = true", bind_null_if},
    {"least(values: same...) -> same", "The smallest.", "least(3, 1.5, 2) = 1.5", bind_extreme<-1>},
    {"greatest(values: same...) -> same", "The largest.", "greatest(3, 1.5, 2) = 3", bind_extreme<1>},
    {"clamp(value: same, low: same, high: same) -> same", "At least low and at most high.", "clamp(15, 0, 10) = 10", bind_clamp},
    {"parse_bool(text: text, yes: const list = ['true', 'yes', 'y', '1', 'on', 'ja', 'oui', 'si'], no: const list = ['false', 'no', 'n', '0', 'off', 'nee', 'nein', 'non']) -> bool", "By lists of words, without regard to case.", "parse_bool('Ja') = true", bind_parse_bool},
};

}  // namespace

std::span<const Operator> logic_operators() { return operators; }

}  // namespace millrace::transform
