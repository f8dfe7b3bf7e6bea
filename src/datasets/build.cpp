#include "datasets/build.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "base/describe.hpp"
#include "base/hash.hpp"
#include "base/utf8.hpp"
#include "datasets/typing.hpp"
#include "formats/parquet/writer.hpp"

namespace millrace::datasets {
namespace {

using formats::Column;
using formats::parquet::Dictionary;

/// A row group on its way from the reading to the encoding thread.
struct Group {
    std::uint64_t first_row = 0;
    std::vector<Column> columns;
    std::vector<std::vector<KeptText>> kept;
};

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

/// Encodes row groups, on the calling thread at first and on one of its own from the second group on: a small file
/// never pays for a thread. One group is encoded while the next one is filled.
class Encoder {
public:
    Encoder(const Sinks& sinks, std::size_t columns, bool threaded)
        : writer_{*sinks.data}, texts_{*sinks.texts}, profilers_(columns), threaded_{threaded} {}

    /// Takes a group and gives back an empty one whose memory is used again.
    void put(Group& group) {
        if (groups_++ == 0 || !threaded_) return encode(group);
        std::unique_lock lock{mutex_};
        if (!thread_.joinable()) thread_ = std::jthread{[this](std::stop_token stop) { run(stop); }};
        changed_.wait(lock, [&] { return !full_; });
        if (failure_) std::rethrow_exception(failure_);
        std::swap(next_, group);
        full_ = true;
        changed_.notify_all();
    }

    /// Waits for what is under way; afterwards everything belongs to the caller again.
    void join() {
        if (!thread_.joinable()) return;
        thread_.request_stop();
        thread_.join();
        if (failure_) std::rethrow_exception(failure_);
    }

    formats::parquet::Writer& writer() { return writer_; }
    TextWriter& texts() { return texts_; }
    const std::vector<ColumnProfiler>& profilers() const { return profilers_; }

private:
    void run(const std::stop_token& stop) {
        std::unique_lock lock{mutex_};
        while (changed_.wait(lock, stop, [&] { return full_; }) || full_) {
            lock.unlock();
            try {
                encode(next_);
            } catch (...) {
                failure_ = std::current_exception();
            }
            lock.lock();
            full_ = false;
            changed_.notify_all();
            if (failure_) return;
        }
    }

    void encode(const Group& group) {
        for (std::size_t i = 0; i < group.columns.size(); ++i) {
            dictionary_.build(group.columns[i]);
            profilers_[i].add(group.columns[i], dictionary_);
            writer_.write(group.columns[i], dictionary_);
        }
        writer_.end_group();
        texts_.add(group);
    }

    formats::parquet::Writer writer_;
    TextWriter texts_;
    std::vector<ColumnProfiler> profilers_;
    Dictionary dictionary_;
    bool threaded_;
    std::size_t groups_ = 0;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    Group next_;
    bool full_ = false;
    std::exception_ptr failure_;
    std::jthread thread_;  // last, so that it is joined before what it uses goes away
};

std::string to_line(const formats::Reject& reject) {
    std::string line = R"({"line":)" + to_json(reject.line) + R"(,"byte_offset":)" + to_json(reject.byte_offset);
    if (reject.column) line += R"(,"column":)" + to_json(*reject.column);
    line += R"(,"code":)" + to_json(reject.code) + R"(,"reason":)" + to_json(reject.reason);
    // The bytes as they stood: JSON can hold only those that are UTF-8.
    const bool text = first_invalid_utf8(reject.raw) == std::string_view::npos;
    line += text ? R"(,"raw":)" : R"(,"raw_base64url":)";
    line += to_json(text ? reject.raw : to_base64url(reject.raw));
    line += "}\n";
    return line;
}

/// What a first pass found out that a second one needs.
struct Found {
    formats::DataType type;
    Inference inference;
    std::vector<ColumnBuilder::Change> changes;
};

/// One reading of the table from its beginning to its end.
class Pass {
public:
    Pass(const OpenTable& open, const Sinks& sinks, const BuildOptions& options, std::uint64_t& reported, int number)
        : options_{options}, sinks_{sinks}, reported_{reported}, number_{number},
          table_{open([this](formats::Reject reject) { on_reject(std::move(reject)); })},
          encoder_{sinks, table_->names().size(), options.second_thread} {}

    /// Reads with types found on the way, or, given the pass before, with the types found there.
    void run(const std::vector<Found>& before) {
        const auto columns = table_->names().size();
        const ColumnBuilder::Options how{options_.infer, &options_.null_words};
        if (!before.empty() && before.size() != columns) {
            throw Error{Code::malformed_file, {{"why", "it changed while it was being read"}}};
        }
        for (std::size_t i = 0; i < columns; ++i) {
            if (before.empty()) builders_.emplace_back(how);
            else builders_.emplace_back(how, before[i].type, before[i].inference);
        }
        while (table_->next(batch_)) {
            if (options_.stop.stop_requested()) throw Error{Code::cancelled};
            add_batch();
            progress(batch_.bytes_consumed);
        }
        if (!too_narrow_ && rows_in_group_ > 0) flush();
        encoder_.join();
    }

