#include "base/json.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <charconv>
#include <cmath>
#include <unordered_set>

#include "base/error.hpp"
#include "base/utf8.hpp"

namespace millrace::json {
namespace {

namespace dom = simdjson::dom;

[[noreturn]] void refuse(std::string why) { throw Error{Code::invalid_json, {{"why", std::move(why)}}}; }

value convert(const dom::element& element, int depth_left) {
    switch (element.type()) {
        case dom::element_type::OBJECT: {
            if (depth_left == 0) refuse("it is nested too deeply");
            object out;
            for (const auto field : dom::object{element}) {
                // simdjson keeps duplicates and Boost.JSON would let the last one win: neither is acceptable.
                auto [at, inserted] = out.emplace(field.key, nullptr);
                if (!inserted) refuse(fmt::format("the key \"{}\" stands twice in one object", field.key));
                at->value() = convert(field.value, depth_left - 1);
            }
            return out;
        }
        case dom::element_type::ARRAY: {
            if (depth_left == 0) refuse("it is nested too deeply");
            array out;
            for (const auto item : dom::array{element}) out.push_back(convert(item, depth_left - 1));
            return out;
        }
        case dom::element_type::INT64:
            return std::int64_t{element};
        case dom::element_type::UINT64:
            return std::uint64_t{element};
        case dom::element_type::DOUBLE:
            return double{element};
        case dom::element_type::STRING:
            return boost::json::string{std::string_view{element}};
        case dom::element_type::BOOL:
            return bool{element};
        case dom::element_type::NULL_VALUE:
            return nullptr;
    }
    return nullptr;
}

/// Beyond it a reader that holds numbers as doubles loses digits.
constexpr std::int64_t exact = std::int64_t{1} << 53;

void append_digits(std::string& out, auto value, bool quoted) {
    char digits[24];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    if (quoted) out += '"';
    out.append(digits, end);
    if (quoted) out += '"';
}

void append(std::string& out, const value& v) {
    switch (v.kind()) {
        case boost::json::kind::null:
            out += "null";
            return;
        case boost::json::kind::bool_:
            out += v.get_bool() ? "true" : "false";
            return;
        case boost::json::kind::int64:
            append_number(out, v.get_int64());
            return;
        case boost::json::kind::uint64:
            append_number(out, v.get_uint64());
            return;
        case boost::json::kind::double_:
            append_number(out, v.get_double());
            return;
        case boost::json::kind::string:
            append_string(out, v.get_string());
            return;
        case boost::json::kind::array: {
            out += '[';
            bool first = true;
            for (const auto& item : v.get_array()) {
                if (!std::exchange(first, false)) out += ',';
                append(out, item);
            }
            out += ']';
            return;
        }
        case boost::json::kind::object: {
            out += '{';
            bool first = true;
            for (const auto& field : v.get_object()) {
                if (!std::exchange(first, false)) out += ',';
                append_string(out, field.key());
                out += ':';
                append(out, field.value());
            }
            out += '}';
            return;
        }
    }
}

}  // namespace

value parse(std::string_view text, int depth_max) {
    thread_local dom::parser parser;
    const simdjson::padded_string padded{text};
    dom::element root;
    if (const auto error = parser.parse(padded).get(root)) refuse(simdjson::error_message(error));
    return convert(root, depth_max);
}

std::string serialize(const value& v) {
    std::string out;
    append(out, v);
    return out;
}

void append_number(std::string& out, std::int64_t value) { append_digits(out, value, value > exact || value < -exact); }

void append_number(std::string& out, std::uint64_t value) { append_digits(out, value, value > static_cast<std::uint64_t>(exact)); }

void append_number(std::string& out, double value) {
    if (std::isfinite(value)) fmt::format_to(std::back_inserter(out), "{}", value);
    else out += "null";
}

void append_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t clean = 0;  // start of the run not yet copied
    const auto flush = [&](std::size_t end) { out += text.substr(clean, end - clean); };
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            ++i;
            continue;
        }
        if (c >= 0x80) {
            const auto length = utf8_length(text.substr(i));
            if (length > 0) {
                i += length;
                continue;
            }
            flush(i);
            out += "\xef\xbf\xbd";
        } else {
            flush(i);
            switch (c) {
                case '"': out += "\\\""; break;
                case '\\': out += "\\\\"; break;
                case '\n': out += "\\n"; break;
                case '\r': out += "\\r"; break;
                case '\t': out += "\\t"; break;
                default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
            }
        }
        clean = ++i;
    }
    flush(text.size());
    out += '"';
}

}  // namespace millrace::json
