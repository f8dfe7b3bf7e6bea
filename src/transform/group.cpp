#include "transform/group.hpp"

#include <algorithm>
#include <queue>
#include <unordered_map>

#include "transform/decimal.hpp"
#include "transform/operator.hpp"
#include "transform/spill.hpp"

namespace millrace::transform {
namespace {

constexpr std::size_t parts_count = 32;

/// A value outside of any batch.
struct Cell {
    bool has = false;
    Int128 number = 0;
    double real = 0;
    std::string text;
};

Cell cell_of(const Vector& vector, std::size_t row) {
    Cell cell;
    cell.has = vector.has(row);
    if (!cell.has) return cell;
    if (vector.type.is_text()) cell.text = vector.texts[row];
    else if (vector.type.kind == Kind::decimal) cell.number = vector.decimals[row];
    else if (vector.type.kind == Kind::float64) cell.real = vector.floats[row];
    else cell.number = vector.ints[row];
    return cell;
}

void put_cell(Vector& vector, std::size_t row, const Cell& cell) {
    if (!cell.has) return vector.set_state(row, State::null);
    if (vector.type.is_text()) vector.texts[row] = cell.text;
    else if (vector.type.kind == Kind::decimal) vector.decimals[row] = cell.number;
    else if (vector.type.kind == Kind::float64) vector.floats[row] = cell.real;
    else vector.ints[row] = static_cast<std::int64_t>(cell.number);
}

void put(std::string& record, const Cell& cell) {
    record += cell.has ? '\1' : '\0';
    if (!cell.has) return;
    record.append(reinterpret_cast<const char*>(&cell.number), sizeof cell.number);
    record.append(reinterpret_cast<const char*>(&cell.real), sizeof cell.real);
    put_text(record, cell.text);
}

Cell take(std::string_view& record) {
    Cell cell;
    cell.has = record.front() != '\0';
    record.remove_prefix(1);
    if (!cell.has) return cell;
    std::memcpy(&cell.number, record.data(), sizeof cell.number);
    record.remove_prefix(sizeof cell.number);
    std::memcpy(&cell.real, record.data(), sizeof cell.real);
    record.remove_prefix(sizeof cell.real);
    cell.text = take_text(record);
    return cell;
}

int order(const Cell& a, const Cell& b, const Type& type) {
    const auto by = [](const auto& x, const auto& y) { return x < y ? -1 : y < x ? 1 : 0; };
    if (type.is_text()) return by(a.text, b.text);
    if (type.kind == Kind::float64) return by(a.real, b.real);
    return by(a.number, b.number);
}

/// What is known of an aggregate so far.
struct Partial {
    Cell value;  // sum, min, max, first, last
    std::uint64_t count = 0;
    std::uint64_t row = 0;  // of `value`, for first and last
    bool overflow = false;
};

void merge(Partial& into, const Partial& more, const Grouping::Aggregate& how) {
    into.overflow |= more.overflow;
    into.count += more.count;
    if (!more.value.has) return;
    if (!into.value.has) {
        into.value = more.value;
        into.row = more.row;
        return;
    }
    switch (how.spec.op) {
        case Aggregation::count: break;
        case Aggregation::sum:
        case Aggregation::average:
            if (how.of.kind == Kind::float64) into.value.real += more.value.real;
            else if (const auto sum = add(into.value.number, more.value.number)) into.value.number = *sum;
            else into.overflow = true;
            break;
        case Aggregation::min:
            if (order(more.value, into.value, how.of) < 0) into.value = more.value;
            break;
        case Aggregation::max:
            if (order(more.value, into.value, how.of) > 0) into.value = more.value;
            break;
        case Aggregation::first:
            if (more.row < into.row) into.value = more.value, into.row = more.row;
            break;
        case Aggregation::last:
            if (more.row > into.row) into.value = more.value, into.row = more.row;
            break;
    }
}

struct Group {
    std::uint64_t first_row = 0;
    std::vector<Cell> keys;
    std::vector<Partial> partials;
};

std::string pack(const Group& group) {
    std::string record;
    put_number(record, group.first_row);
    for (const auto& key : group.keys) put(record, key);
    for (const auto& partial : group.partials) {
        put(record, partial.value);
        put_number(record, partial.count);
        put_number(record, partial.row);
        put_number(record, partial.overflow ? 1 : 0);
    }
    return record;
}

Group unpack(std::string_view record, std::size_t keys, std::size_t partials) {
    Group group;
    group.first_row = take_number(record);
    for (std::size_t i = 0; i < keys; ++i) group.keys.push_back(take(record));
    for (std::size_t i = 0; i < partials; ++i) {
        Partial partial{.value = take(record)};
        partial.count = take_number(record);
        partial.row = take_number(record);
        partial.overflow = take_number(record) != 0;
        group.partials.push_back(std::move(partial));
    }
    return group;
}

std::string key_of(const std::vector<Cell>& keys) {
    std::string key;
    for (const auto& cell : keys) put(key, cell);
    return key;
}

}  // namespace

struct Grouping::State {
    std::vector<Type> keys;
    std::vector<Aggregate> aggregates;
    std::uint64_t memory_bytes = 0;
    unsigned level = 0;

