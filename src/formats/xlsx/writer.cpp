#include "formats/xlsx/writer.hpp"

#include <xlsxwriter.h>

#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/error.hpp"
#include "formats/detail/cells.hpp"
#include "formats/detail/scratch_file.hpp"

namespace millrace::formats::xlsx {
namespace {

constexpr std::size_t columns_max = 16'384;
constexpr lxw_row_t rows_max = 1'048'576;  ///< of a sheet
constexpr std::size_t text_units_max = 32'767;  ///< of UTF-16
constexpr std::int64_t exact_max = 999'999'999'999'999;  ///< what Excel keeps of a number: 15 digits
constexpr std::int64_t days_to_1970 = 25'569;
constexpr std::int64_t first_day = 61 - days_to_1970;  ///< 1900-03-01: before it Excel counts a day that never was
constexpr std::int64_t last_day = 2'932'896;           ///< 9999-12-31
constexpr std::int64_t micros_per_day = 86'400'000'000;

/// Is this what Excel takes for a character by its number, e.g. "_x0041_"?
bool is_escape(std::string_view text) {
    if (text.size() < 7 || !text.starts_with("_x") || text[6] != '_') return false;
    for (const char c : text.substr(2, 4)) {
        if (!std::isxdigit(static_cast<unsigned char>(c))) return false;
    }
    return true;
}

/// Appends the text as a cell can hold it (ECMA-376, ST_Xstring): characters that XML does not have by their number, and so
/// the "_" of what only looks like one. False when the text is longer than a cell: then it is cut.
bool append_cell_text(std::string_view text, std::string& out) {
    // UTF-16 in the cell; characters for the library, which has the same limit. An apostrophe may be there already.
    std::size_t units = out.size(), written = out.size();
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        const std::size_t length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        std::string_view put = text.substr(i, length);
        if (c == 0) put = "_x0000_";
        else if (put == "\xef\xbf\xbe") put = "_xFFFE_";
        else if (put == "\xef\xbf\xbf") put = "_xFFFF_";
        else if (c == '_' && is_escape(text.substr(i, 7))) put = "_x005F_";
        units += length == 4 ? 2 : 1;
        written += put.size() == 7 ? 7 : 1;
        if (units > text_units_max || written > text_units_max) return false;
        out += put;
        i += length;
    }
    return true;
}

/// A name that Excel takes for a sheet.
std::string sheet_name(std::string_view text) {
    std::string name;
    std::size_t characters = 0;
    for (const char c : with_valid_utf8(text)) {
        const bool begins = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
        if (begins && ++characters > 26) break;  // of 31; the rest is for " (12)"
        name += std::string_view{"[]:*?/\\"}.find(c) != std::string_view::npos || static_cast<unsigned char>(c) < 0x20 ? '_' : c;
    }
    if (name.starts_with('\'')) name.front() = '_';
    if (name.ends_with('\'')) name.back() = '_';
    return name.empty() || name == "History" ? "Sheet1" : name;
}

class XlsxWriter final : public TableWriter {
public:
    XlsxWriter(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions& options)
        : sink_{sink}, columns_{std::move(columns)}, texts_{report_}, header_{options.header.value_or(true)},
          safe_{options.formulas == Formulas::safe}, name_{sheet_name(options.table.value_or(""))} {
        if (columns_.size() > columns_max) throw Error{Code::too_many_columns, {{"limit", std::to_string(columns_max)}}};
        auto directory = ScratchFile::directory();
        lxw_workbook_options how{};
        how.constant_memory = LXW_TRUE;
        how.tmpdir = directory.data();
        how.use_zip64 = LXW_FALSE;
        book_ = workbook_new_opt(file_.path().c_str(), &how);
        if (!book_) throw Error{Code::storage_failed, {{"why", "the workbook cannot be made"}}};
        bold_ = workbook_add_format(book_);
        format_set_bold(bold_);
        for (const auto& column : columns_) formats_.push_back(format_of(column));
        begin_sheet();
    }
    ~XlsxWriter() override {
        if (book_) lxw_workbook_free(book_);
    }

    void write(const Rows& rows) override {
        texts_.look_at(rows);
        for (auto row = rows.begin; row < rows.end; ++row) {
            if (at_ == rows_max) begin_sheet();
            for (std::size_t i = 0; i < columns_.size(); ++i) put_cell(*rows.columns[i], i, row);
            ++at_;
        }
        report_.rows += rows.end - rows.begin;
        check_scratch();
    }

    void finish() override {
        check_scratch();
        const auto result = workbook_close(std::exchange(book_, nullptr));
        if (result != LXW_NO_ERROR) throw Error{Code::storage_failed, {{"why", std::string{"the workbook cannot be written: "} + lxw_strerror(result)}}};
        file_.copy_to(sink_);
    }
    const WriteReport& report() const override { return report_; }

private:
    void begin_sheet() {
        if (sheet_) check_scratch();
        const auto name = ++sheets_ == 1 ? name_ : name_ + " (" + std::to_string(sheets_) + ")";
        sheet_ = workbook_add_worksheet(book_, name.c_str());
        if (!sheet_) throw Error{Code::internal, {{"why", "no sheet could be made"}}};
        at_ = 0;
        if (!header_) return;
        worksheet_freeze_panes(sheet_, 1, 0);
        for (std::size_t i = 0; i < columns_.size(); ++i) put_text(with_valid_utf8(columns_[i].label), i, true, bold_);
        at_ = 1;
    }

