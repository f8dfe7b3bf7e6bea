#include "formats/parquet/table_writer.hpp"

#include "formats/parquet/writer.hpp"

namespace millrace::formats::parquet {
namespace {

constexpr std::size_t group_rows_max = 131'072;
constexpr std::size_t group_bytes_max = 16u << 20;

void append(const Column& from, std::size_t row, Column& to) {
    if (from.is_null(row)) to.push_null();
    else if (from.type.is_text()) to.push(from.text(row));
    else if (from.type.is_float()) to.push(from.floats[row]);
    else to.push(from.ints[row]);
}

class ParquetWriter final : public TableWriter {
public:
    ParquetWriter(Sink& sink, std::vector<WriteColumn> columns) : writer_{sink}, columns_{std::move(columns)} {
        for (const auto& column : columns_) group_.push_back({.type = column.type});
    }

    void write(const Rows& rows) override {
        // A few rows at a time, so that a group of long texts is cut in time.
        constexpr std::size_t slice = 1024;
        for (auto begin = rows.begin; begin < rows.end; begin += slice) {
            const auto end = std::min(begin + slice, rows.end);
            std::size_t bytes = 0;
            for (std::size_t i = 0; i < group_.size(); ++i) {
                for (auto row = begin; row < end; ++row) append(*rows.columns[i], row, group_[i]);
                bytes += group_[i].size_bytes();
            }
            rows_ += end - begin;
            if (rows_ >= group_rows_max || bytes >= group_bytes_max) flush();
        }
        report_.rows += rows.end - rows.begin;
    }

    void finish() override {
        if (rows_ > 0) flush();
        std::vector<Field> fields;
        for (const auto& column : columns_) fields.push_back({column.name, column.type});
        writer_.finish(fields);
    }
    const WriteReport& report() const override { return report_; }

private:
    void flush() {
        writer_.write_group(group_);
        for (auto& column : group_) column.clear();
        rows_ = 0;
    }

    Writer writer_;
    const std::vector<WriteColumn> columns_;
    std::vector<Column> group_;
    std::size_t rows_ = 0;
    WriteReport report_;
};

std::unique_ptr<TableWriter> open(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions&) {
    return std::make_unique<ParquetWriter>(sink, std::move(columns));
}

}  // namespace

const OutputFormat& output() {
    static constexpr OutputFormat format{.name = "parquet", .extension = ".parquet", .media_type = "application/vnd.apache.parquet",
                                         .streams = false, .open = open};
    return format;
}

}  // namespace millrace::formats::parquet
