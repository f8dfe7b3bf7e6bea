#include "formats/sqlite/sqlite.hpp"

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "formats/arena.hpp"
#include "formats/detail/not_utf8.hpp"
#include "formats/detail/render.hpp"
#include "formats/sheet/recognise.hpp"
#include "formats/sheet/table.hpp"
#include "formats/sqlite/detail/database.hpp"

namespace millrace::formats::sqlite {
namespace {

constexpr std::size_t batch_rows = 4096;
constexpr std::size_t batch_bytes = 256 << 10;

class Reader final : public TableReader {
public:
    Reader(Source& source, const ReadOptions& options)
        : source_{source}, options_{options}, database_{std::make_unique<Database>(source, options.record_bytes_max)} {
        auto tables = database_->tables();
        if (tables.empty()) throw Error{Code::no_rows};
        sheet::visible_first(tables);
        table_ = tables[sheet::checked_table(options.table, tables.size())].name;
        rows_ = database_->prepare("SELECT * FROM " + quoted(table_));
        const int columns = sqlite3_column_count(rows_.get());
        if (static_cast<std::uint32_t>(columns) > options.columns_max) throw Error{Code::too_many_columns, {{"limit", std::to_string(options.columns_max)}}};
        for (int i = 0; i < columns; ++i) {
            const std::string_view name = sqlite3_column_name(rows_.get(), i);
            names_.push_back(with_valid_utf8(name));
            if (names_.back() != name) report_.warnings.push_back(altered_name(names_.size()));
        }
    }

    const std::vector<std::string>& names() const override { return names_; }
    bool has_header() const override { return true; }
    const ReadReport& report() const override { return report_; }

    bool next(TextBatch& batch) override {
        batch.columns = names_.size();
        batch.rows = 0;
        batch.first_row = report_.rows_out;
        batch.cells.clear();
        texts_.clear();
        std::size_t bytes = 0;
        while (!done_ && batch.rows < batch_rows && (batch.rows == 0 || bytes < batch_bytes)) bytes += read_row(batch);
        batch.bytes_consumed = done_ && batch.rows == 0 ? source_.size() : std::min(database_->bytes_read(), source_.size());
        return batch.rows > 0;
    }

private:
    /// The bytes of the next row, which comes to the batch unless it is rejected.
    std::size_t read_row(TextBatch& batch) {
        if (!database_->step(rows_.get())) return finish();
        ++report_.rows_in;
        std::size_t bytes = 0;
        for (int i = 0; i < static_cast<int>(names_.size()); ++i) {
            const auto cell = cell_of(i);
            bytes += cell.size;
            if (bytes > options_.record_bytes_max) {
                throw Error{Code::line_too_long, {{"line", std::to_string(report_.rows_in)}, {"limit", std::to_string(options_.record_bytes_max)}}};
            }
            batch.cells.push_back(cell);
        }
        end_row(batch, texts_, report_, options_);
        return bytes;
    }

    Cell cell_of(int column) {
        std::array<char, value_bytes_max> number{};
        switch (sqlite3_column_type(rows_.get(), column)) {
            case SQLITE_NULL: return {};
            case SQLITE_INTEGER: return kept({number.data(), put_int(number.data(), sqlite3_column_int64(rows_.get(), column))}, false);
            case SQLITE_FLOAT: return kept({number.data(), put_float(number.data(), sqlite3_column_double(rows_.get(), column))}, false);
            case SQLITE_BLOB: {
                const auto* bytes = static_cast<const char*>(sqlite3_column_blob(rows_.get(), column));
                return kept(to_hex({bytes, static_cast<std::size_t>(sqlite3_column_bytes(rows_.get(), column))}), true);
            }
            default: break;
        }
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(rows_.get(), column));
        if (text == nullptr) throw std::bad_alloc{};
        return kept({text, static_cast<std::size_t>(sqlite3_column_bytes(rows_.get(), column))}, true);
    }
    Cell kept(std::string_view text, bool quoted) {
        const auto copy = texts_.keep(text);
        return {copy.data(), static_cast<std::uint32_t>(copy.size()), quoted};
    }

    std::size_t finish() {
        done_ = true;
        report_.bytes = source_.size();
        report_.dialect = {{"format", "sqlite"}, {"table", table_}};
        for (const auto& field : options_.dialect) report_.warnings.push_back("a database has no " + std::string{field.key()});
        if (database_->has_log()) report_.warnings.push_back("the database was in use: what stood only in its log (-wal) is not here");
        return 0;
    }

    Source& source_;
    ReadOptions options_;
    std::unique_ptr<Database> database_;
    std::string table_;
    Statement rows_;
    std::vector<std::string> names_;
    ReadReport report_;
    Arena texts_;
    bool done_ = false;
};

struct Sqlite final : Format {
    std::string_view name() const override { return "sqlite"; }
    std::string_view media_type() const override { return "application/vnd.sqlite3"; }
    std::span<const std::string_view> extensions() const override {
        static constexpr std::array<std::string_view, 4> known = {"sqlite", "sqlite3", "db", "db3"};
        return known;
    }
    double recognise(std::string_view head, std::uint64_t, std::string_view) const override {
        return head.starts_with(std::string_view{"SQLite format 3\0", 16}) ? 1 : 0;
    }
    std::vector<TableInfo> tables(Source& source, const ReadOptions& options) const override {
        auto tables = Database{source, options.record_bytes_max}.tables();
        if (tables.empty()) throw Error{Code::no_rows};
        sheet::visible_first(tables);
        return tables;
    }
    bool counts_other_tables() const override { return false; }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions& options) const override { return std::make_unique<Reader>(source, options); }
};

}  // namespace

const Format& format() {
    static const Sqlite sqlite;
    return sqlite;
}

}  // namespace millrace::formats::sqlite
