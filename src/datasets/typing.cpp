#include "datasets/typing.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/error.hpp"

namespace millrace::datasets {

using formats::Column;
using formats::DataType;
using formats::Type;

namespace {

enum Kind : std::uint16_t {
    whole = 1, decimal = 2, floating = 4, boolean = 8, ymd = 16, dmy = 32, mdy = 64, time_of_day = 128, instant = 256,
    wall_time = 512,
};
constexpr std::uint16_t numbers = whole | decimal | floating;
constexpr std::uint16_t dates = ymd | dmy | mdy;

constexpr int decimal_digits_max = 18;

bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

int digits_of(std::uint64_t value) {
    int digits = 1;
    for (; value >= 10; value /= 10) ++digits;
    return digits;
}

/// Does the text read as a value of this type in some notation?
bool reads_as(std::string_view text, const DataType& type, const Notation& notation = {}) {
    std::int64_t value = 0;
    return parse(text, type, notation, value) != Parsed::no;
}

}  // namespace

void Inference::add(std::string_view text) {
    empty_ = false;
    if (kinds_ == 0) return;
    if (text.empty()) {
        kinds_ = 0;
        return;
    }
    const char first = text[0];
    if (first == 't' || first == 'f' || first == 'T' || first == 'F') {
        kinds_ &= reads_as(text, {.type = Type::boolean}) ? boolean : 0;
    } else if (!is_digit(first) && first != '-' && first != '.') {
        kinds_ = 0;
    } else if (!add_date(text)) {
        add_number(text);
    }
}

void Inference::add_number(std::string_view text) {
    std::uint16_t kinds = 0;
    double value = 0;
    if ((kinds_ & floating) != 0 && parse_float(text, {.number = Notation::Number::shortest}, value) != Parsed::no) {
        kinds |= floating;
    }
    const std::size_t sign = text[0] == '-' ? 1 : 0;
    const auto point = std::min(text.find('.'), text.size());
    const auto whole_digits = static_cast<int>(point - sign);
    const auto places = point == text.size() ? 0 : static_cast<int>(text.size() - point - 1);
    if ((kinds_ & whole) != 0 && reads_as(text, {.type = Type::int64})) kinds |= whole;
    if ((kinds_ & decimal) != 0 && places <= decimal_digits_max &&
        reads_as(text, {.type = Type::decimal, .precision = 18, .scale = static_cast<std::uint8_t>(places)})) {
        const bool zero = whole_digits <= 1 && (whole_digits == 0 || text[sign] == '0');
        whole_digits_ = std::max(whole_digits_, zero ? 0 : whole_digits);
        scale_ = std::max(scale_, places);
        kinds |= decimal;
    }
    kinds_ &= kinds;
    if (whole_digits_ + scale_ > decimal_digits_max) kinds_ &= static_cast<std::uint16_t>(~decimal);
}

/// False when the text has not the shape of a date or a time; then it may be a number.
bool Inference::add_date(std::string_view text) {
    if (text.size() < 5 || (!is_digit(text[1]) && text[1] != '/' && text[1] != '-' && text[1] != '.')) return false;
    if (text[2] == ':') {
        kinds_ &= reads_as(text, {.type = Type::time}) ? time_of_day : 0;
        return true;
    }
    if (text.size() > 10 && text[4] == '-') {
        const bool with_zone = reads_as(text, {.type = Type::timestamp, .utc = true});
        const bool without = reads_as(text, {.type = Type::timestamp, .utc = false});
        kinds_ &= with_zone ? instant : without ? wall_time : 0;
        return true;
    }
    const auto mark = text.find_first_of("/-.", 1);
    if (text.size() < 8 || text.size() > 10 || mark == std::string_view::npos || mark == text.rfind(text[mark])) return false;
    std::uint16_t kinds = 0;
    Notation notation{.date_mark = text[mark]};
    for (const auto& [order, kind] : {std::pair{Notation::Order::ymd, ymd}, {Notation::Order::dmy, dmy},
                                      {Notation::Order::mdy, mdy}}) {
        notation.order = order;
        if (reads_as(text, {.type = Type::date}, notation)) kinds |= kind;
    }
    if (date_mark_ != 0 && date_mark_ != text[mark]) kinds = 0;
    date_mark_ = text[mark];
    kinds_ &= kinds;
    return true;
}

void Inference::add(const DataType& type, const Notation& notation, std::uint64_t magnitude) {
    empty_ = false;
    std::uint16_t kinds = 0;
    switch (type.type) {
        case Type::int64:
        case Type::decimal: {
            const int digits = std::max<int>(digits_of(magnitude), type.scale);
            whole_digits_ = std::max(whole_digits_, digits - type.scale);
            scale_ = std::max<int>(scale_, type.scale);
            kinds = type.type == Type::int64 ? whole | decimal : decimal;
            if (digits <= 15) kinds |= floating;
            break;
        }
        case Type::float64: kinds = floating; break;
        case Type::boolean: kinds = boolean; break;
        case Type::date:
            kinds = notation.order == Notation::Order::ymd ? ymd : notation.order == Notation::Order::dmy ? dmy : mdy;
            if (date_mark_ != 0 && date_mark_ != notation.date_mark) kinds = 0;
            date_mark_ = notation.date_mark;
            break;
        case Type::time: kinds = time_of_day; break;
        case Type::timestamp: kinds = type.utc ? instant : wall_time; break;
        default: break;
    }
    kinds_ &= kinds;
    if (whole_digits_ + scale_ > decimal_digits_max) kinds_ &= static_cast<std::uint16_t>(~decimal);
}

bool Inference::ambiguous() const { return !empty_ && (kinds_ & dates) == (dmy | mdy); }

Notation::Order Inference::order() const {
    if ((kinds_ & ymd) != 0) return Notation::Order::ymd;
    return (kinds_ & dmy) != 0 ? Notation::Order::dmy : Notation::Order::mdy;
}

DataType Inference::type() const {
    if (empty_ || kinds_ == 0 || ambiguous()) return {};
    if ((kinds_ & whole) != 0) return {.type = Type::int64};
    if ((kinds_ & decimal) != 0) {
        return {.type = Type::decimal, .precision = decimal_digits_max, .scale = static_cast<std::uint8_t>(scale_)};
    }
    if ((kinds_ & floating) != 0) return {.type = Type::float64};
    if ((kinds_ & boolean) != 0) return {.type = Type::boolean};
    if ((kinds_ & dates) != 0) return {.type = Type::date};
    if ((kinds_ & time_of_day) != 0) return {.type = Type::time};
    return {.type = Type::timestamp, .utc = (kinds_ & instant) != 0};
}

// --- notation of a column ----------------------------------------------------------------------------------------

namespace {

/// The notation in which this text, which is a value of the type, would be exact.
Notation derive(std::string_view text, const DataType& type, const Notation& base) {
    Notation out = base;
    switch (type.type) {
        case Type::decimal:
            out.number = text.size() > type.scale && text[text.size() - type.scale - 1] == '.' && text.back() == '0'
                             ? Notation::Number::fixed : Notation::Number::trimmed;
            break;
        case Type::float64: {
            const auto mark = text.find_first_of("eE");
            out.letters = mark != std::string_view::npos && text[mark] == 'E' ? Notation::Letters::upper
                                                                               : Notation::Letters::lower;
            const auto point = text.find('.');
            out.number = text.ends_with(".0") ? Notation::Number::repr : Notation::Number::shortest;
            if (mark == std::string_view::npos) break;
            out.number = Notation::Number::scientific;
            out.digits = static_cast<std::uint8_t>(point < mark ? std::min<std::size_t>(mark - point - 1, 14) : 0);
            break;
        }
        case Type::boolean:
            out.letters = text[0] >= 'a' ? Notation::Letters::lower
                          : text[1] >= 'a' ? Notation::Letters::capital : Notation::Letters::upper;
            break;
        case Type::date: out.padded = text.size() == 10; break;
        case Type::time:
        case Type::timestamp: {
            const auto colon = text.find(':');
            const auto time = text.substr(colon - 2);
            out.time_mark = type.type == Type::timestamp ? text[10] : 'T';
            out.seconds = time.size() > 5 && time[5] == ':';
            std::size_t digits = 0;
            while (out.seconds && time.size() > 9 + digits && time[8] == '.' && is_digit(time[9 + digits])) ++digits;
            out.digits = static_cast<std::uint8_t>(std::min<std::size_t>(digits, 6));
            out.zulu = !type.utc || text.back() == 'Z';
            if (!out.zulu) {
                const auto zone = text.substr(text.size() - 6);
                const int minutes = (zone[1] - '0') * 600 + (zone[2] - '0') * 60 + (zone[4] - '0') * 10 + (zone[5] - '0');
                out.offset = static_cast<std::int16_t>(zone[0] == '-' ? -minutes : minutes);
            }
            break;
        }
        default: break;
    }
    return out;
}

Parsed parse_any(std::string_view text, const DataType& type, const Notation& notation) {
    std::int64_t value = 0;
    double number = 0;
    return type.is_float() ? parse_float(text, notation, number) : parse(text, type, notation, value);
}

/// The notation that gives back most of the texts, among those that the texts themselves suggest.
Notation best_notation(const std::vector<std::string_view>& texts, const DataType& type, const Notation& base) {
    std::vector<Notation> candidates;
    const auto suggest = [&](const Notation& notation) {
        if (std::find(candidates.begin(), candidates.end(), notation) == candidates.end()) candidates.push_back(notation);
    };
    for (const auto text : texts) {
        if (candidates.size() >= 8) break;
        if (parse_any(text, type, base) == Parsed::no) continue;
        suggest(derive(text, type, base));
    }
    if (type.type == Type::float64) {
        Notation shortest = base;
        shortest.number = Notation::Number::shortest;
        suggest(shortest);
    }
    Notation best = candidates.empty() ? base : candidates.front();
    std::size_t best_count = 0;
    for (const auto& candidate : candidates) {
        const auto count = static_cast<std::size_t>(std::count_if(texts.begin(), texts.end(), [&](auto text) {
            return parse_any(text, type, candidate) == Parsed::exact;
        }));
        if (count <= best_count) continue;
        best = candidate;
        best_count = count;
    }
    return best;
}

}  // namespace

// --- ColumnBuilder -----------------------------------------------------------------------------------------------

ColumnBuilder::ColumnBuilder(Options options) : options_{options}, undecided_{options.infer} {}

ColumnBuilder::ColumnBuilder(Options options, const DataType& type, const Inference& inference, const std::optional<Notation>& notation)
    : options_{options}, fixed_{true}, fixed_notation_{notation.has_value()}, type_{type} {
    if (notation) {
        notation_ = *notation;
    } else if (type.type == Type::date) {
        notation_.order = inference.order();
        notation_.date_mark = inference.date_mark();
    }
    values_.type = type;
}

void ColumnBuilder::append(const formats::TextBatch& batch, std::size_t index, std::uint64_t first_row) {
    const CellRun cells{batch.cells.data() + index, batch.columns, batch.rows};
    if (undecided_) decide(cells, first_row);
    append(cells, first_row);
}

void ColumnBuilder::append(CellRun cells, std::uint64_t first_row) {
    const auto advance = [&](std::size_t count) {
        cells.first += count * cells.stride;
        cells.count -= count;
        first_row += count;
    };
    while (cells.count > 0) {
        if (type_.is_text()) return append_text(cells);
        advance(append_typed(cells));
        if (cells.count == 0) return;
        if (is_null_word(cells[0].text())) {
            kept_.push_back({static_cast<std::uint32_t>(values_.rows), std::string{cells[0].text()}});
            values_.push_null();
            advance(1);
        } else {
            widen(cells, first_row);
        }
    }
}

void ColumnBuilder::append_text(const CellRun& cells) {
    const auto rows = values_.rows, start = values_.bytes.size();
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < cells.count; ++i) bytes += cells[i].size;
    values_.valid.resize(rows + cells.count);
    values_.ends.resize(rows + cells.count);
    values_.bytes.resize(start + bytes);
    char* to = values_.bytes.data() + start;
    auto end = static_cast<std::uint32_t>(start);
    std::size_t nulls = 0;
    for (std::size_t i = 0; i < cells.count; ++i) {
        const auto& cell = cells[i];
        const bool valid = cell.size > 0 || cell.quoted;
        if (cell.size > 0) std::memcpy(to, cell.data, cell.size);
        to += cell.size;
        end += cell.size;
        values_.valid[rows + i] = valid ? 1 : 0;
        values_.ends[rows + i] = end;
        nulls += valid ? 0 : 1;
    }
    values_.rows += cells.count;
    values_.nulls += nulls;
}

