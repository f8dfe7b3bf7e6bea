#include <boost/json/array.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <unordered_map>

#include "base/suggest.hpp"
#include "transform/detail/cells.hpp"
#include "transform/detail/render.hpp"
#include "transform/detail/text.hpp"
#include "transform/lookup.hpp"
#include "transform/operators/groups.hpp"

namespace millrace::transform {
namespace {

struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class Value>
using Map = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

std::string text_of(const json::value& value) { return value.is_string() ? std::string{std::string_view{value.get_string()}} : json::serialize(value); }

Bound bind_map_values(const Site& site) {
    Map<std::optional<std::string>> map;
    for (const auto& entry : site.constants.at("map").as_object()) {
        map.emplace(std::string{entry.key()}, entry.value().is_null() ? std::nullopt : std::optional{text_of(entry.value())});
    }
    const auto others = site.text("others");
    if (others != "error" && others != "keep" && others != "null") Site::refuse("others are error, keep or null", 2);
    return {.type = {Kind::text}, .run = [map = std::move(map), others](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            const auto found = map.find(text);
            if (found != map.end()) {
                if (found->second) call.out.texts[row] = *found->second;
                else call.out.set_state(row, State::null);
            } else if (others == "keep") {
                call.out.texts[row] = text;
            } else if (others == "null") {
                call.out.set_state(row, State::null);
            } else {
                call.fail(row, "not_in_map", text);
            }
        });
    }};
}

Bound bind_enum_match(const Site& site) {
    const auto values = site.texts("values");
    const auto mode = site.text("mode");
    if (mode != "exact" && mode != "ci" && mode != "fuzzy") Site::refuse("the modes are exact, ci and fuzzy", 2);
    if (values.empty()) Site::refuse("there are no values to match", 1);
    Map<std::string> known;
    std::vector<std::string> words;
    for (const auto& value : values) {
        const auto word = mode == "exact" ? value : folded(value);
        if (!known.emplace(word, value).second && mode != "exact") Site::refuse("\"" + value + "\" is the same as another value without regard to case", 1);
        words.push_back(word);
    }
    return {.type = {Kind::text}, .run = [known = std::move(known), words = std::move(words), mode](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            auto found = known.find(text);
            if (found == known.end() && mode != "exact") {
                const auto word = folded(text);
                found = known.find(word);
                if (found == known.end() && mode == "fuzzy") {
                    if (const auto near = closest(word, words)) found = known.find(*near);
                }
            }
            if (found == known.end()) return call.fail(row, "not_in_list", text);
            call.out.texts[row] = found->second;
        });
    }};
}

Bound bind_in_list(const Site& site) {
    Map<bool> known;
    for (const auto& value : site.texts("values")) known.emplace(value, true);
    return {.type = {Kind::boolean}, .run = [known = std::move(known)](Call& call) {
        const auto& value = call.arg(0);
        std::string text;
        each(call, [&](std::size_t row) {
            if (value.type.is_text()) {
                call.out.ints[row] = known.contains(value.texts[row]) ? 1 : 0;
                return;
            }
            text.clear();
            append_value(text, value, row);
            if (value.type.kind == Kind::decimal && value.type.scale > 0) {
                while (text.ends_with('0')) text.pop_back();
                if (text.ends_with('.')) text.pop_back();
            }
            call.out.ints[row] = known.contains(text) ? 1 : 0;
        });
    }};
}

const LookupTable& table_of(const Site& site) {
    const auto name = site.text("table");
    const auto found = site.lookups ? site.lookups->find(name) : Lookups::const_iterator{};
    if (site.lookups && found != site.lookups->end()) return *found->second;
    std::vector<std::string> names;
    if (site.lookups) {
        for (const auto& [known, table] : *site.lookups) names.push_back(known);
    }
    Site::refuse("there is no lookup \"" + name + "\"" + did_you_mean(name, names), 0);
}

