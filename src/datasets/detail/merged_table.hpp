#pragma once

#include <array>
#include <unordered_map>

#include "datasets/notation.hpp"
#include "datasets/version.hpp"

namespace millrace::datasets {

/// Which column of the file is which column of the version before.
struct Match {
    std::vector<std::optional<std::size_t>> of_parent;  ///< per column before: its place in the file
    std::vector<std::size_t> added;                     ///< places in the file of columns that were not there before
    Changes changes;                                    ///< added, missing, reordered, renamed
};
Match match_columns(const std::vector<ColumnInfo>& parent, const std::vector<std::string>& names, bool has_header);

/// Keys of rows, as keyed hashes of 128 bits; whose row came last is known after `settle`.
class KeySet {
public:
    explicit KeySet(const std::vector<ColumnInfo>& columns, const std::vector<std::string>& key);

    using Hash = std::array<std::uint64_t, 2>;
    /// The key of a row of `cells`, which stand in the order of the columns before; nothing when a part is missing.
    template <class CellAt>
    std::optional<Hash> of(CellAt cell) const;
    void add(const Hash& hash, std::uint64_t row);
    void settle();
    /// The last row with this key.
    std::optional<std::uint64_t> last(const Hash& hash) const;

private:
    void append_part(std::string_view text, std::size_t part) const;
    Hash finish() const;

    struct Item {
        Hash hash;
        std::uint64_t row;
    };
    std::vector<std::size_t> columns_;
    std::vector<formats::DataType> types_;
    std::vector<Notation> notations_;
    std::array<unsigned char, 16> secret_{};
    std::vector<Item> items_;
    mutable std::string scratch_;
};

/// The rows before, then those of the file, as one table of text with the columns before and, where they may evolve, the new ones.
class MergedTable final : public formats::TableReader {
public:
    MergedTable(const OpenTable& open, std::function<void(formats::Reject)> on_reject, const Parent& parent, const VersionPlan& plan, Changes& changes);

    const std::vector<std::string>& names() const override { return names_; }
    bool has_header() const override { return file_->has_header(); }
    bool next(formats::TextBatch& batch) override;
    const formats::ReadReport& report() const override { return report_; }

private:
    enum class Verdict { take, reject };
    void collect_keys(const OpenTable& open);
    bool next_before(formats::TextBatch& batch);
    bool next_new(formats::TextBatch& batch);
    Verdict judge(const formats::TextBatch& batch, std::size_t row, bool counting, std::vector<formats::Cell>& out);
    void misfit(const formats::Cell& cell, std::size_t column);
    void reject(std::string code, std::string reason, std::string_view raw, std::optional<std::uint32_t> column);
    void finish_report();

    std::function<void(formats::Reject)> on_reject_;
    const Parent& parent_;
    const VersionPlan& plan_;
    Changes& changes_;
    std::unique_ptr<formats::TableReader> file_;
    Match match_;
    std::vector<std::string> names_;
    std::vector<Notation> notations_;
    std::optional<KeySet> keys_;
    std::optional<RowReader> before_;
    std::uint64_t before_at_ = 0;
    std::vector<formats::Cell> before_cells_;
    std::uint64_t row_of_file_ = 0;
    std::uint64_t rejected_ = 0;
    formats::TextBatch read_;
    formats::ReadReport report_;
};

}  // namespace millrace::datasets
