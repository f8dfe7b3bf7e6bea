#include "datasets/detail/merged_table.hpp"

#include <fmt/format.h>
#include <sodium/crypto_shorthash_siphash24.h>
#include <sodium/randombytes.h>

#include <algorithm>
#include <cstring>

#include "datasets/typing.hpp"

namespace millrace::datasets {
namespace {

using formats::Cell;
using formats::Type;

constexpr std::uint64_t rows_at_once = 1024;

std::string_view cut(std::string_view text) { return text.substr(0, 200); }

/// A name without what people change when they mean the same: case of ASCII letters, blanks, marks.
std::string core(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c >= 'A' && c <= 'Z') out += static_cast<char>(c + 32);
        else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80) out += c;
    }
    return out;
}

/// Does a cell have the type that its column had?
bool fits(std::string_view text, const formats::DataType& type, const Notation& notation) {
    if (type.is_text()) return true;
    std::int64_t whole = 0;
    double number = 0;
    return (type.is_float() ? parse_float(text, notation, number) : parse(text, type, notation, whole)) != Parsed::no;
}

/// Keeps rows as the cells of a batch; they live as long as the window of their reader.
class Capture final : public formats::TableWriter {
public:
    explicit Capture(std::vector<Cell>& into) : cells_{into} {}
    void write(const formats::Rows& rows) override {
        width_ = rows.columns.size();
        cells_.clear();
        for (auto row = rows.begin; row < rows.end; ++row) {
            for (const auto* column : rows.columns) {
                if (column->is_null(row)) {
                    cells_.emplace_back();
                    continue;
                }
                const auto text = column->text(row);
                cells_.push_back({text.data(), static_cast<std::uint32_t>(text.size()), text.empty()});
            }
        }
    }
    void finish() override {}
    const formats::WriteReport& report() const override { return report_; }
    std::size_t rows() const { return width_ == 0 ? 0 : cells_.size() / width_; }

private:
    std::vector<Cell>& cells_;
    std::size_t width_ = 0;
    formats::WriteReport report_;
};

}  // namespace

Match match_columns(const std::vector<ColumnInfo>& parent, const std::vector<std::string>& given, bool has_header) {
    Match match;
    match.of_parent.resize(parent.size());
    const auto names = unique_names(given);
    std::vector<bool> taken(names.size());
    const auto take = [&](std::size_t column, std::size_t place) {
        match.of_parent[column] = place;
        taken[place] = true;
    };
    if (!has_header && names.size() == parent.size()) {
        for (std::size_t i = 0; i < parent.size(); ++i) take(i, i);
        return match;
    }
    const auto pair_by = [&](auto key, auto found) {
        std::unordered_map<std::string, std::size_t> places;
        for (std::size_t place = names.size(); place-- > 0;) {
            if (!taken[place]) places[key(names[place])] = place;
        }
        for (std::size_t i = 0; i < parent.size(); ++i) {
            if (match.of_parent[i]) continue;
            const auto at = places.find(key(parent[i].name));
            if (at == places.end() || at->first.empty() || taken[at->second]) continue;
            take(i, at->second);
            found(i, at->second);
        }
    };
    pair_by([](const std::string& name) { return name; }, [](auto...) {});
    pair_by(core, [&](std::size_t i, std::size_t place) { match.changes.renamed.push_back({parent[i].name, names[place], true}); });
    for (std::size_t place = 0; place < names.size(); ++place) {
        if (taken[place]) continue;
        match.added.push_back(place);
        match.changes.added.push_back(names[place]);
        if (place < parent.size() && !match.of_parent[place]) match.changes.renamed.push_back({parent[place].name, names[place], false});
    }
    std::vector<std::size_t> order;  // places of those in both
    for (std::size_t i = 0; i < parent.size(); ++i) {
        if (match.of_parent[i]) order.push_back(*match.of_parent[i]);
        else match.changes.missing.push_back(parent[i].name);
    }
    auto sorted = order;
    std::ranges::sort(sorted);
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (order[i] != sorted[i]) match.changes.reordered.push_back(names[order[i]]);
    }
    return match;
}

KeySet::KeySet(const std::vector<ColumnInfo>& columns, const std::vector<std::string>& key) {
    for (const auto& name : key) {
        const auto found = std::ranges::find(columns, name, &ColumnInfo::name);
        if (found == columns.end()) throw Error{Code::schema_drift, {{"why", fmt::format("the key \"{}\" is no column of the dataset", cut(name))}}};
        columns_.push_back(static_cast<std::size_t>(found - columns.begin()));
        types_.push_back(found->data_type());
        notations_.push_back(from_pattern(found->data_type(), found->notation).value_or(Notation{}));
    }
    randombytes_buf(secret_.data(), secret_.size());
}

