#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/parquet/reader.hpp"

namespace millrace::formats::parquet {

/// A nested field, each of its values as JSON text: groups become objects, lists arrays, maps objects. A value with a text in
/// it that is no UTF-8 becomes that text.
class NestedColumn {
public:
    /// `reader` and `node`, a part of its schema, have to outlive it. A longer text is Error{line_too_long}.
    NestedColumn(const Reader& reader, const Node& node, std::uint64_t text_bytes_max);

    /// Appends `rows` values to `out`, which holds text. Throws Error{malformed_file} when there are fewer.
    void read(std::size_t rows, Column& out);

private:
    EntryReader& first(const Node& node) { return leaves_[node.first_leaf - node_.first_leaf]; }
    bool is_there(const Node& node);
    void skip(const Node& node);
    void append(const Node& node);
    void append_one(const Node& node);
    void append_leaf(EntryReader& entry);
    void append_object(const Node& node);
    void append_list(const Node& list);
    void append_map(const Node& pairs);
    template <class One>
    void each(const Node& repeated, One&& one);
    void append_text(std::string_view text);
    void check_size() const;

    const Node& node_;
    std::uint64_t text_bytes_max_;
    std::vector<EntryReader> leaves_;
    std::string text_;
    std::string hex_;
    std::optional<std::string> not_utf8_;  ///< the first such text of the value
    std::uint64_t row_ = 0;
};

}  // namespace millrace::formats::parquet
