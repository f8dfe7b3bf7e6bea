#include <algorithm>
#include <optional>

#include "formats/xls/detail/workbook.hpp"

namespace millrace::formats::xls {
namespace {

constexpr std::uint32_t columns_of_sheet = 256;
constexpr std::size_t collected_cells_max = 65'536ull * columns_of_sheet;
constexpr std::size_t collected_bytes_max = 256u << 20;
constexpr std::size_t block_cells = 16 * 1024;
constexpr std::size_t block_bytes = 256 * 1024;

std::string_view name_of_error(std::uint8_t code) {
    switch (code) {
        case 0x00: return "#NULL!";
        case 0x07: return "#DIV/0!";
        case 0x0f: return "#VALUE!";
        case 0x17: return "#REF!";
        case 0x1d: return "#NAME?";
        case 0x24: return "#NUM!";
        case 0x2a: return "#N/A";
        default: return "#ERROR!";
    }
}

/// A number in four bytes: a whole one of 30 bits or the upper half of a double, either perhaps times a hundred.
double rk_number(std::uint32_t rk) {
    double value = 0;
    if ((rk & 2) != 0) {
        value = static_cast<std::int32_t>(rk) >> 2;
    } else {
        const auto bits = std::uint64_t{rk & ~3u} << 32;
        std::memcpy(&value, &bits, sizeof value);
    }
    return (rk & 1) != 0 ? value / 100 : value;
}

struct Place {
    std::uint32_t row = 0;  ///< from 0
    std::uint32_t column = 0;
};

/// Hands the cells of a sheet to `Sink::cell(place, text writer)`, in the order of the file.
template <class Sink>
class CellReader {
public:
    CellReader(Stream& stream, const Workbook& workbook, std::uint64_t offset, Sink& sink)
        : records_{stream, offset}, workbook_{workbook}, sink_{sink} {
        if (!records_.next() || records_.kind() != record::bof) damaged("a sheet does not begin where it should");
    }

    /// Reads a record; false at the end of the sheet. Sheets that are embedded in this one (charts) are passed over.
    bool step() {
        if (!records_.next()) damaged("a sheet has no end");
        if (records_.kind() == record::bof) ++embedded_;
        if (records_.kind() == record::eof && embedded_-- == 0) return false;
        if (embedded_ == 0) take();
        return true;
    }
    std::uint64_t position() const { return records_.position(); }

private:
    void take() {
        const auto body = records_.body();
        switch (records_.kind()) {
            case record::number: return put_number(place_in(body), u16(body, 4), number_at<double>(body, 6));
            case record::rk: return put_number(place_in(body), u16(body, 4), rk_number(u32(body, 6)));
            case record::mul_rk: return take_rks(body);
            case record::label_sst: return put_text(place_in(body), workbook_.string(u32(body, 6)));
            case record::label:
            case record::rich_string: return take_label();
            case record::bool_err: return put_flag(place_in(body), u8(body, 6), u8(body, 7) != 0);
            case record::formula: return take_formula(body);
            case record::string: return take_result();
            default: return;
        }
    }

    static Place place_in(std::string_view body) {
        const Place place{u16(body, 0), u16(body, 2)};
        if (place.column >= columns_of_sheet) damaged("a cell is outside the largest sheet");
        return place;
    }

    void take_rks(std::string_view body) {
        constexpr std::size_t each = 6;
        auto place = place_in(body);
        for (std::size_t at = 4; at + each + 2 <= body.size(); at += each, ++place.column) {
            if (place.column >= columns_of_sheet) damaged("a cell is outside the largest sheet");
            put_number(place, u16(body, at), rk_number(u32(body, at + 2)));
        }
    }

    void take_label() {
        const auto place = place_in(records_.body());
        ContinuedText text{records_};
        text.skip(6);
        scratch_.clear();
        const auto count = text.number<std::uint16_t>();
        text.text(scratch_, count);
        put_text(place, scratch_);
    }

    /// The value that was kept with a formula; a text stands in a record behind it.
    void take_formula(std::string_view body) {
        const auto place = place_in(body);
        text_of_.reset();
        if (u16(body, 12) != 0xffff) return put_number(place, u16(body, 4), number_at<double>(body, 6));
        enum : std::uint8_t { text = 0, boolean = 1, error = 2 };
        const auto kind = u8(body, 6);
        if (kind == text) text_of_ = place;
        else if (kind == boolean || kind == error) put_flag(place, u8(body, 8), kind == error);
    }

    void take_result() {
        if (!text_of_) return;
        ContinuedText text{records_};
        scratch_.clear();
        const auto count = text.number<std::uint16_t>();
        text.text(scratch_, count);
        put_text(*std::exchange(text_of_, std::nullopt), scratch_);
    }

    void put_number(Place place, std::uint16_t style, double value) {
        const auto shown = style < workbook_.styles.size() ? workbook_.styles[style] : sheet::Shown::number;
        sink_.cell(place, [&](std::string& out) { sheet::append_moment(out, value, shown, workbook_.epoch); });
    }
    void put_text(Place place, std::string_view text) {
        sink_.cell(place, [&](std::string& out) { out += text; });
    }
    void put_flag(Place place, std::uint8_t value, bool is_error) {
        put_text(place, is_error ? name_of_error(value) : value != 0 ? "TRUE" : "FALSE");
    }