    std::unordered_map<std::string, Group> groups;
    std::uint64_t used = 0;
    std::uint64_t row = 0;
    std::vector<std::unique_ptr<SpillFile>> parts;

    void merge_in(const std::string& key, Group group) {
        const auto [at, is_new] = groups.try_emplace(key);
        auto& known = at->second;
        if (is_new) {
            used += 2 * key.size() + 200 + 128 * aggregates.size();
            known = std::move(group);
        } else {
            known.first_row = std::min(known.first_row, group.first_row);
            for (std::size_t i = 0; i < aggregates.size(); ++i) merge(known.partials[i], group.partials[i], aggregates[i]);
        }
        if (used > memory_bytes && level < 6) spill();
    }

    void spill() {
        if (parts.empty()) {
            for (std::size_t i = 0; i < parts_count; ++i) parts.push_back(std::make_unique<SpillFile>());
        }
        for (const auto& [key, group] : groups) parts[part_of(key, level, parts.size())]->write(pack(group));
        groups.clear();
        used = 0;
    }

    /// All groups in the order of their first rows, one after the other.
    void each(const std::function<void(const Group&)>& act) {
        if (parts.empty()) {
            std::vector<const Group*> all;
            for (const auto& [key, group] : groups) all.push_back(&group);
            std::ranges::sort(all, {}, [](const Group* group) { return group->first_row; });
            for (const auto* group : all) act(*group);
            return;
        }
        spill();
        // Each part is merged by itself and put in order; then the parts are read side by side.
        std::vector<std::unique_ptr<SpillFile>> ordered;
        std::string record;
        for (auto& part : parts) {
            part->rewind();
            State inner{.keys = keys, .aggregates = aggregates, .memory_bytes = memory_bytes, .level = level + 1};
            while (part->read(record)) {
                auto group = unpack(record, keys.size(), aggregates.size());
                const auto key = key_of(group.keys);
                inner.merge_in(key, std::move(group));
            }
            part.reset();
            auto& out = *ordered.emplace_back(std::make_unique<SpillFile>());
            inner.each([&](const Group& group) { out.write(pack(group)); });
            out.rewind();
        }
        struct Head {
            Group group;
            SpillFile* file;
        };
        const auto later = [](const Head& a, const Head& b) { return a.group.first_row > b.group.first_row; };
        std::priority_queue<Head, std::vector<Head>, decltype(later)> heads{later};
        const auto advance = [&](SpillFile* file) {
            if (file->read(record)) heads.push({unpack(record, keys.size(), aggregates.size()), file});
        };
        for (const auto& file : ordered) advance(file.get());
        while (!heads.empty()) {
            const auto head = heads.top();
            heads.pop();
            act(head.group);
            advance(head.file);
        }
    }
};

Grouping::Grouping(std::vector<Type> keys, std::vector<Aggregate> aggregates, std::uint64_t memory_bytes)
    : state_{new State{.keys = std::move(keys), .aggregates = std::move(aggregates), .memory_bytes = memory_bytes}} {}

Grouping::~Grouping() = default;

std::optional<Type> Grouping::result_of(Aggregation op, const Type& of) {
    switch (op) {
        case Aggregation::count: return Type{Kind::int64};
        case Aggregation::sum:
            if (of.kind == Kind::int64) return Type{Kind::int64};
            return of.is_number() ? std::optional{of} : std::nullopt;
        case Aggregation::average:
            if (of.kind == Kind::float64) return of;
            if (!of.is_number()) return std::nullopt;
            return Type{Kind::decimal, static_cast<std::uint8_t>(std::min(of.scale + 6, 18))};
        case Aggregation::min:
        case Aggregation::max:
            return of.kind == Kind::json || of.kind == Kind::list || of.kind == Kind::boolean ? std::nullopt : std::optional{of};
        case Aggregation::first:
        case Aggregation::last: return of;
    }
    return std::nullopt;
}

void Grouping::add(std::span<const Vector* const> keys, std::span<const Vector* const> values, std::span<const Vector* const> when,
                   std::span<const std::uint8_t> kept) {
    auto& state = *state_;
    for (std::size_t row = 0; row < kept.size(); ++row) {
        if (!kept[row]) continue;
        Group group{.first_row = state.row};
        for (const auto* key : keys) group.keys.push_back(cell_of(*key, row));
        for (std::size_t i = 0; i < values.size(); ++i) {
            Partial partial{.row = state.row};
            const bool counts = !when[i] || (when[i]->has(row) && when[i]->ints[row] != 0);
            if (counts && values[i]) {
                partial.value = cell_of(*values[i], row);
                partial.count = partial.value.has ? 1 : 0;
            } else if (counts) {
                partial.count = 1;
            }
            group.partials.push_back(std::move(partial));
        }
        ++state.row;
        const auto key = key_of(group.keys);
        state.merge_in(key, std::move(group));
    }
}

Grouping::Result Grouping::finish(const std::function<void(std::span<const Vector>)>& take_batch) {
    auto& state = *state_;
    Result result;
    std::vector<Vector> columns(state.keys.size() + state.aggregates.size());
    std::vector<Group> batch;
    const auto flush = [&] {
        for (std::size_t c = 0; c < columns.size(); ++c) {
            const bool is_key = c < state.keys.size();
            const auto i = is_key ? c : c - state.keys.size();
            columns[c].reset(is_key ? state.keys[i] : state.aggregates[i].result, batch.size());
            for (std::size_t row = 0; row < batch.size(); ++row) {
                if (is_key) {
                    put_cell(columns[c], row, batch[row].keys[i]);
                    continue;
                }
                const auto& aggregate = state.aggregates[i];
                auto& partial = batch[row].partials[i];
                if (aggregate.spec.op == Aggregation::count) {
                    partial.value = {.has = true, .number = static_cast<Int128>(partial.count)};
                } else if (aggregate.spec.op == Aggregation::average && partial.count > 0 && !partial.overflow) {
                    if (aggregate.of.kind == Kind::float64) {
                        partial.value.real /= static_cast<double>(partial.count);
                    } else {
                        const auto average = divide(partial.value.number, static_cast<Int128>(partial.count), aggregate.result.scale - aggregate.of.scale, Rounding::half_up);
                        partial.overflow = !average;
                        partial.value.number = average.value_or(0);
                    }
                }
                const auto number = partial.value.number;
                if (aggregate.result.kind == Kind::int64 && (number > INT64_MAX || number < INT64_MIN)) partial.overflow = true;
                if (partial.overflow) {
                    ++result.overflows;
                    partial.value.has = false;
                }
                put_cell(columns[c], row, partial.value);
            }
        }
        take_batch(columns);
        batch.clear();
    };
    state.each([&](const Group& group) {
        ++result.groups;
        batch.push_back(group);
        if (batch.size() == batch_rows_max) flush();
    });
    if (!batch.empty()) flush();
    return result;
}

}  // namespace millrace::transform
