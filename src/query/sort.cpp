#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/hash.hpp"
#include "base/suggest.hpp"
#include "query/query.hpp"

namespace millrace::query {
namespace {

[[noreturn]] void refuse(std::string_view name, std::string why) {
    throw Error{Code::invalid_parameter, {{"name", std::string{name}}, {"why", std::move(why)}}};
}

[[noreturn]] void refuse_cursor() { refuse("cursor", "it is not one that this list gave out"); }

constexpr std::size_t sum_bytes = 8;

/// Says that the bytes come from encode_cursor for the same list. No secret: a cursor grants nothing.
std::string checksum(std::string_view list, std::string_view bytes) {
    Sha256 hash;
    hash.update("millrace cursor");
    hash.update(list);
    hash.update(std::string_view{"\0", 1});
    hash.update(bytes);
    const auto digest = hash.finish();
    return {reinterpret_cast<const char*>(digest.data()), sum_bytes};
}

template <class T>
void put(std::string& out, const T& value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T take(std::string_view& in) {
    T value{};
    if (in.size() < sizeof value) refuse_cursor();
    std::memcpy(&value, in.data(), sizeof value);
    in.remove_prefix(sizeof value);
    return value;
}

std::string take_bytes(std::string_view& in, std::size_t size) {
    if (in.size() < size) refuse_cursor();
    std::string bytes{in.substr(0, size)};
    in.remove_prefix(size);
    return bytes;
}

/// Takes a name off the front, up to a comma: plain, or in quotes where a quote and a backslash have a backslash in front.
std::string take_name(std::string_view& text) {
    std::string name;
    bool quoted = text.starts_with('"');
    std::size_t at = quoted ? 1 : 0;
    for (; at < text.size() && (quoted || text[at] != ','); ++at) {
        if (quoted && text[at] == '"') {
            quoted = false;
            continue;
        }
        if (quoted && text[at] == '\\' && at + 1 < text.size()) ++at;
        name += text[at];
    }
    text.remove_prefix(at);
    return name;
}

void append(std::string& out, const CursorValue& value) {
    out += static_cast<char>('0' + value.index());
    std::visit(
        [&](const auto& v) {
            using T = std::decay_t<decltype(v)>;
            if constexpr (std::same_as<T, std::string>) {
                put(out, static_cast<std::uint32_t>(v.size()));
                out += v;
            } else if constexpr (std::same_as<T, Instant>) {
                put(out, v.time_since_epoch().count());
            } else if constexpr (std::same_as<T, Uuid>) {
                out += v.raw();
            } else if constexpr (!std::same_as<T, std::monostate>) {
                put(out, v);
            }
        },
        value);
}

CursorValue read(std::string_view& in) {
    switch (take<char>(in)) {
        case '0': return std::monostate{};
        case '1': return take_bytes(in, take<std::uint32_t>(in));
        case '2': return take<std::int64_t>(in);
        case '3': return take<double>(in);
        case '4': return Instant{Duration{take<std::int64_t>(in)}};
        case '5': return Uuid::from_raw(take_bytes(in, 16));
        default: refuse_cursor();
    }
}

}  // namespace

Sort parse_sort(std::string_view text, std::span<const Field> fields) {
    Sort sort;
    if (text.empty()) return sort;
    std::vector<std::string> sortable;
    for (const auto& field : fields) {
        if (field.sortable) sortable.emplace_back(field.name);
    }
    while (true) {
        const bool descending = text.starts_with('-');
        if (descending) text.remove_prefix(1);
        const auto name = take_name(text);
        if (std::ranges::find(sortable, name) == sortable.end()) {
            refuse("sort", fmt::format("\"{}\" cannot be sorted by{} Known: {}", std::string_view{name}.substr(0, 100),
                                       closest(name, sortable) ? did_you_mean(name, sortable) : ".", fmt::join(sortable, ", ")));
        }
        if (std::ranges::find(sort.keys, name, &SortKey::field) != sort.keys.end()) {
            refuse("sort", fmt::format("\"{}\" stands twice", name));
        }
        sort.keys.push_back({name, descending});
        if (sort.keys.size() > sort_keys_max) refuse("sort", fmt::format("at most {} fields", sort_keys_max));
        if (text.empty()) return sort;
        text.remove_prefix(1);
    }
}

std::vector<std::string> parse_names(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        names.push_back(take_name(text));
        if (!text.empty()) text.remove_prefix(1);
    }
    return names;
}

std::string to_string(const Sort& sort) {
    std::string out;
    for (const auto& key : sort.keys) {
        if (!out.empty()) out += ',';
        if (key.descending) out += '-';
        if (key.field.find_first_of(",\"") == key.field.npos && !key.field.starts_with('-')) {
            out += key.field;
            continue;
        }
        out += '"';
        for (const char c : key.field) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
    return out;
}

std::string encode_cursor(std::string_view list, std::span<const CursorValue> values) {
    std::string bytes;
    for (const auto& value : values) append(bytes, value);
    return to_base64url(checksum(list, bytes) + bytes);
}

std::vector<CursorValue> decode_cursor(std::string_view list, std::string_view cursor) {
    std::string bytes;
    if (cursor.size() > 8192 || !from_base64url(cursor, bytes) || bytes.size() < sum_bytes) refuse_cursor();
    std::string_view in{bytes};
    in.remove_prefix(sum_bytes);
    if (checksum(list, in) != std::string_view{bytes}.substr(0, sum_bytes)) refuse_cursor();
    std::vector<CursorValue> values;
    while (!in.empty()) values.push_back(read(in));
    return values;
}

}  // namespace millrace::query