template <class CellAt>
std::optional<KeySet::Hash> KeySet::of(CellAt cell_at) const {
    scratch_.clear();
    for (std::size_t part = 0; part < columns_.size(); ++part) {
        const Cell& cell = cell_at(columns_[part]);
        if (cell.size == 0) return std::nullopt;
        append_part(cell.text(), part);
    }
    return finish();
}

/// Values count where the text is one ("1.0" is "1.00"), else the text.
void KeySet::append_part(std::string_view text, std::size_t part) const {
    std::array<char, 9> head{};
    const auto put = [&](char kind, const auto& value) {
        head[0] = kind;
        std::memcpy(head.data() + 1, &value, 8);
        scratch_.append(head.data(), 9);
    };
    std::int64_t whole = 0;
    double number = 0;
    if (types_[part].is_float() && parse_float(text, notations_[part], number) != Parsed::no) return put('f', number);
    if (!types_[part].is_text() && !types_[part].is_float() && parse(text, types_[part], notations_[part], whole) != Parsed::no) return put('i', whole);
    put('t', std::uint64_t{text.size()});
    scratch_ += text;
}

KeySet::Hash KeySet::finish() const {
    Hash hash{};
    crypto_shorthash_siphashx24(reinterpret_cast<unsigned char*>(hash.data()), reinterpret_cast<const unsigned char*>(scratch_.data()), scratch_.size(),
                                secret_.data());
    return hash;
}

void KeySet::add(const Hash& hash, std::uint64_t row) {
    if (items_.size() == upsert_rows_max) {
        throw Error{Code::too_many_rows, {{"limit", std::to_string(upsert_rows_max)}, {"why", "the keys of an upsert are kept in memory"}}};
    }
    items_.push_back({hash, row});
}

void KeySet::settle() {
    std::ranges::sort(items_, [](const Item& a, const Item& b) { return a.hash != b.hash ? a.hash < b.hash : a.row > b.row; });
    const auto rest = std::ranges::unique(items_, {}, &Item::hash);
    items_.erase(rest.begin(), rest.end());
}

std::optional<std::uint64_t> KeySet::last(const Hash& hash) const {
    const auto found = std::ranges::lower_bound(items_, hash, {}, &Item::hash);
    if (found == items_.end() || found->hash != hash) return std::nullopt;
    return found->row;
}

MergedTable::MergedTable(const OpenTable& open, std::function<void(formats::Reject)> on_reject, const Parent& parent, const VersionPlan& plan, Changes& changes)
    : on_reject_{std::move(on_reject)}, parent_{parent}, plan_{plan}, changes_{changes}, file_{open(on_reject_)} {
    match_ = match_columns(parent.columns, file_->names(), file_->has_header());
    changes_ = match_.changes;
    const auto& c = match_.changes;
    if (plan.contract == Contract::freeze && !(c.added.empty() && c.missing.empty())) {
        throw Error{Code::schema_drift, {{"why", c.added.empty() ? fmt::format("the column \"{}\" is missing", cut(c.missing[0]))
                                                                 : fmt::format("the column \"{}\" is new", cut(c.added[0]))}}};
    }
    for (const auto& column : parent.columns) {
        names_.push_back(column.original_name);
        notations_.push_back(from_pattern(column.data_type(), column.notation).value_or(Notation{}));
    }
    if (plan.contract == Contract::evolve) {
        for (const auto place : match_.added) names_.push_back(file_->names()[place]);
    }
    if (plan.mode == Mode::upsert) collect_keys(open);
    if (plan.mode != Mode::replace) before_.emplace(parent.open());
}

void MergedTable::collect_keys(const OpenTable& open) {
    keys_.emplace(parent_.columns, plan_.key);
    const auto table = open({});
    std::vector<Cell> cells;
    std::uint64_t row = 0;
    for (formats::TextBatch batch; table->next(batch);) {
        for (std::size_t i = 0; i < batch.rows; ++i, ++row) {
            cells.clear();
            if (judge(batch, i, false, cells) == Verdict::reject) continue;
            if (const auto key = keys_->of([&](std::size_t column) -> const Cell& { return cells[column]; })) keys_->add(*key, row);
        }
    }
    keys_->settle();
}

bool MergedTable::next(formats::TextBatch& batch) {
    if (before_ && next_before(batch)) return true;
    return next_new(batch);
}

bool MergedTable::next_before(formats::TextBatch& batch) {
    if (before_at_ >= before_->rows()) return false;
    Capture capture{before_cells_};
    before_->write({before_at_, rows_at_once}, Values::original, capture);
    const auto width = parent_.columns.size();
    batch.columns = names_.size();
    batch.rows = 0;
    batch.cells.clear();
    for (std::size_t row = 0; row < capture.rows(); ++row) {
        const auto* cells = before_cells_.data() + row * width;
        if (keys_) {
            const auto key = keys_->of([&](std::size_t column) -> const Cell& { return cells[column]; });
            if (key && keys_->last(*key)) {
                ++changes_.rows_replaced;
                continue;
            }
        }
        batch.cells.insert(batch.cells.end(), cells, cells + width);
        batch.cells.resize(batch.cells.size() + (names_.size() - width));
        ++batch.rows;
        ++changes_.rows_kept;
    }
    before_at_ += rows_at_once;
    const auto done = std::min(before_at_, before_->rows());
    batch.bytes_consumed = before_->rows() == 0 ? 0 : parent_.bytes * done / before_->rows();
    return true;
}