std::size_t ColumnBuilder::append_typed(const CellRun& cells) {
    const auto rows = values_.rows;
    states_.resize(cells.count);
    RunResult result;
    if (type_.is_float()) {
        values_.floats.resize(rows + cells.count);
        result = parse_run(cells, notation_, values_.floats.data() + rows, states_.data());
        values_.floats.resize(rows + result.read);
    } else {
        values_.ints.resize(rows + cells.count);
        result = parse_run(cells, type_, notation_, values_.ints.data() + rows, states_.data());
        values_.ints.resize(rows + result.read);
    }
    values_.valid.resize(rows + result.read);
    std::size_t valid = 0;
    for (std::size_t i = 0; i < result.read; ++i) {
        const std::uint8_t one = states_[i] == CellState::exact || states_[i] == CellState::other ? 1 : 0;
        values_.valid[rows + i] = one;
        valid += one;
    }
    values_.rows += result.read;
    values_.nulls += result.read - valid;
    for (std::size_t i = 0; i < result.read && result.noted > 0; ++i) {
        if (states_[i] != CellState::other && states_[i] != CellState::empty_text) continue;
        kept_.push_back({static_cast<std::uint32_t>(rows + i), std::string{cells[i].text()}});
        --result.noted;
    }
    return result.read;
}

