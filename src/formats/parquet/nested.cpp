#include "formats/parquet/nested.hpp"

#include <array>
#include <cmath>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/utf8.hpp"
#include "formats/detail/render.hpp"
#include "formats/parquet/decode.hpp"
#include "formats/parquet/text.hpp"

namespace millrace::formats::parquet {

NestedColumn::NestedColumn(const Reader& reader, const Node& node, std::uint64_t text_bytes_max) : node_{node}, text_bytes_max_{text_bytes_max} {
    leaves_.reserve(node.leaves);
    for (std::size_t i = 0; i < node.leaves; ++i) leaves_.push_back(reader.entries(node.first_leaf + i));
}

void NestedColumn::read(std::size_t rows, Column& out) {
    for (std::size_t i = 0; i < rows; ++i) {
        ++row_;
        for (auto& leaf : leaves_) {
            if (!leaf.more() || leaf.rep() != 0) damaged("the parts of a nested column have different numbers of rows");
        }
        if (node_.repetition == 1 && !is_there(node_)) {
            skip(node_);
            out.push_null();
            continue;
        }
        text_.clear();
        not_utf8_.reset();
        append(node_);
        out.push(std::string_view{not_utf8_ ? *not_utf8_ : text_});
    }
}

bool NestedColumn::is_there(const Node& node) {
    auto& entry = first(node);
    if (!entry.more()) damaged("a nested column has fewer values than rows");
    return entry.def() >= node.def;
}

/// What is not there has one entry in every leaf below.
void NestedColumn::skip(const Node& node) {
    for (std::size_t i = 0; i < node.leaves; ++i) leaves_[node.first_leaf - node_.first_leaf + i].consume();
}

/// As many as there are of a repeated field, one after the other.
template <class One>
void NestedColumn::each(const Node& repeated, One&& one) {
    if (!is_there(repeated)) return skip(repeated);
    for (bool more = true; more;) {
        one();
        check_size();
        auto& entry = first(repeated);
        more = entry.more() && entry.rep() == repeated.rep;
        if (more) text_ += ',';
    }
}

void NestedColumn::append(const Node& node) {
    if (node.repetition == 2) {  // a list without the frame that lists have
        text_ += '[';
        each(node, [&] { append_one(node); });
        text_ += ']';
    } else if (is_there(node)) {
        append_one(node);
    } else {
        skip(node);
        text_ += "null";
    }
}

void NestedColumn::append_one(const Node& node) {
    if (node.is_leaf()) return append_leaf(first(node));
    const bool frame = node.children.size() == 1 && node.children[0].repetition == 2;
    if (frame && node.meaning == Meaning::list) return append_list(node);
    if (frame && node.meaning == Meaning::map && node.children[0].children.size() == 2) return append_map(node.children[0]);
    append_object(node);
}

void NestedColumn::append_list(const Node& list) {
    const auto& repeated = list.children[0];
    // Old writers have no frame around an element, and say so by these names (parquet-format, LogicalTypes).
    const bool framed = repeated.children.size() == 1 && repeated.name != "array" && repeated.name != list.name + "_tuple";
    text_ += '[';
    each(repeated, [&] { framed ? append(repeated.children[0]) : append_one(repeated); });
    text_ += ']';
}

void NestedColumn::append_map(const Node& pairs) {
    text_ += '{';
    each(pairs, [&] {
        const auto at = text_.size();
        append(pairs.children[0]);
        if (text_[at] != '"') {  // names in JSON are text
            const auto key = text_.substr(at);
            text_.resize(at);
            json::append_string(text_, key);
        }
        text_ += ':';
        append(pairs.children[1]);
    });
    text_ += '}';
}

void NestedColumn::append_object(const Node& node) {
    text_ += '{';
    for (std::size_t i = 0; i < node.children.size(); ++i) {
        if (i > 0) text_ += ',';
        append_text(node.children[i].name);
        text_ += ':';
        append(node.children[i]);
    }
    text_ += '}';
}

void NestedColumn::append_leaf(EntryReader& entry) {
    const auto& values = entry.values();
    const auto at = entry.value();
    std::array<char, value_bytes_max> buffer{};
    const auto text = [&] { return std::string_view{buffer.data(), static_cast<std::size_t>(put_value(buffer.data(), values, at, {}) - buffer.data())}; };
    switch (values.type.type) {
        case Type::int64:
        case Type::decimal:
        case Type::boolean: text_ += text(); break;
        case Type::float64:
            if (std::isfinite(values.floats[at])) text_ += text();
            else json::append_string(text_, text());
            break;
        case Type::date:
        case Type::time:
        case Type::timestamp: json::append_string(text_, text()); break;
        default:
            // Numbers that only text holds exactly are numbers in JSON.
            if (entry.leaf().as_text) text_ += values.text(at);
            else append_text(readable(entry.leaf(), values.text(at), hex_));
    }
    entry.consume();
}

void NestedColumn::append_text(std::string_view text) {
    if (!not_utf8_ && first_invalid_utf8(text) != text.npos) not_utf8_ = text;
    json::append_string(text_, text);
}

void NestedColumn::check_size() const {
    if (text_.size() > text_bytes_max_) throw Error{Code::line_too_long, {{"line", std::to_string(row_)}, {"limit", std::to_string(text_bytes_max_)}}};
}

}  // namespace millrace::formats::parquet
