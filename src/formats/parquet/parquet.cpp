#include "formats/parquet/parquet.hpp"

#include <algorithm>
#include <array>
#include <variant>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/utf8.hpp"
#include "formats/arena.hpp"
#include "formats/detail/not_utf8.hpp"
#include "formats/detail/render.hpp"
#include "formats/parquet/nested.hpp"
#include "formats/parquet/text.hpp"

namespace millrace::formats::parquet {
namespace {

constexpr std::size_t step_rows = 1024;
constexpr std::size_t batch_bytes = 256 << 10;

bool is_flat(const Node& node) { return node.is_leaf() && node.repetition != 2; }

/// One field of the schema and its values in the current rows.
struct Part {
    std::variant<ColumnReader, NestedColumn> from;
    const Leaf* leaf = nullptr;  ///< of a flat one
    Column values{};

    void read(std::size_t rows) {
        values.clear();
        if (auto* nested = std::get_if<NestedColumn>(&from)) {
            values.type.type = Type::json;
            return nested->read(rows, values);
        }
        if (std::get<ColumnReader>(from).read(rows, values) != rows) damaged("a column has fewer rows than the file");
    }
};

class Table final : public TableReader {
public:
    Table(Source& source, const ReadOptions& options) : options_{options}, source_bytes_{source.size()}, reader_{source, {.nested = true}} {
        const auto& schema = reader_.schema();
        if (schema.size() > options.columns_max) throw Error{Code::too_many_columns, {{"limit", std::to_string(options.columns_max)}}};
        parts_.reserve(schema.size());
        for (const auto& node : schema) {
            names_.push_back(with_valid_utf8(node.name));
            if (names_.back() != node.name) report_.warnings.push_back(altered_name(names_.size()));
            if (!is_flat(node)) parts_.push_back({NestedColumn{reader_, node, options.record_bytes_max}});
            else parts_.push_back({reader_.column(node.first_leaf), &reader_.leaf(node.first_leaf)});
            if (is_flat(node) && parts_.back().leaf->unit == Unit::nanos) report_.warnings.push_back(names_.back() + ": nanoseconds are rounded down to microseconds");
        }
    }

    const std::vector<std::string>& names() const override { return names_; }
    bool has_header() const override { return true; }
    const ReadReport& report() const override { return report_; }

    bool next(TextBatch& batch) override {
        batch.columns = parts_.size();
        batch.rows = 0;
        batch.first_row = report_.rows_out;
        batch.cells.clear();
        texts_.clear();
        for (std::size_t bytes = 0; (batch.rows == 0 || bytes < batch_bytes) && has_row(batch); ++at_) bytes += append_row(batch);
        batch.bytes_consumed = progress();
        if (batch.rows == 0) finish();
        return batch.rows > 0;
    }

private:
    /// The cells of a batch lie in the values that were read, so more are read for an empty one only.
    bool has_row(const TextBatch& batch) {
        if (at_ == rows_ && batch.rows == 0) read_rows();
        return at_ < rows_;
    }

    void read_rows() {
        rows_ = static_cast<std::size_t>(std::min<std::uint64_t>(step_rows, reader_.rows() - report_.rows_in));
        at_ = 0;
        for (auto& part : parts_) part.read(rows_);
    }

    std::size_t append_row(TextBatch& batch) {
        std::size_t bytes = 0;
        ++report_.rows_in;
        for (auto& part : parts_) {
            batch.cells.push_back(cell_of(part));
            bytes += batch.cells.back().size;
        }
        if (bytes > options_.record_bytes_max) {
            throw Error{Code::line_too_long, {{"line", std::to_string(report_.rows_in)}, {"limit", std::to_string(options_.record_bytes_max)}}};
        }
        end_row(batch, texts_, report_, options_);
        return bytes;
    }

    Cell cell_of(const Part& part) {
        const auto& values = part.values;
        if (values.is_null(at_)) return {};
        if (values.type.is_text()) {
            auto text = values.text(at_);
            if (part.leaf != nullptr) text = readable(*part.leaf, text, hex_);
            if (text.data() == hex_.data()) text = texts_.keep(text);
            return {text.data(), static_cast<std::uint32_t>(text.size()), true};
        }
        std::array<char, value_bytes_max> buffer{};
        const auto size = static_cast<std::size_t>(put_value(buffer.data(), values, at_, {}) - buffer.data());
        const auto text = texts_.keep({buffer.data(), size});
        return {text.data(), static_cast<std::uint32_t>(size), false};
    }

    std::uint64_t progress() const {
        if (reader_.rows() == 0) return source_bytes_;
        return static_cast<std::uint64_t>(static_cast<double>(source_bytes_) * (static_cast<double>(report_.rows_in) / static_cast<double>(reader_.rows())));
    }

    void finish() {
        report_.bytes = source_bytes_;
        report_.dialect = {{"format", "parquet"}, {"created_by", with_valid_utf8(reader_.created_by())}};
        for (const auto& field : options_.dialect) report_.warnings.push_back("a Parquet file has no " + std::string{field.key()});
    }

    ReadOptions options_;
    std::uint64_t source_bytes_;
    Reader reader_;
    std::vector<std::string> names_;
    std::vector<Part> parts_;
    std::size_t rows_ = 0, at_ = 0;  ///< read, and of these handed out
    ReadReport report_;
    Arena texts_;
    std::string hex_;
};

struct Parquet final : Format {
    std::string_view name() const override { return "parquet"; }
    std::string_view media_type() const override { return "application/vnd.apache.parquet"; }
    std::span<const std::string_view> extensions() const override {
        static constexpr std::array<std::string_view, 2> known = {"parquet", "pq"};
        return known;
    }
    double recognise(std::string_view head, std::uint64_t, std::string_view) const override {
        return head.starts_with("PAR1") || head.starts_with("PARE") ? 1 : 0;
    }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions& options) const override {
        if (options.table != 0) throw Error{Code::invalid_parameter, {{"name", "table"}, {"why", "the file has 1 tables, counted from 0"}}};
        return std::make_unique<Table>(source, options);
    }
};

}  // namespace

std::string_view readable(const Leaf& leaf, std::string_view text, std::string& hex) {
    if (!leaf.binary || first_invalid_utf8(text) == text.npos) return text;
    return hex = to_hex(text);
}

const Format& format() {
    static const Parquet parquet;
    return parquet;
}

}  // namespace millrace::formats::parquet