/// Finds the rows of a table by the arguments of a call from number `first` on.
class Finder {
public:
    Finder(const LookupTable& table, const Site& site) : table_{&table} {
        if (site.types.size() != table.keys()) Site::refuse("the lookup has " + std::to_string(table.keys()) + " key columns, not " + std::to_string(site.types.size()));
    }
    std::optional<std::uint32_t> find(const Call& call, std::size_t row) {
        if (call.args.size() == 1) {
            const auto text = call.arg(0).texts[row];
            return table_->find(table_->ignores_case() ? std::string_view{key_ = folded(text)} : text);
        }
        key_.clear();
        for (const auto* arg : call.args) LookupTable::append_key(key_, table_->ignores_case() ? folded(arg->texts[row]) : std::string{arg->texts[row]});
        return table_->find(key_);
    }

private:
    const LookupTable* table_;
    std::string key_;
};

Bound bind_lookup(const Site& site) {
    const auto& table = table_of(site);
    const auto name = site.text("column");
    const auto column = table.column(name);
    if (!column) Site::refuse("the lookup has no column \"" + name + "\"" + did_you_mean(name, table.columns()), 1);
    const bool list = table.multiple() == Multiple::list;
    return {.type = {list ? Kind::list : Kind::text}, .run = [&table, column = *column, list, finder = Finder{table, site}](Call& call) {
        auto mine = finder;
        each(call, [&](std::size_t row) {
            const auto found = mine.find(call, row);
            if (!found) return call.out.set_state(row, State::missing);
            if (list) {
                std::vector<std::string> items;
                for (auto at = found; at; at = table.next(*at)) {
                    if (const auto& text = table.at(*at, column)) items.emplace_back(*text);
                }
                call.out.texts[row] = call.frame.scratch.keep(list_text(items));
                return;
            }
            const auto& text = table.at(*found, column);
            if (text) call.out.texts[row] = *text;
            else call.out.set_state(row, State::null);
        });
    }};
}

Bound bind_in_lookup(const Site& site) {
    const auto& table = table_of(site);
    return {.type = {Kind::boolean}, .run = [finder = Finder{table, site}](Call& call) {
        auto mine = finder;
        each(call, [&](std::size_t row) { call.out.ints[row] = mine.find(call, row) ? 1 : 0; });
    }};
}

Bound bind_row_number(const Site&) {
    return {.type = {Kind::int64}, .run = [](Call& call) {
        for (std::size_t row = 0; row < call.rows(); ++row) call.out.ints[row] = static_cast<std::int64_t>(call.frame.row_numbers[row]);
    }, .strict = false, .pure = false};
}

constexpr Operator operators[] = {
    {"map_values(text: text, map: const map, others: const text = 'error') -> text", "Replaced by a table of values. Others: error, keep or null.", "map_values('m', {'m': 'male', 'f': 'female'}) = 'male'", bind_map_values},
    {"enum_match(text: text, values: const list, mode: const text = 'exact') -> text", "One of the values as it is written in the list. Modes: exact; ci (case, accents, spaces); fuzzy (also small typing errors).", "enum_match('cancelld', ['paid', 'cancelled'], 'fuzzy') = 'cancelled'", bind_enum_match},
    {"in_list(value: any, values: const list) -> bool", "Is it one of them? Written `x in ['a', 'b']`.", "(2 in [1, 2, 3]) = true", bind_in_list},
    {"lookup(table: const text, column: const text, key: text...) -> text", "What a lookup has in a column for the key; missing without a match. A list where the lookup says `multiple: list`.", "lookup('countries', 'name', 'NL') = 'Netherlands'", bind_lookup},
    {"in_lookup(table: const text, key: text...) -> bool", "Does a lookup have the key?", "in_lookup('countries', 'XX') = false", bind_in_lookup},
    {"row_number() -> int", "Number of the row in the source, from 1.", "row_number() = row_number()", bind_row_number},
};

}  // namespace

std::span<const Operator> choice_operators() { return operators; }

}  // namespace millrace::transform
