#include "transform/lookup.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include "base/error.hpp"
#include "base/suggest.hpp"
#include "transform/detail/text.hpp"

namespace millrace::transform {
namespace {

constexpr std::uint32_t no_row = std::numeric_limits<std::uint32_t>::max();

[[noreturn]] void refuse(const std::string& name, const char* where, std::string detail) {
    Error error{Code::invalid_fields};
    error.issues.push_back({"/lookups/" + name + where, "lookup", std::move(detail)});
    throw error;
}

}  // namespace

LookupTable::LookupTable(const std::string& name, const LookupSpec& spec, formats::TableReader& reader) : name_{name}, spec_{spec} {
    begin(reader.names());
    std::vector<std::optional<std::string_view>> row(columns_.size());
    for (formats::TextBatch batch; reader.next(batch);) {
        for (std::size_t r = 0; r < batch.rows; ++r) {
            for (std::size_t c = 0; c < row.size(); ++c) {
                const auto& cell = batch.at(r, c);
                row[c] = cell.size == 0 && !cell.quoted ? std::nullopt : std::optional{cell.text()};
            }
            add(row);
        }
    }
}

LookupTable::LookupTable(const std::string& name, const LookupSpec& spec) : name_{name}, spec_{spec} {
    begin(spec.rows->columns);
    for (const auto& given : spec_.rows->rows) {
        if (given.size() != columns_.size()) refuse(name_, "/rows", "a row has another number of cells than there are columns");
        add({given.begin(), given.end()});
    }
}

void LookupTable::begin(std::vector<std::string> columns) {
    columns_ = std::move(columns);
    if (spec_.key.empty()) refuse(name_, "/key", "a lookup needs a column to look in");
    for (const auto& key : spec_.key) {
        const auto at = column(key);
        if (!at) refuse(name_, "/key", "the table has no column \"" + key + "\"" + did_you_mean(key, columns_));
        key_columns_.push_back(*at);
    }
}

std::optional<std::size_t> LookupTable::column(std::string_view name) const {
    const auto at = std::ranges::find(columns_, name);
    if (at == columns_.end()) return std::nullopt;
    return static_cast<std::size_t>(at - columns_.begin());
}

void LookupTable::append_key(std::string& key, std::string_view part) {
    // With its size in front, so that no two lists of texts give one key.
    key += std::to_string(part.size());
    key += ':';
    key += part;
}

std::string_view LookupTable::keep(std::string_view text) {
    constexpr std::size_t block = 64 * 1024;
    bytes_ += text.size();
    if (bytes_ > bytes_max) throw Error{Code::lookup_too_large, {{"name", name_}, {"limit", std::to_string(bytes_max)}}};
    if (texts_.empty() || texts_.back()->capacity() - texts_.back()->size() < text.size()) {
        texts_.push_back(std::make_unique<std::string>());
        texts_.back()->reserve(std::max(block, text.size()));
    }
    auto& to = *texts_.back();
    const auto at = to.size();
    to += text;
    return std::string_view{to}.substr(at);
}

void LookupTable::add(const std::vector<std::optional<std::string_view>>& row) {
    std::string key;
    for (const auto column : key_columns_) {
        if (!row[column]) return;  // a null equals nothing
        const auto part = spec_.ignore_case ? folded(*row[column]) : std::string{*row[column]};
        if (key_columns_.size() == 1) key = part;
        else append_key(key, part);
    }
    const auto number = static_cast<std::uint32_t>(next_.size());
    auto [at, is_new] = rows_.try_emplace(std::move(key), number, number);
    if (!is_new) {
        if (spec_.multiple == Multiple::error) {
            refuse(name_, "/key", "several rows have the key \"" + at->first + "\"; say multiple: first, last or list");
        }
        if (spec_.multiple == Multiple::first) return;
        if (spec_.multiple == Multiple::last) at->second = {number, number};
        else next_[std::exchange(at->second.second, number)] = number;
    }
    next_.push_back(no_row);
    bytes_ += 64 + at->first.size() + row.size() * sizeof(std::optional<std::string_view>);
    for (const auto& cell : row) cells_.push_back(cell ? std::optional{keep(*cell)} : std::nullopt);
}

std::optional<std::uint32_t> LookupTable::find(std::string_view key) const {
    const auto at = rows_.find(key);
    if (at == rows_.end()) return std::nullopt;
    return at->second.first;
}

std::optional<std::uint32_t> LookupTable::next(std::uint32_t row) const {
    if (next_[row] == no_row) return std::nullopt;
    return next_[row];
}

}  // namespace millrace::transform
