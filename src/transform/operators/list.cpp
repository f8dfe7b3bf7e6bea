#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "transform/detail/cells.hpp"
#include "transform/detail/render.hpp"
#include "transform/operators/groups.hpp"

namespace millrace::transform {
namespace {

constexpr std::size_t items_max = 10'000;

std::vector<std::string> split(std::string_view text, std::string_view separator) {
    std::vector<std::string> items;
    for (std::size_t at = 0;;) {
        const auto end = text.find(separator, at);
        items.emplace_back(text.substr(at, end == text.npos ? end : end - at));
        if (end == text.npos || items.size() > items_max) return items;
        at = end + separator.size();
    }
}

Bound bind_split(const Site& site) {
    const auto separator = site.text("separator");
    if (separator.empty()) Site::refuse("a separator is not empty", 1);
    return {.type = {Kind::list}, .run = [separator](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            const auto items = split(text, separator);
            if (items.size() > items_max) return call.fail(row, "too_many_items", text);
            call.out.texts[row] = call.frame.scratch.keep(list_text(items));
        });
    }};
}

Bound bind_join(const Site& site) {
    return {.type = {Kind::text}, .run = [separator = site.text("separator")](Call& call) {
        each(call, [&](std::size_t row) {
            std::string made;
            bool first = true;
            for (const auto& item : list_items(call.arg(0).texts[row])) {
                if (!std::exchange(first, false)) made += separator;
                made += item;
            }
            if (made.size() > cell_bytes_max) return call.fail(row, "too_long");
            call.out.texts[row] = call.frame.scratch.keep(made);
        });
    }};
}

/// Item number `index` from 1; from the end when negative.
std::optional<std::size_t> position(std::int64_t index, std::size_t size) {
    const auto count = static_cast<std::int64_t>(size);
    const auto at = index > 0 ? index - 1 : count + index;
    if (index == 0 || at < 0 || at >= count) return std::nullopt;
    return static_cast<std::size_t>(at);
}

Bound bind_list_get(const Site& site) {
    return {.type = {Kind::text}, .run = [index = site.number("index")](Call& call) {
        each(call, [&](std::size_t row) {
            const auto items = list_items(call.arg(0).texts[row]);
            const auto at = position(index, items.size());
            if (!at) return call.out.set_state(row, State::missing);
            call.out.texts[row] = call.frame.scratch.keep(items[*at]);
        });
    }};
}

Bound bind_split_part(const Site& site) {
    const auto separator = site.text("separator");
    if (separator.empty()) Site::refuse("a separator is not empty", 1);
    return {.type = {Kind::text}, .run = [separator, index = site.number("index")](Call& call) {
        each(call, [&](std::size_t row) {
            const auto items = split(call.arg(0).texts[row], separator);
            const auto at = position(index, items.size());
            if (!at) return call.out.set_state(row, State::missing);
            call.out.texts[row] = call.frame.scratch.keep(items[*at]);
        });
    }};
}

Bound bind_list_length(const Site&) {
    return {.type = {Kind::int64}, .run = [](Call& call) {
        each(call, [&](std::size_t row) { call.out.ints[row] = static_cast<std::int64_t>(list_items(call.arg(0).texts[row]).size()); });
    }};
}

template <class Change>
Bound list_to_list(Change change) {
    return {.type = {Kind::list}, .run = [change](Call& call) {
        each(call, [&](std::size_t row) {
            auto items = list_items(call.arg(0).texts[row]);
            change(items);
            call.out.texts[row] = call.frame.scratch.keep(list_text(items));
        });
    }};
}

Bound bind_list_sort(const Site&) {
    return list_to_list([](std::vector<std::string>& items) { std::ranges::sort(items); });
}
Bound bind_list_unique(const Site&) {
    return list_to_list([](std::vector<std::string>& items) {
        std::set<std::string> seen;
        std::erase_if(items, [&](const std::string& item) { return !seen.insert(item).second; });
    });
}

Bound bind_list_contains(const Site&) {
    return {.type = {Kind::boolean}, .run = [](Call& call) {
        each(call, [&](std::size_t row) {
            const auto items = list_items(call.arg(0).texts[row]);
            call.out.ints[row] = std::ranges::find(items, call.arg(1).texts[row]) != items.end() ? 1 : 0;
        });
    }};
}

/// A text as JSON, when it is.
std::optional<json::value> read(std::string_view text) {
    try {
        return json::parse(text);
    } catch (const Error&) {
        return std::nullopt;
    }
}

Bound bind_parse_json(const Site&) {
    return {.type = {Kind::json}, .run = [](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            if (!read(text)) return call.fail(row, "not_json", text);
            call.out.texts[row] = text;
        });
    }};
}

Bound bind_parse_list(const Site&) {
    return {.type = {Kind::list}, .run = [](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            const auto value = read(text);
            if (!value || !value->is_array()) return call.fail(row, "not_a_list", text);
            if (value->get_array().size() > items_max) return call.fail(row, "too_many_items", text);
            call.out.texts[row] = text;
        });
    }};
}

