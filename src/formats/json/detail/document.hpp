#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "formats/json/detail/scanner.hpp"
#include "formats/window.hpp"

namespace millrace::formats::json_files {

/// What comes next in a text of rows.
enum class Next {
    row,        ///< the rest of the window starts with one
    need_more,  ///< the window is to grow
    end,
};

/// Where the rows of a JSON text are.
enum class Form {
    tables,  ///< the elements of a top-level array, or of the arrays of objects that a top-level object holds
    whole,   ///< top-level values: a single object, or several one after the other
};

/// Walks a document of any size from row to row. What is not valid is Error{malformed_file}, saying where.
class Document {
public:
    Document(Window& window, Form form) : window_{window}, form_{form} {}

    Next next();
    /// Table of the row, in order of the file.
    std::size_t table() const { return tables_.size() - 1; }
    /// Depth of the row: 1 at the top.
    int depth() const { return static_cast<int>(path_.size()) + (form_ == Form::tables ? 2 : 1); }
    Scanner scanner() const { return {window_.rest(), 0, window_.complete()}; }
    /// The row has been read; it has that many bytes.
    void pass_row(std::size_t bytes);
    [[noreturn]] void refuse(const Fault& fault);

    /// Path of each table so far, "data.items"; empty for a top-level array.
    const std::vector<std::string>& tables() const { return tables_; }
    /// Paths of values beside the tables, the first 20.
    const std::vector<std::string>& outside() const { return outside_; }
    /// At the end: another top-level object follows the first, so Form::whole fits.
    bool has_sequel() const { return has_sequel_; }

private:
    enum class State { value, first_key, key, behind_value, first_element, element, behind_element, behind_all };

    bool step(Scanner& in);
    bool value(Scanner& in);
    bool key(Scanner& in);
    bool behind_element(Scanner& in, char c);
    bool behind_all(Scanner& in);
    void enter_table();
    void leave_table();
    void leave();
    std::string path() const;

    static constexpr std::size_t tables_max = 1000;

    Window& window_;
    const Form form_;
    State state_ = State::value;
    std::vector<std::string> path_;     ///< keys of the objects around the position
    std::vector<std::string> tables_;
    std::vector<std::string> outside_;
    bool starts_with_object_ = false;
    bool has_sequel_ = false;
};

}  // namespace millrace::formats::json_files