bool MergedTable::next_new(formats::TextBatch& batch) {
    if (!file_->next(read_)) {
        finish_report();
        return false;
    }
    batch.columns = names_.size();
    batch.rows = 0;
    batch.cells.clear();
    batch.bytes_consumed = (before_ ? parent_.bytes : 0) + read_.bytes_consumed;
    for (std::size_t row = 0; row < read_.rows; ++row, ++row_of_file_) {
        const auto start = batch.cells.size();
        bool take = judge(read_, row, true, batch.cells) == Verdict::take;
        if (take && keys_) {
            const auto key = keys_->of([&](std::size_t column) -> const Cell& { return batch.cells[start + column]; });
            if (!key) reject("key_missing", "a part of its key is empty", {}, std::nullopt);
            else if (keys_->last(*key) != row_of_file_) reject("key_repeated", "a later row has the same key", {}, std::nullopt);
            take = key && keys_->last(*key) == row_of_file_;
        }
        if (take) {
            ++batch.rows;
            ++changes_.rows_new;
        } else {
            batch.cells.resize(start);
        }
    }
    return true;
}

/// Appends the cells of a row in the order of names(), as the contract lets them through.
MergedTable::Verdict MergedTable::judge(const formats::TextBatch& batch, std::size_t row, bool counting, std::vector<Cell>& out) {
    for (std::size_t i = 0; i < parent_.columns.size(); ++i) {
        const auto place = match_.of_parent[i];
        auto cell = place ? batch.at(row, *place) : Cell{};
        const bool null = cell.size == 0 && !cell.quoted;
        if (plan_.contract != Contract::evolve && !null && cell.size > 0 && !fits(cell.text(), parent_.columns[i].data_type(), notations_[i])) {
            if (plan_.contract == Contract::freeze) {
                throw Error{Code::schema_drift, {{"why", fmt::format("\"{}\" in the column \"{}\" is no {}", cut(cell.text()), cut(parent_.columns[i].name),
                                                                    word(parent_.columns[i].type))}}};
            }
            if (counting) misfit(cell, i);
            if (plan_.contract == Contract::discard_row) {
                if (counting) reject("schema_drift", "its value is no " + std::string{word(parent_.columns[i].type)}, cell.text(), static_cast<std::uint32_t>(i));
                return Verdict::reject;
            }
            if (counting) ++changes_.values_discarded;
            cell = {};
        }
        out.push_back(cell);
    }
    for (const auto place : match_.added) {
        const auto& cell = batch.at(row, place);
        if (plan_.contract == Contract::evolve) out.push_back(cell);
        if (plan_.contract == Contract::evolve || cell.size == 0 || !counting) {
            if (plan_.contract == Contract::discard_row && cell.size > 0) return Verdict::reject;
            continue;
        }
        if (plan_.contract == Contract::discard_value) {
            ++changes_.values_discarded;
            continue;
        }
        reject("schema_drift", "it has a value in a column that the dataset does not have", cell.text(), static_cast<std::uint32_t>(place));
        return Verdict::reject;
    }
    return Verdict::take;
}

void MergedTable::misfit(const Cell& cell, std::size_t column) {
    const auto& info = parent_.columns[column];
    if (std::ranges::find(changes_.retyped, info.name, &Retyped::column) != changes_.retyped.end()) return;
    Inference inference;
    inference.add(cell.text());
    changes_.retyped.push_back({info.name, info.type, inference.type().type, std::string{cut(cell.text())}});
}

void MergedTable::reject(std::string code, std::string reason, std::string_view raw, std::optional<std::uint32_t> column) {
    ++rejected_;
    if (code == "schema_drift") ++changes_.rows_discarded;
    if (!on_reject_) return;
    on_reject_({.line = 0, .byte_offset = 0, .column = column, .code = std::move(code),
                .reason = fmt::format("data row {}: {}", row_of_file_ + 1, reason), .raw = std::string{raw.substr(0, 65'536)}});
}

/// What happened to the rows of both.
void MergedTable::finish_report() {
    report_ = file_->report();
    report_.rows_rejected += rejected_;
    report_.rows_in += changes_.rows_kept + changes_.rows_replaced;
    report_.rows_reported += changes_.rows_replaced;
    report_.rows_out = changes_.rows_kept + changes_.rows_new;
}

}  // namespace millrace::datasets
