#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "datasets/build.hpp"
#include "datasets/typing.hpp"
#include "formats/state.hpp"

namespace millrace::datasets {

/// What a column has been found to be.
struct Found {
    formats::DataType type;
    Inference inference;
    std::vector<ColumnBuilder::Change> changes;
    /// Of a pass that was complete: the next one is to write values the same way.
    std::optional<Notation> notation;

    template <class Archive>
    void state(Archive& archive) { archive(type, inference, changes, notation); }
};

/// A row group on its way from the reading thread to the writing one.
struct Group {
    std::uint64_t first_row = 0;
    std::vector<formats::Column> columns;
    std::vector<std::vector<KeptText>> kept;
};

/// Hands groups to `take`, on the calling thread at first and on one of its own from the second group on: a small file
/// never pays for a thread. One group is taken while the next one is filled.
class Handover {
public:
    Handover(std::function<void(const Group&)> take, bool threaded) : take_{std::move(take)}, threaded_{threaded} {}

    /// Takes a group and gives back another one whose memory is used again.
    void put(Group& group);
    /// Waits until all groups have been taken; throws what `take` has thrown.
    void wait();
    /// The same, and no group follows.
    void join();

private:
    void run(const std::stop_token& stop);

    std::function<void(const Group&)> take_;
    bool threaded_;
    std::size_t groups_ = 0;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    Group next_;
    bool full_ = false;
    std::exception_ptr failure_;
    std::jthread thread_;  // last, so that it is joined before what it uses goes away
};

/// One reading of a table from its beginning to its end: cells become typed columns, row group by row group.
class Pass {
public:
    /// `reported`: the progress told so far, by this pass and those before. `rejects` may be null.
    Pass(const OpenTable& open, formats::Sink* rejects, const BuildOptions& options, std::uint64_t& reported, int number);

    const std::vector<std::string>& names() const { return table_->names(); }
    /// Reads with types found on the way, or, given the pass before, with the types found there. `take` is called as
    /// Handover does, and has returned from the last call when this returns.
    void run(const std::vector<Found>& before, std::function<void(const Group&)> take);
    /// Called within `run` when nothing is at hand that has not been taken, and BuildOptions::checkpoint_bytes have been read
    /// since the last time.
    void on_checkpoint(std::function<void()> save) { save_ = std::move(save); }
    /// The state at such a point, from which another pass over the same table, not yet run, goes on.
    void state(formats::StateWriter& archive);
    std::uint64_t checkpoint_at() const { return saved_at_; }
    void go_on(formats::StateReader& archive, const std::vector<Found>& before);

    /// Rows of a narrower type have been taken: what was written is void, and `found` tells how to read again.
    bool too_narrow() const { return too_narrow_; }
    std::vector<Found> found();
    std::uint64_t rows() const { return rows_; }
    /// Names, types and notations as they are now.
    std::vector<ColumnInfo> columns() const;
    BuildReport report(const std::vector<Found>& before) const;
    /// Gives the rejects at hand to their sink.
    void flush_rejects();

private:
    void start(const std::vector<Found>& before);
    void add_batch(Handover& out);
    void flush(Handover& out);
    void checkpoint(Handover& out);
    template <class Archive>
    void list(Archive& archive);
    void on_reject(formats::Reject reject);
    void progress(std::uint64_t consumed);

    const BuildOptions& options_;
    formats::Sink* rejects_sink_;
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
    std::function<void()> save_;
    std::uint64_t saved_at_ = 0;  ///< of the source
    std::string position_;        ///< of the table
};

}  // namespace millrace::datasets
