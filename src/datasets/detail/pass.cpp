#include "datasets/detail/pass.hpp"

#include <algorithm>

#include "base/describe.hpp"
#include "base/hash.hpp"
#include "base/utf8.hpp"

namespace millrace::datasets {
namespace {

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

}  // namespace

void Handover::put(Group& group) {
    if (groups_++ == 0 || !threaded_) return take_(group);
    std::unique_lock lock{mutex_};
    if (!thread_.joinable()) thread_ = std::jthread{[this](std::stop_token stop) { run(stop); }};
    changed_.wait(lock, [&] { return !full_; });
    if (failure_) std::rethrow_exception(failure_);
    std::swap(next_, group);
    full_ = true;
    changed_.notify_all();
}

void Handover::wait() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return !full_; });
    if (failure_) std::rethrow_exception(failure_);
}

void Handover::join() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
}

void Handover::run(const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    while (changed_.wait(lock, stop, [&] { return full_; }) || full_) {
        lock.unlock();
        try {
            take_(next_);
        } catch (...) {
            failure_ = std::current_exception();
        }
        lock.lock();
        full_ = false;
        changed_.notify_all();
        if (failure_) return;
    }
}

Pass::Pass(const OpenTable& open, formats::Sink* rejects, const BuildOptions& options, std::uint64_t& reported, int number)
    : options_{options}, rejects_sink_{rejects}, reported_{reported}, number_{number},
      table_{open([this](formats::Reject reject) { on_reject(std::move(reject)); })} {}

void Pass::start(const std::vector<Found>& before) {
    const auto columns = table_->names().size();
    const ColumnBuilder::Options how{options_.infer, &options_.null_words};
    if (!before.empty() && before.size() != columns) {
        throw Error{Code::malformed_file, {{"why", "it changed while it was being read"}}};
    }
    for (std::size_t i = 0; i < columns; ++i) {
        if (before.empty()) builders_.emplace_back(how);
        else builders_.emplace_back(how, before[i].type, before[i].inference, before[i].notation);
    }
}

void Pass::run(const std::vector<Found>& before, std::function<void(const Group&)> take) {
    if (builders_.empty()) start(before);
    Handover out{std::move(take), options_.second_thread};
    while (table_->next(batch_)) {
        if (options_.stop.stop_requested()) throw Error{Code::cancelled};
        add_batch(out);
        progress(batch_.bytes_consumed);
        checkpoint(out);
    }
    if (!too_narrow_ && rows_in_group_ > 0) flush(out);
    out.join();
}

void Pass::checkpoint(Handover& out) {
    if (!save_ || (rows_in_group_ > 0 && !too_narrow_) || batch_.bytes_consumed < saved_at_ + options_.checkpoint_bytes) return;
    auto position = table_->position();
    if (!position) return;
    position_ = std::move(*position);
    saved_at_ = batch_.bytes_consumed;
    flush_rejects();
    out.wait();
    save_();
}

template <class Archive>
void Pass::list(Archive& archive) {
    archive(position_, reported_, rejects_stored_, rows_, too_narrow_, saved_at_);
    for (auto& builder : builders_) archive(builder);
}

void Pass::state(formats::StateWriter& archive) { list(archive); }

void Pass::go_on(formats::StateReader& archive, const std::vector<Found>& before) {
    start(before);
    list(archive);
    table_->go_on(position_);
}

std::vector<Found> Pass::found() {
    std::vector<Found> out;
    for (auto& builder : builders_) {
        builder.drop();
        out.push_back({builder.type(), builder.inference(), builder.changes(), {}});
        if (!too_narrow_) out.back().notation = builder.notation();
    }
    return out;
}

std::vector<ColumnInfo> Pass::columns() const {
    std::vector<ColumnInfo> out;
    const auto& names = table_->names();
    const auto unique = unique_names(names);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto& type = builders_[i].type();
        out.push_back({unique[i], names[i], type.type, type.precision, type.scale, type.utc, to_pattern(type, builders_[i].notation())});
    }
    return out;
}

void Pass::add_batch(Handover& out) {
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
        flush(out);
    }
}

void Pass::flush(Handover& out) {
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
    if (!options_.types_only) out.put(group_);
}

void Pass::on_reject(formats::Reject reject) {
    if (!rejects_sink_ || rejects_stored_ >= options_.rejects_stored_max) return;
    ++rejects_stored_;
    rejects_ += to_line(reject);
    if (rejects_.size() >= 64u << 10) flush_rejects();
}

void Pass::flush_rejects() {
    if (rejects_sink_ && !rejects_.empty()) rejects_sink_->write(rejects_);
    rejects_.clear();
}

void Pass::progress(std::uint64_t consumed) {
    if (!options_.on_progress) return;
    const auto total = std::max(options_.source_bytes, consumed);
    // That there will be a second pass is known only once it is: the first one then stands still, so that the
    // second one, which counts from half on, has something left to show.
    if (number_ == 2) consumed = total / 2 + consumed / 2;
    else if (too_narrow_) consumed = std::min(consumed, total / 2);
    reported_ = std::max(reported_, consumed);
    options_.on_progress(reported_, rows_);
}

BuildReport Pass::report(const std::vector<Found>& before) const {
    const auto& read = table_->report();
    const auto infos = columns();
    BuildReport out{
        .bytes = read.bytes, .rows_in = read.rows_in, .rows_out = rows_, .rows_rejected = read.rows_rejected,
        .rows_reported = read.rows_reported, .header_rows = read.header_rows, .preamble_rows = read.preamble_rows,
        .footnote_rows = read.footnote_rows, .blank_rows = read.blank_rows, .other_table_rows = read.other_table_rows,
        .rows_repaired = read.rows_repaired, .rejects_stored = rejects_stored_, .cells_with_text = 0, .passes = number_,
        .has_header = table_->has_header(), .dialect = read.dialect, .warnings = read.warnings, .widenings = {}};
    for (std::size_t i = 0; i < infos.size(); ++i) {
        for (const auto& change : before.empty() ? builders_[i].changes() : before[i].changes) {
            out.widenings.push_back({infos[i].name, change.from, change.to, change.row, change.text});
        }
    }
    return out;
}

}  // namespace millrace::datasets