    Records records_;
    const Workbook& workbook_;
    Sink& sink_;
    std::optional<Place> text_of_;
    int embedded_ = 0;
    std::string scratch_;
};

/// Looks whether all cells come in order.
struct OrderCheck {
    std::int64_t last = -1;
    bool sorted = true;

    template <class Write>
    void cell(Place place, Write&&) {
        const auto key = std::int64_t{place.row} * columns_of_sheet + place.column;
        sorted = sorted && key > last;
        last = key;
    }
};

/// Cells in order become rows.
struct RowBuilder {
    sheet::RowBlock* block = nullptr;

    template <class Write>
    void cell(Place place, Write&& write) {
        const auto begin = block->text.size();
        write(block->text);
        add(place, begin, block->text.size() - begin);
    }
    void add(Place place, std::size_t begin, std::size_t size) const {
        if (size == 0) return;
        const std::uint64_t number = std::uint64_t{place.row} + 1;
        if (block->rows.empty() || block->rows.back().number != number) block->rows.push_back({number, block->cells.size()});
        block->cells.push_back({place.column, static_cast<std::uint32_t>(size), begin});
    }
};

/// Takes the cells as they come and gives them in order; of two in one place the later one counts.
struct Collector {
    struct Cell {
        std::uint32_t key = 0;  ///< row * 256 + column
        std::uint32_t size = 0;
        std::size_t begin = 0;
    };
    std::string text;
    std::vector<Cell> cells;

    template <class Write>
    void cell(Place place, Write&& write) {
        if (cells.size() == collected_cells_max) damaged("it has more cells than a sheet");
        const auto begin = text.size();
        write(text);
        if (text.size() > collected_bytes_max) {
            throw Error{Code::parser_limits, {{"format", "xls"}, {"why", std::to_string(collected_bytes_max) + " bytes of cells out of order"}}};
        }
        cells.push_back({place.row * columns_of_sheet + place.column, static_cast<std::uint32_t>(text.size() - begin), begin});
    }
    void sort() {
        std::ranges::stable_sort(cells, {}, &Cell::key);
        const auto kept = std::unique(cells.rbegin(), cells.rend(), [](const Cell& a, const Cell& b) { return a.key == b.key; });
        cells.erase(cells.begin(), kept.base());
    }
};

class SortedRows final : public sheet::RowSource {
public:
    SortedRows(Stream& stream, const Workbook& workbook, std::uint64_t offset)
        : size_{stream.size()}, offset_{offset}, cells_{stream, workbook, offset, builder_} {
        builder_.block = &building_;
    }

    /// The last row of a block may go on, so it stays behind.
    bool read(sheet::RowBlock& block) override {
        block.clear();
        const auto full = [&] { return building_.cells.size() >= block_cells || building_.text.size() >= block_bytes; };
        while (!done_ && (!full() || building_.rows.size() < 2)) done_ = !cells_.step();
        if (building_.rows.empty()) return false;
        std::swap(block, building_);
        if (!done_) keep_last_row(block);
        return true;
    }
    double progress() const override {
        return size_ <= offset_ ? 1 : std::min(1.0, static_cast<double>(cells_.position() - offset_) / static_cast<double>(size_ - offset_));
    }

private:
    void keep_last_row(sheet::RowBlock& given) {
        const auto last = given.rows.back();
        building_.rows.push_back({last.number, 0});
        for (auto i = last.first; i < given.cells.size(); ++i) {
            auto cell = given.cells[i];
            cell.begin = building_.text.size();
            building_.text += given.text_of(given.cells[i]);
            building_.cells.push_back(cell);
        }
        given.cells.resize(last.first);
        given.rows.pop_back();
    }

    std::uint64_t size_;
    std::uint64_t offset_;
    sheet::RowBlock building_;
    RowBuilder builder_;
    CellReader<RowBuilder> cells_;
    bool done_ = false;
};

class CollectedRows final : public sheet::RowSource {
public:
    CollectedRows(Stream& stream, const Workbook& workbook, std::uint64_t offset) {
        CellReader<Collector> cells{stream, workbook, offset, collected_};
        while (cells.step()) {}
        collected_.sort();
    }

    bool read(sheet::RowBlock& block) override {
        block.clear();
        const RowBuilder builder{&block};
        while (at_ < collected_.cells.size()) {
            const auto& cell = collected_.cells[at_];
            const Place place{cell.key / columns_of_sheet, cell.key % columns_of_sheet};
            const bool new_row = block.rows.empty() || block.rows.back().number != std::uint64_t{place.row} + 1;
            if (new_row && (block.cells.size() >= block_cells || block.text.size() >= block_bytes)) break;
            const auto begin = block.text.size();
            block.text.append(collected_.text, cell.begin, cell.size);
            builder.add(place, begin, cell.size);
            ++at_;
        }
        return !block.rows.empty();
    }
    double progress() const override {
        return collected_.cells.empty() ? 1 : static_cast<double>(at_) / static_cast<double>(collected_.cells.size());
    }

private:
    Collector collected_;
    std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<sheet::RowSource> read_rows(Stream& stream, const Workbook& workbook, const SheetPart& part) {
    OrderCheck order;
    CellReader<OrderCheck> cells{stream, workbook, part.offset, order};
    while (cells.step()) {}
    if (order.sorted) return std::make_unique<SortedRows>(stream, workbook, part.offset);
    return std::make_unique<CollectedRows>(stream, workbook, part.offset);
}

}  // namespace millrace::formats::xls