void ColumnBuilder::decide(const CellRun& cells, std::uint64_t first_row) {
    std::size_t first = 0;
    const auto says_nothing = [&](std::string_view text) { return text.empty() || is_null_word(text); };
    while (first < cells.count && says_nothing(cells[first].text())) ++first;
    if (first == cells.count) return;
    undecided_ = false;
    if (fixed_) return fixed_notation_ ? void() : choose_notation({}, cells);
    Inference inference;
    DataType type;
    for (auto i = first; i < cells.count && !(inference.is_text() && !inference.empty()); ++i) {
        const auto text = cells[i].text();
        if (says_nothing(text)) continue;
        inference.add(text);
        const auto next = inference.type();
        if (i != first && next.type != type.type) note(type, next, first_row + i, text);
        type = next;
    }
    ambiguous_ = inference.ambiguous();
    change_type(inference, type, cells);
}

/// A cell does not fit: finds the type that holds it, everything so far and the rest of the batch.
void ColumnBuilder::widen(const CellRun& cells, std::uint64_t first_row) {
    // Only a source that is not the same on a second reading gets here with a final type.
    if (fixed_) throw Error{Code::malformed_file, {{"why", "it changed while it was being read"}}};
    Inference inference = taken_;
    add_values(inference);
    for (std::size_t i = 0; i < cells.count && !inference.is_text(); ++i) {
        if (cells[i].size > 0 && !is_null_word(cells[i].text())) inference.add(cells[i].text());
    }
    auto type = inference.type();
    // What the inference takes, the parser takes; should they ever disagree, text holds everything.
    if (type == type_) type = {};
    note(type_, type, first_row, cells[0].text());
    change_type(inference, type, cells);
}

