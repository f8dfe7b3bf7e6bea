#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/arena.hpp"
#include "formats/format.hpp"
#include "formats/json/detail/columns.hpp"
#include "formats/json/detail/scanner.hpp"

namespace millrace::formats::json_files {

/// Reads one row: a value becomes cells by the rules of the README.
class Row {
public:
    struct Field {
        Columns::Node node = Columns::root;  ///< root: the row itself, which is no object
        Cell cell;
        bool escaped = false;  ///< the cell is a string that is to be unescaped
        bool empty = false;    ///< null or {}
    };

    explicit Row(bool flatten) : flatten_{flatten} {}

    /// Reads the value at the scanner. `depth`: of the row in its document, 1 at the top.
    Outcome read(Scanner& in, Columns& columns, int depth);
    /// Of the row read last; its cells point into the scanner's text.
    std::span<const Field> fields() const { return {fields_.data(), used_}; }
    bool is_object() const { return is_object_; }

    /// Keeps what the row read last taught about the columns; a row with a fault teaches nothing.
    void teach(Columns& columns, bool usable) const;
    /// Writes the fields to the cells of a row, which are null. Unescaped strings are kept in `arena`.
    void put(const Columns& columns, Cell* cells, Arena& arena);

private:
    bool object(Scanner& in, Columns& columns, Columns::Node node, int depth);
    bool value(Scanner& in, Columns& columns, Columns::Node node, int depth);
    bool key(Scanner& in, std::string_view& text);
    void add(const Field& field) {
        if (used_ == fields_.size()) fields_.emplace_back();
        fields_[used_++] = field;
    }

    const bool flatten_;
    bool is_object_ = false;
    std::vector<Field> fields_;  ///< used again for every row
    std::size_t used_ = 0;
    std::string scratch_;
};

}  // namespace millrace::formats::json_files