    bool too_narrow() const { return too_narrow_; }
    std::vector<Found> found() {
        std::vector<Found> out;
        for (auto& builder : builders_) {
            builder.drop();
            out.push_back({builder.type(), builder.inference(), builder.changes()});
        }
        return out;
    }
    BuildResult finish(const std::vector<Found>& before);

private:
    void add_batch() {
        if (batch_.columns != builders_.size()) throw Error{Code::internal, {{"why", "a batch of another width"}}};
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < builders_.size(); ++i) {
            builders_[i].append(batch_, i, rows_);
            bytes += builders_[i].size_bytes();
            too_narrow_ = too_narrow_ || builders_[i].too_narrow();
        }
        rows_ += batch_.rows;
        rows_in_group_ += batch_.rows;
        if (too_narrow_) {
            for (auto& builder : builders_) builder.drop();
        } else if (rows_in_group_ >= options_.group_rows_max || bytes >= options_.group_bytes_max) {
            flush();
        }
    }

    void flush() {
        for (auto& builder : builders_) {
            builder.before_take();
            too_narrow_ = too_narrow_ || builder.too_narrow();
        }
        if (too_narrow_) return;
        group_.first_row = rows_ - rows_in_group_;
        group_.columns.resize(builders_.size());
        group_.kept.resize(builders_.size());
        for (std::size_t i = 0; i < builders_.size(); ++i) builders_[i].take(group_.columns[i], group_.kept[i]);
        rows_in_group_ = 0;
        if (!options_.types_only) encoder_.put(group_);
    }

    void on_reject(formats::Reject reject) {
        if (!sinks_.rejects || rejects_stored_ >= options_.rejects_stored_max) return;
        ++rejects_stored_;
        rejects_ += to_line(reject);
        if (rejects_.size() < 64u << 10) return;
        sinks_.rejects->write(rejects_);
        rejects_.clear();
    }

    void progress(std::uint64_t consumed) {
        if (!options_.on_progress) return;
        const auto total = std::max(options_.source_bytes, consumed);
        // That there will be a second pass is known only once it is: the first one then stands still, so that the
        // second one, which counts from half on, has something left to show.
        if (number_ == 2) consumed = total / 2 + consumed / 2;
        else if (too_narrow_) consumed = std::min(consumed, total / 2);
        reported_ = std::max(reported_, consumed);
        options_.on_progress(reported_);
    }

    const BuildOptions& options_;
    const Sinks& sinks_;
    std::uint64_t& reported_;
    int number_;
    std::string rejects_;
    std::uint64_t rejects_stored_ = 0;
    std::unique_ptr<formats::TableReader> table_;
    std::vector<ColumnBuilder> builders_;
    formats::TextBatch batch_;
    Group group_;
    std::uint64_t rows_ = 0;
    std::uint64_t rows_in_group_ = 0;
    bool too_narrow_ = false;
    Encoder encoder_;

    BuildReport report(const std::vector<ColumnInfo>& columns, const std::vector<Found>& before) const;
};

BuildReport Pass::report(const std::vector<ColumnInfo>& columns, const std::vector<Found>& before) const {
    const auto& read = table_->report();
    BuildReport out{
        .bytes = read.bytes, .rows_in = read.rows_in, .rows_out = rows_, .rows_rejected = read.rows_rejected,
        .rows_reported = read.rows_reported, .header_rows = read.header_rows, .preamble_rows = read.preamble_rows,
        .footnote_rows = read.footnote_rows, .blank_rows = read.blank_rows, .other_table_rows = read.other_table_rows,
        .rows_repaired = read.rows_repaired, .rejects_stored = rejects_stored_, .cells_with_text = 0, .passes = number_,
        .has_header = table_->has_header(), .dialect = read.dialect, .warnings = read.warnings, .widenings = {}};
    for (std::size_t i = 0; i < columns.size(); ++i) {
        for (const auto& change : before.empty() ? builders_[i].changes() : before[i].changes) {
            out.widenings.push_back({columns[i].name, change.from, change.to, change.row, change.text});
        }
    }
    return out;
}

BuildResult Pass::finish(const std::vector<Found>& before) {
    BuildResult result{.rows = rows_};
    const auto names = unique_names(table_->names());
    std::vector<formats::parquet::Field> fields;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto& type = builders_[i].type();
        result.columns.push_back({names[i], table_->names()[i], type.type, type.precision, type.scale, type.utc,
                                  to_pattern(type, builders_[i].notation())});
        fields.push_back({names[i], type});
        result.profile.columns.push_back(encoder_.profilers()[i].finish(result.columns.back()));
    }
    result.profile.rows = rows_;
    result.report = report(result.columns, before);
    result.report.cells_with_text = encoder_.texts().cells();
    // The file tells by itself how its values were written.
    result.data_bytes = encoder_.writer().finish(fields, {{"millrace.columns", to_json(result.columns)}});
    result.texts_bytes = encoder_.texts().finish();
    if (sinks_.rejects && !rejects_.empty()) sinks_.rejects->write(rejects_);
    return result;
}

}  // namespace

BuildResult build(const OpenTable& open, const Sinks& sinks, const BuildOptions& options) {
    std::uint64_t reported = 0;
    std::vector<Found> found;
    {
        Pass pass{open, sinks, options, reported, 1};
        pass.run({});
        if (!pass.too_narrow()) return pass.finish({});
        found = pass.found();
    }
    if (sinks.restart) sinks.restart();
    Pass pass{open, sinks, options, reported, 2};
    pass.run(found);
    return pass.finish(found);
}

}  // namespace millrace::datasets