void ColumnBuilder::change_type(const Inference& inference, const DataType& type, const CellRun& rest) {
    if (type == type_) return;
    Notation base;
    if (type.type == Type::date) {
        base.order = inference.order();
        base.date_mark = inference.date_mark();
    }
    if (!taken_any_) return rebuild(type, base, rest);
    // Rows of the narrower type have been written: go on only to find out the final type.
    drop();
    too_narrow_ = true;
    type_ = type;
    notation_ = base;
    values_ = {};
    values_.type = type;
    choose_notation({}, rest);
}

/// Reads the texts of the row group at hand again, as another type.
void ColumnBuilder::rebuild(const DataType& type, const Notation& base, const CellRun& rest) {
    const auto old = texts();
    std::vector<formats::Cell> cells(old.rows);
    for (std::size_t row = 0; row < old.rows; ++row) {
        const auto text = old.text(row);
        cells[row] = {text.data(), static_cast<std::uint32_t>(text.size()), !old.is_null(row)};
    }
    const CellRun again{cells.data(), 1, cells.size()};
    type_ = type;
    notation_ = base;
    values_ = {};
    values_.type = type;
    kept_.clear();
    choose_notation(again, rest);
    append(again, 0);
}

void ColumnBuilder::choose_notation(const CellRun& first, const CellRun& second) {
    if (type_.is_text()) return;
    std::vector<std::string_view> texts;
    for (const auto* cells : {&first, &second}) {
        const auto room = texts.size() + 500;
        for (std::size_t i = 0; i < cells->count && texts.size() < room; ++i) {
            if ((*cells)[i].size > 0) texts.push_back((*cells)[i].text());
        }
    }
    notation_ = best_notation(texts, type_, notation_);
}

