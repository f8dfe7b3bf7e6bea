#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/json/detail/columns.hpp"
#include "formats/json/detail/document.hpp"
#include "formats/json/detail/row.hpp"
#include "formats/window.hpp"

namespace millrace::formats::json_files {

/// The keys of ReadOptions::dialect, checked.
struct Given {
    bool flatten = true;
    std::optional<std::string> encoding;

    /// Throws Error{invalid_parameter}.
    static Given from(const json::object& keys, Source& source);
};

/// Where rows come from: a document, or lines. `next` may be asked again until the row is passed.
struct Rows {
    virtual ~Rows() = default;
    virtual Next next() = 0;
    virtual std::size_t table() const = 0;
    virtual int depth() const = 0;
    virtual Scanner scanner() const = 0;
    /// Judges a row that has been read to its end; `in` holds the fault when it is none. Throws Error{malformed_file}
    /// where nothing can be read behind a fault.
    virtual void check(Scanner& in) = 0;
    /// The row as it stands.
    virtual std::string_view raw(const Scanner& in) const = 0;
    virtual void pass(const Scanner& in) = 0;
    virtual std::uint64_t blank_rows() const = 0;
};

/// Rows one a line.
std::unique_ptr<Rows> lines(Window& window);

/// What the first reading of a source found.
struct Survey {
    struct Table {
        std::string path;
        std::uint64_t bytes = 0;  ///< of its rows
        Columns columns;
    };
    Form form = Form::tables;
    std::deque<Table> tables;           ///< in order of the file
    std::vector<std::size_t> ranking;   ///< of tables, the largest first
    std::vector<std::string> outside;   ///< paths of values beside the tables
};

/// `by_line`: NDJSON.
Survey survey(Source& source, const ReadOptions& options, bool by_line);

/// Reads one table; see format.hpp. One thread at a time.
class Reader final : public TableReader {
public:
    Reader(Source& source, const ReadOptions& options, bool by_line);

    const std::vector<std::string>& names() const override { return columns().names(); }
    bool has_header() const override { return true; }
    bool next(TextBatch& batch) override;
    const ReadReport& report() const override { return report_; }

private:
    const Columns& columns() const { return survey_.tables[table_].columns; }
    bool take_row(TextBatch& batch);
    void emit(TextBatch& batch);
    void reject(const Scanner& in);
    void describe();
    void finish();

    ReadOptions options_;
    Given given_;
    Window window_;
    Survey survey_;
    std::size_t table_ = 0;
    std::unique_ptr<Rows> rows_;
    Row row_;
    Arena arena_;
    ReadReport report_;
    bool done_ = false;
};

}  // namespace millrace::formats::json_files
