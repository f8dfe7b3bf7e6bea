#include "datasets/build.hpp"

#include <optional>

#include "base/describe.hpp"
#include "datasets/detail/pass.hpp"
#include "formats/parquet/writer.hpp"

namespace millrace::datasets {
namespace {

using formats::Column;
using formats::parquet::Dictionary;

/// Collects kept texts and writes them as Parquet (row, column, text), a row group per 4 MiB or so.
class TextWriter {
public:
    explicit TextWriter(formats::Sink& sink) : sink_{sink} {
        columns_[0].type = columns_[1].type = {.type = formats::Type::int64};
    }

    void add(const Group& group) {
        for (std::size_t column = 0; column < group.kept.size(); ++column) {
            for (const auto& kept : group.kept[column]) {
                columns_[0].push(static_cast<std::int64_t>(group.first_row + kept.row));
                columns_[1].push(static_cast<std::int64_t>(column));
                columns_[2].push(std::string_view{kept.text});
            }
        }
        if (columns_[0].rows * 17 + columns_[2].bytes.size() > 4u << 20) flush();
    }
    std::uint64_t cells() const { return cells_ + columns_[0].rows; }
    void state(formats::StateWriter& archive) {
        bool begun = writer_.has_value();
        archive(begun, cells_, columns_);
        if (begun) archive(*writer_);
    }
    void state(formats::StateReader& archive) {
        bool begun = false;
        archive(begun, cells_, columns_);
        if (begun) archive(writer_.emplace(sink_));
    }
    /// Bytes written; 0 when there was nothing to write.
    std::uint64_t finish() {
        flush();
        if (!writer_) return 0;
        const formats::DataType number{.type = formats::Type::int64};
        return writer_->finish({{"row", number}, {"column", number}, {"text", {}}});
    }

private:
    void flush() {
        if (columns_[0].rows == 0) return;
        if (!writer_) writer_.emplace(sink_);
        cells_ += columns_[0].rows;
        writer_->write_group(columns_);
        for (auto& column : columns_) column.clear();
    }

    formats::Sink& sink_;
    std::optional<formats::parquet::Writer> writer_;
    std::vector<Column> columns_{3};
    std::uint64_t cells_ = 0;
};

/// Writes row groups as Parquet, profiles them, and keeps the texts that their values do not give back.
class Encoder {
public:
    Encoder(const Sinks& sinks, std::size_t columns) : writer_{*sinks.data}, texts_{*sinks.texts}, profilers_(columns) {}

    void encode(const Group& group) {
        for (std::size_t i = 0; i < group.columns.size(); ++i) {
            dictionary_.build(group.columns[i]);
            profilers_[i].add(group.columns[i], dictionary_);
            writer_.write(group.columns[i], dictionary_);
        }
        writer_.end_group();
        texts_.add(group);
    }

    template <class Archive>
    void state(Archive& archive) {
        archive(writer_, texts_);
        for (auto& profiler : profilers_) archive(profiler);
    }

    BuildResult finish(Pass& pass, const std::vector<Found>& before) {
        BuildResult result{.rows = pass.rows(), .columns = pass.columns()};
        std::vector<formats::parquet::Field> fields;
        for (std::size_t i = 0; i < result.columns.size(); ++i) {
            fields.push_back({result.columns[i].name, result.columns[i].data_type()});
            result.profile.columns.push_back(profilers_[i].finish(result.columns[i]));
        }
        result.profile.rows = pass.rows();
        result.report = pass.report(before);
        result.report.cells_with_text = texts_.cells();
        // The file tells by itself how its values were written.
        result.data_bytes = writer_.finish(fields, {{"millrace.columns", to_json(result.columns)}});
        result.texts_bytes = texts_.finish();
        pass.flush_rejects();
        return result;
    }

private:
    formats::parquet::Writer writer_;
    TextWriter texts_;
    std::vector<ColumnProfiler> profilers_;
    Dictionary dictionary_;
};

}  // namespace

BuildResult build(const OpenTable& open, const Sinks& sinks, const BuildOptions& options) {
    std::uint64_t reported = 0;
    std::vector<Found> found;
    for (const auto& column : options.columns) found.push_back({column.data_type(), {}, {}, from_pattern(column.data_type(), column.notation)});
    int number = 1;
    formats::StateReader before{options.go_on_from};
    if (!before.at_end()) before(number, found);
    for (;; ++number) {
        Pass pass{open, sinks.rejects, options, reported, number};
        Encoder encoder{sinks, pass.names().size()};
        if (!before.at_end()) {
            pass.go_on(before, found);
            before(encoder);
            if (!before.at_end()) throw Error{Code::internal, {{"why", "a state is of another table"}}};
        }
        if (options.on_checkpoint) {
            pass.on_checkpoint([&] {
                formats::StateWriter state;
                state(number, found);
                pass.state(state);
                state(encoder);
                options.on_checkpoint(state.take(), pass.checkpoint_at());
            });
        }
        pass.run(found, [&](const Group& group) { encoder.encode(group); });
        if (!pass.too_narrow()) return encoder.finish(pass, found);
        found = pass.found();
        if (sinks.restart) sinks.restart();
    }
}

}  // namespace millrace::datasets