bool ColumnBuilder::is_null_word(std::string_view text) const {
    const auto* words = options_.null_words;
    return words && !words->empty() && std::find(words->begin(), words->end(), text) != words->end();
}

void ColumnBuilder::note(const DataType& from, const DataType& to, std::uint64_t row, std::string_view text) {
    if (from.type == to.type) return;
    changes_.push_back({from.type, to.type, row, std::string{text.substr(0, 200)}});
}

/// The texts of the values at hand, exactly as they stood.
Column ColumnBuilder::texts() const {
    Column out;
    std::string text;
    auto kept = kept_.begin();
    for (std::size_t row = 0; row < values_.rows; ++row) {
        if (kept != kept_.end() && kept->row == row) {
            out.push(std::string_view{kept->text});
            ++kept;
        } else if (values_.is_null(row)) {
            out.push_null();
        } else {
            text.clear();
            render(values_, row, notation_, text);
            out.push(std::string_view{text});
        }
    }
    return out;
}

void ColumnBuilder::add_values(Inference& inference) const {
    if (undecided_ || values_.rows == values_.nulls) return;
    std::uint64_t magnitude = 0;
    for (const auto value : values_.ints) {
        magnitude = std::max(magnitude, value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value));
    }
    inference.add(type_, notation_, magnitude);
}

void ColumnBuilder::before_take() {
    if (!ambiguous_ || taken_any_ || !type_.is_text()) return;
    ambiguous_ = false;
    Inference inference;
    for (std::size_t row = 0; row < values_.rows; ++row) {
        if (!values_.text(row).empty()) inference.add(values_.text(row));
    }
    const auto type = inference.type();
    if (!type.is_text()) change_type(inference, type, {});
}

void ColumnBuilder::take(Column& values, std::vector<KeptText>& kept) {
    add_values(taken_);
    taken_any_ = taken_any_ || values_.rows > values_.nulls;
    std::swap(values, values_);
    std::swap(kept, kept_);
    values_.clear();
    values_.type = type_;
    kept_.clear();
}

void ColumnBuilder::drop() {
    add_values(taken_);
    taken_any_ = taken_any_ || values_.rows > values_.nulls;
    values_.clear();
    kept_.clear();
}

}  // namespace millrace::datasets
