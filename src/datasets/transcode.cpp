#include "datasets/transcode.hpp"

#include "datasets/detail/pass.hpp"
#include "datasets/rows.hpp"

namespace millrace::datasets {
namespace {

using formats::WriteColumn;

std::vector<WriteColumn> write_columns(const std::vector<ColumnInfo>& columns) {
    std::vector<WriteColumn> out;
    for (const auto& column : columns) out.push_back(write_column(column));
    return out;
}

/// Gives row groups to a writer, which is opened when the first one says what the columns are.
class Target {
public:
    Target(const OpenWriter& open, const Pass& pass) : open_{open}, pass_{pass} {}

    void take(const Group& group) {
        if (!writer_) {
            // The first group comes on the reading thread, so the pass may be asked.
            told_ = write_columns(pass_.columns());
            writer_ = open_(told_);
        }
        std::vector<const formats::Column*> columns;
        for (const auto& column : group.columns) columns.push_back(&column);
        const std::size_t rows = group.columns.empty() ? 0 : group.columns.front().rows;
        writer_->write({columns, 0, rows});
    }

    /// Was the writer told what the columns have turned out to be?
    bool was_right(const std::vector<WriteColumn>& now) const { return !writer_ || told_ == now; }

    std::unique_ptr<formats::TableWriter> finish(std::vector<WriteColumn> now) {
        if (!writer_) writer_ = open_(std::move(now));
        writer_->finish();
        return std::move(writer_);
    }

private:
    const OpenWriter& open_;
    const Pass& pass_;
    std::vector<WriteColumn> told_;
    std::unique_ptr<formats::TableWriter> writer_;
};

}  // namespace

TranscodeResult transcode(const OpenTable& open, const OpenWriter& open_writer, const BuildOptions& options) {
    std::uint64_t reported = 0;
    std::vector<Found> found;
    for (int number = 1;; ++number) {
        Pass pass{open, nullptr, options, reported, number};
        Target target{open_writer, pass};
        pass.run(found, [&](const Group& group) { target.take(group); });
        auto columns = write_columns(pass.columns());
        if (!pass.too_narrow() && target.was_right(columns)) {
            TranscodeResult result{.rows = pass.rows(), .columns = pass.columns(), .report = pass.report(found), .writer = {}};
            result.writer = target.finish(std::move(columns));
            return result;
        }
        found = pass.found();
    }
}

}  // namespace millrace::datasets