    /// The library does not look whether its temporary files could be written.
    void check_scratch() {
        if (sheet_->optimize_tmpfile && std::ferror(sheet_->optimize_tmpfile)) throw Error{Code::storage_full};
    }

    lxw_format* format_of(const WriteColumn& column) {
        std::string pattern;
        const auto digits = std::min<std::size_t>(column.second_digits, 3);
        const auto seconds = "hh:mm:ss" + (digits > 0 ? "." + std::string(digits, '0') : "");
        switch (column.type.type) {
            case Type::decimal:
                if (!column.trimmed) pattern = column.type.scale > 0 ? "0." + std::string(column.type.scale, '0') : "0";
                break;
            case Type::date: pattern = "yyyy-mm-dd"; break;
            case Type::time: pattern = seconds; break;
            case Type::timestamp: pattern = "yyyy-mm-dd " + seconds + (column.type.utc ? "\"Z\"" : ""); break;
            default: break;
        }
        if (pattern.empty()) return nullptr;
        auto* format = workbook_add_format(book_);
        format_set_num_format(format, pattern.c_str());
        return format;
    }

    void put_cell(const Column& column, std::size_t index, std::size_t row) {
        if (column.is_null(row)) return;
        if (column.type.is_text()) return put_text(texts_.text(column, index, row), index, columns_[index].type.is_text(), nullptr);
        switch (column.type.type) {
            case Type::int64:
                if (std::abs(column.ints[row]) <= exact_max) return put_number(static_cast<double>(column.ints[row]), index);
                break;
            case Type::decimal:
                if (significant_digits(column.ints[row]) <= 15) {
                    char text[value_bytes_max];
                    *put_decimal(text, column.ints[row], column.type.scale, false) = '\0';
                    return put_number(std::strtod(text, nullptr), index);
                }
                break;
            case Type::float64:
                if (std::isfinite(column.floats[row])) return put_float(column.floats[row], index);
                break;
            case Type::boolean:
                worksheet_write_boolean(sheet_, at_, static_cast<lxw_col_t>(index), static_cast<int>(column.ints[row]), nullptr);
                return;
            case Type::date:
                if (is_day(column.ints[row])) return put_number(static_cast<double>(column.ints[row] + days_to_1970), index);
                break;
            case Type::time:
                if (column.ints[row] % 1000 == 0) return put_number(static_cast<double>(column.ints[row]) / micros_per_day, index);
                break;
            case Type::timestamp: {
                auto days = column.ints[row] / micros_per_day, micros = column.ints[row] % micros_per_day;
                if (micros < 0) --days, micros += micros_per_day;
                if (!is_day(days) || micros % 1000 != 0) break;
                return put_number(static_cast<double>(days + days_to_1970) + static_cast<double>(micros) / micros_per_day, index);
            }
            default:
                break;
        }
        char value[value_bytes_max];
        put_text({value, static_cast<std::size_t>(put_value(value, column, row, columns_[index]) - value)}, index, false, nullptr);
    }

    static bool is_day(std::int64_t days) { return days >= first_day && days <= last_day; }

    void put_number(double value, std::size_t index) {
        worksheet_write_number(sheet_, at_, static_cast<lxw_col_t>(index), value, formats_[index]);
    }

    void put_float(double value, std::size_t index) {
        // So many digits the library writes.
        char text[32];
        std::snprintf(text, sizeof text, "%.16G", value);
        if (std::strtod(text, nullptr) != value) ++report_.altered["float_rounded"];
        put_number(value, index);
    }

    void put_text(std::string_view text, std::size_t index, bool may_be_formula, lxw_format* format) {
        if (text.empty()) {
            if (may_be_formula && !format) ++report_.altered["empty_text_blank"];
            return;
        }
        std::string cell;
        if (may_be_formula && safe_ && is_formula(text)) {
            ++report_.formulas_escaped;
            cell = '\'';
        }
        if (!append_cell_text(text, cell)) ++report_.altered["text_cut"];
        const auto result = worksheet_write_string(sheet_, at_, static_cast<lxw_col_t>(index), cell.c_str(), format);
        if (result != LXW_NO_ERROR) throw Error{Code::internal, {{"why", std::string{"a cell was refused: "} + lxw_strerror(result)}}};
    }

    Sink& sink_;
    const std::vector<WriteColumn> columns_;
    WriteReport report_;
    Utf8Texts texts_;
    const bool header_;
    const bool safe_;
    const std::string name_;
    ScratchFile file_;
    lxw_workbook* book_ = nullptr;
    lxw_worksheet* sheet_ = nullptr;
    lxw_format* bold_ = nullptr;
    std::vector<lxw_format*> formats_;
    int sheets_ = 0;
    lxw_row_t at_ = 0;
};

constexpr std::string_view options[] = {"header", "formulas", "table"};

std::unique_ptr<TableWriter> open(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions& how) {
    return std::make_unique<XlsxWriter>(sink, std::move(columns), how);
}

}  // namespace

const OutputFormat& output() {
    static constexpr OutputFormat format{.name = "xlsx", .extension = ".xlsx",
                                         .media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", .streams = false,
                                         .for_people = true, .text = true, .options = options, .open = open};
    return format;
}

}  // namespace millrace::formats::xlsx
