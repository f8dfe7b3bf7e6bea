#include "formats/fixed/detail/reader.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/utf8.hpp"

namespace millrace::formats::fixed {
namespace {

constexpr std::size_t sample_bytes = 64 * 1024;  ///< in which columns are looked for
constexpr std::size_t batch_bytes = 256 * 1024;  ///< of text per batch, about
constexpr std::size_t batch_cells_max = 64 * 1024;
constexpr std::size_t raw_bytes_max = 64 * 1024;  ///< of a Reject

[[noreturn]] void refuse(std::string_view key, std::string why) {
    throw Error{Code::invalid_parameter, {{"name", std::string{key}}, {"why", std::move(why)}}};
}

std::vector<std::size_t> widths_of(const json::value& value, std::uint32_t columns_max) {
    const std::string why = "expected numbers of characters, each from 1 to 100000";
    if (!value.is_array() || value.get_array().empty()) refuse("widths", why);
    if (value.get_array().size() > columns_max) throw Error{Code::too_many_columns, {{"limit", std::to_string(columns_max)}}};
    std::vector<std::size_t> widths;
    for (const auto& item : value.get_array()) {
        if (!item.is_int64() || item.get_int64() < 1 || item.get_int64() > 100'000) refuse("widths", why);
        widths.push_back(static_cast<std::size_t>(item.get_int64()));
    }
    return widths;
}

}  // namespace

Given Given::from(const json::object& keys, std::uint32_t columns_max) {
    Given given;
    for (const auto& field : keys) {
        const std::string_view key = field.key();
        const auto& value = field.value();
        if (key == "widths") {
            given.widths = widths_of(value, columns_max);
        } else if (key == "header") {
            if (!value.is_bool()) refuse(key, "expected true or false");
            given.header = value.get_bool();
        } else if (key == "encoding") {
            if (!value.is_string()) refuse(key, "expected text");
            given.encoding = std::string_view{value.get_string()};
        } else {
            refuse(key, "not known for text of fixed width");
        }
    }
    return given;
}

Reader::Reader(Source& source, const ReadOptions& options)
    : options_{options}, given_{Given::from(options.dialect, options.columns_max)},
      window_{source, given_.encoding, options.record_bytes_max} {
    if (options.table > 0) refuse("table", "the file has 1");
    report_.bytes = source.size();
    find_layout();
    if (layout_.columns.size() > options.columns_max) {
        throw Error{Code::too_many_columns, {{"limit", std::to_string(options.columns_max)}}};
    }
    take_header();
    describe();
}

void Reader::find_layout() {
    window_.grow();
    const auto rest = window_.rest();
    const auto lines = lines_of(rest.substr(0, sample_bytes), window_.complete() && rest.size() <= sample_bytes);
    if (given_.widths.empty()) {
        auto found = find_columns(lines);
        if (!found) throw Error{Code::malformed_file, {{"why", "its lines have no columns of blanks in common"}}};
        layout_ = std::move(*found);
    }
    std::size_t at = 0;
    for (const auto width : given_.widths) layout_.columns.push_back({at, at + width}), at += width;
    find_header(layout_, lines);
    if (given_.header) layout_.has_header = *given_.header;
}

/// Reads the lines of the header, when there is one; blank ones before it are counted.
void Reader::take_header() {
    names_.resize(layout_.columns.size());
    if (layout_.has_header) {
        for (auto text = line(); text; text = line()) {
            window_.pass(line_bytes_);
            if (is_blank(*text)) {
                ++report_.blank_rows;
                continue;
            }
            ++report_.header_rows;
            cut(*text, layout_, cells_);
            for (std::size_t i = 0; i < cells_.size(); ++i) names_[i] = cells_[i];
            break;
        }
        const auto below = layout_.has_rule ? line() : std::nullopt;
        if (below && is_rule(*below)) {
            window_.pass(line_bytes_);
            ++report_.header_rows;
        }
    }
    for (std::size_t i = 0; i < names_.size(); ++i) {
        if (names_[i].empty()) names_[i] = fmt::format("column_{}", i + 1);
    }
}

void Reader::describe() {
    json::array widths;
    for (const auto& column : layout_.columns) widths.push_back(json::array{column.begin, column.end == Layout::end_of_line ? json::value{} : column.end});
    report_.dialect = {{"encoding", window_.encoding().name}, {"columns", std::move(widths)}, {"header", layout_.has_header}};
}

/// The next line, not passed; nothing when the window has to grow, or at the end.
std::optional<std::string_view> Reader::line() {
    const auto rest = window_.rest();
    const auto end = rest.find('\n');
    if (end == std::string_view::npos && (rest.empty() || !window_.complete())) return std::nullopt;
    line_bytes_ = end == std::string_view::npos ? rest.size() : end + 1;
    auto text = rest.substr(0, end);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

bool Reader::next(TextBatch& batch) {
    batch.rows = 0;
    batch.columns = names_.size();
    batch.cells.clear();
    batch.first_row = report_.rows_out;
    std::size_t passed = 0;
    while (batch.rows == 0 || (passed < batch_bytes && batch.cells.size() < batch_cells_max)) {
        const auto text = line();
        if (!text) {
            // Rows in the batch point into the text, so they are handed over first.
            if (batch.rows > 0 || !window_.grow()) break;
            continue;
        }
        settle(batch, *text);
        window_.pass(line_bytes_);
        passed += line_bytes_;
    }
    batch.bytes_consumed = std::min(window_.byte_offset(0), report_.bytes);
    report_.rows_reported = report_.header_rows + report_.blank_rows;
    report_.rows_in = report_.rows_out + report_.rows_rejected + report_.rows_reported;
    return batch.rows > 0;
}

void Reader::settle(TextBatch& batch, std::string_view line) {
    if (is_blank(line)) {
        ++report_.blank_rows;
        return;
    }
    if (window_.is_suspect(line.size()) && first_invalid_utf8(line) != std::string_view::npos) {
        return reject(line, "invalid_utf8", fmt::format("byte {} of the line is not valid UTF-8", first_invalid_utf8(line) + 1));
    }
    switch (cut(line, layout_, cells_)) {
        case Cut::ok:
            break;
        case Cut::misaligned:
            return reject(line, "misaligned", "text stands between two columns");
        case Cut::too_long:
            return reject(line, "line_too_wide", "text stands behind the last column");
    }
    for (const auto cell : cells_) batch.cells.push_back({cell.data(), static_cast<std::uint32_t>(cell.size()), false});
    ++batch.rows;
    ++report_.rows_out;
}

void Reader::reject(std::string_view line, std::string code, std::string reason) {
    ++report_.rows_rejected;
    if (!options_.on_reject) return;
    options_.on_reject({.line = window_.line(0),
                        .byte_offset = window_.byte_offset(0),
                        .column = std::nullopt,
                        .code = std::move(code),
                        .reason = std::move(reason),
                        .raw = std::string{line.substr(0, raw_bytes_max)}});
}

}  // namespace millrace::formats::fixed