/// What stands at "a.b[0].c"; null when there is no such place.
const json::value* walk(const json::value& root, std::string_view path) {
    const auto* at = &root;
    while (!path.empty() && at) {
        if (path.front() == '[') {
            const auto close = path.find(']');
            const auto number = std::stoul(std::string{path.substr(1, close - 1)});
            path.remove_prefix(close + 1);
            const auto* array = at->if_array();
            at = array && number < array->size() ? &(*array)[number] : nullptr;
        } else {
            if (path.front() == '.') path.remove_prefix(1);
            const auto end = std::min(path.find_first_of(".["), path.size());
            const auto* object = at->if_object();
            at = object ? object->if_contains(path.substr(0, end)) : nullptr;
            path.remove_prefix(end);
        }
    }
    return at;
}

Bound bind_json_get(const Site& site) {
    const auto path = site.text("path");
    bool inside = false;
    std::size_t digits = 0;
    for (const char c : path) {
        const bool bad = inside ? c != ']' && !std::isdigit(static_cast<unsigned char>(c)) : c == ']';
        if (bad || (c == ']' && digits == 0) || digits > 6) Site::refuse("a path looks like a.b[0].c", 1);
        digits = inside && c != ']' ? digits + 1 : 0;
        if (c == '[' || c == ']') inside = c == '[';
    }
    if (inside || path.empty() || path.ends_with('.') || path.find("..") != path.npos) Site::refuse("a path looks like a.b[0].c", 1);
    return {.type = {Kind::text}, .run = [path](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            const auto root = read(text);
            if (!root) return call.fail(row, "not_json", text);
            const auto* found = walk(*root, path);
            if (!found) return call.out.set_state(row, State::missing);
            if (found->is_null()) return call.out.set_state(row, State::null);
            if (found->is_string()) call.out.texts[row] = call.frame.scratch.keep(found->get_string());
            else call.out.texts[row] = call.frame.scratch.keep(json::serialize(*found));
        });
    }};
}

Bound bind_json_object(const Site& site) {
    const auto keys = site.texts("keys");
    if (keys.size() != site.types.size()) Site::refuse("there are " + std::to_string(keys.size()) + " keys and " + std::to_string(site.types.size()) + " values", 0);
    if (std::set<std::string>{keys.begin(), keys.end()}.size() != keys.size()) Site::refuse("a key stands twice", 0);
    return {.type = {Kind::json}, .run = [keys](Call& call) {
        for (std::size_t row = 0; row < call.rows(); ++row) {
            const auto error = std::ranges::find_if(call.args, [&](const Vector* arg) { return arg->state(row) == State::error; });
            if (error != call.args.end()) {
                call.pass_on(row, **error);
                continue;
            }
            std::string made;
            for (std::size_t i = 0; i < keys.size(); ++i) {
                const auto& arg = call.arg(i);
                if (arg.state(row) == State::missing) continue;  // there is no place for it here either
                made += made.empty() ? "{" : ",";
                json::append_string(made, keys[i]);
                made += ':';
                const auto kind = arg.type.kind;
                const bool bare = kind == Kind::boolean || kind == Kind::json || kind == Kind::list || arg.type.is_number();
                if (!arg.has(row)) made += "null";
                else if (bare) append_value(made, arg, row);
                else json::append_string(made, text_of(arg, row));
            }
            if (made.size() > cell_bytes_max) {
                call.fail(row, "too_long");
                continue;
            }
            call.out.texts[row] = call.frame.scratch.keep(made.empty() ? "{}" : made + "}");
        }
    }, .strict = false};
}

constexpr Operator operators[] = {
    {"split(text: text, separator: const text) -> list", "The parts between separators.", "list_length(split('a;b;', ';')) = 3", bind_split},
    {"split_part(text: text, separator: const text, index: const int) -> text", "Part number `index` from 1, or from the end when negative; missing when there are fewer.", "split_part('a/b/c', '/', -1) = 'c'", bind_split_part},
    {"join(list: list, separator: const text) -> text", "The items after each other.", "join(split('a;b', ';'), ', ') = 'a, b'", bind_join},
    {"parse_list(text: text) -> list", "A JSON array.", "join(parse_list('[\"a\", 1]'), '+') = 'a+1'", bind_parse_list},
    {"list_get(list: list, index: const int) -> text", "Item number `index` from 1, or from the end when negative; missing when there are fewer.", "list_get(split('a;b', ';'), 2) = 'b'", bind_list_get},
    {"list_length(list: list) -> int", "How many items.", "list_length(split('a', ';')) = 1", bind_list_length},
    {"list_sort(list: list) -> list", "In the order of their bytes.", "join(list_sort(split('b;a', ';')), '') = 'ab'", bind_list_sort},
    {"list_unique(list: list) -> list", "Each item once, in the order of their first places.", "join(list_unique(split('b;a;b', ';')), '') = 'ba'", bind_list_unique},
    {"list_contains(list: list, item: text) -> bool", "Is the text one of the items?", "list_contains(split('a;b', ';'), 'b') = true", bind_list_contains},
    {"parse_json(text: text) -> json", "The text, when it is valid JSON.", "to_text(parse_json('[1]')) = '[1]'", bind_parse_json},
    {"json_get(json: any_text, path: const text) -> text", "What stands at a path such as a.b[0].c; missing when there is no such place.", "json_get('{\"a\":{\"b\":[1,2]}}', 'a.b[1]') = '2'", bind_json_get},
    {"json_object(keys: const list, values: any...) -> json", "An object of values; those that are missing are left out.", "to_text(json_object(['a', 'b'], 1, 'x')) = '{\"a\":1,\"b\":\"x\"}'", bind_json_object},
};

}  // namespace

std::span<const Operator> list_operators() { return operators; }

}  // namespace millrace::transform
