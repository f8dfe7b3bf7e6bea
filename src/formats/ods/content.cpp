#include "formats/ods/detail/content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/error.hpp"
#include "formats/sheet/value.hpp"
#include "formats/sheet/xml.hpp"

namespace millrace::formats::ods {
namespace {

using sheet::Attributes;
constexpr std::size_t tables_max = 10'000;
constexpr std::size_t styles_max = 100'000;
constexpr std::size_t value_bytes_max = 64 << 20;

[[noreturn]] void damaged(const char* why) { throw Error{Code::malformed_file, {{"why", why}}}; }

/// How often something is repeated: 1 without the attribute. What is no number is damage.
std::uint64_t repeats(std::string_view text) {
    if (text.empty()) return 1;
    std::uint64_t count = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error == std::errc::result_out_of_range) return UINT32_MAX;
    if (error != std::errc{} || stop != text.data() + text.size()) damaged("a number of repetitions is none");
    return std::clamp<std::uint64_t>(count, 1, UINT32_MAX);
}

/// The tables at the top of a document, and which of their styles hide them.
class TablesHandler : public sheet::XmlHandler {
public:
    void start(std::string_view name, const Attributes& attributes) override {
        ++depth_;
        if (aside_ > 0 || name == "tracked-changes" || name == "dde-links") ++aside_;
        else if (name == "table") start_table_element(attributes);
        else if (name == "style") style_ = attributes["family"] == "table" ? std::string{attributes["name"]} : std::string{};
        else if (name == "table-properties") note_style(attributes);
        else if (tables_ == 1) inside(name, attributes);
    }
    void end(std::string_view name) override {
        --depth_;
        if (aside_ > 0) {
            --aside_;
        } else if (name == "table") {
            if (--tables_ == 0) table_ends();
        } else if (tables_ == 1) {
            leave(name);
        }
    }
    void text(std::string_view) override {}

protected:
    virtual void table_starts(TableInfo) {}
    virtual void table_ends() {}
    virtual void inside(std::string_view, const Attributes&) {}
    virtual void leave(std::string_view) {}
    int depth() const { return depth_; }
    bool in_nested_table() const { return tables_ > 1 || aside_ > 0; }

private:
    void start_table_element(const Attributes& attributes) {
        if (++tables_ > 1) return;  // a table in a cell
        table_starts({std::string{attributes["name"]}, hiding_.contains(attributes["style-name"])});
    }
    void note_style(const Attributes& attributes) {
        if (style_.empty() || attributes["display"] != "false") return;
        if (hiding_.size() == styles_max) damaged("too many styles");
        hiding_.insert(style_);
    }

    int depth_ = 0;
    int tables_ = 0;  ///< nested
    int aside_ = 0;   ///< depth in parts that hold old or foreign tables
    std::string style_;
    std::set<std::string, std::less<>> hiding_;
};

struct Lister final : TablesHandler {
    std::optional<std::size_t> visible_wanted;
    std::vector<TableInfo> tables;
    sheet::XmlReader* xml = nullptr;

    void table_starts(TableInfo table) override {
        if (tables.size() == tables_max) damaged("too many tables");
        if (!table.hidden && visible_wanted && (*visible_wanted)-- == 0) xml->stop();
        tables.push_back(std::move(table));
    }
};

/// A cell and a row as they stand in the document, once for all their copies.
struct RepeatedCell {
    std::uint32_t column = 0;
    std::uint32_t columns = 1;
    std::uint32_t size = 0;
    std::size_t begin = 0;  ///< of its text
};
struct RepeatedRow {
    std::uint64_t number = 0;
    std::uint64_t count = 1;
    std::size_t first_cell = 0;
    std::size_t first_byte = 0;
};

/// Rows that were parsed and not delivered yet.
struct Pending {
    std::string text;
    std::vector<RepeatedCell> cells;
    std::vector<RepeatedRow> rows;

    void clear() {
        text.clear();
        cells.clear();
        rows.clear();
    }
};

/// The text of paragraphs, white space as OpenDocument has it: runs of it are one space, others are elements.
class Paragraphs {
public:
    void begin() {
        if (!text_.empty() || began_) text_ += '\n';
        began_ = spaced_ = true;
    }
    void end() {
        if (spaced_ && text_.ends_with(' ')) text_.pop_back();
    }
    void append(std::string_view more) {
        if (text_.size() + more.size() > value_bytes_max) damaged("a cell is too large");
        for (const char c : more) {
            const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
            if (!space) text_ += c;
            else if (!spaced_) text_ += ' ';
            spaced_ = space;
        }
    }
    void append_exactly(std::size_t count, char c) {
        if (text_.size() + count > value_bytes_max) damaged("a cell is too large");
        text_.append(count, c);
        spaced_ = false;
    }
    void clear() {
        text_.clear();
        began_ = false;
    }
    const std::string& text() const { return text_; }

private:
    std::string text_;
    bool began_ = false;
    bool spaced_ = true;  ///< white space that comes now is none
};

class RowsHandler final : public TablesHandler {
public:
    RowsHandler(std::size_t table, Pending& pending) : left_{table}, pending_{pending} {}
    bool is_done() const { return done_; }

    /// What was parsed has been handed over as `given`: the part of it that is of an unfinished row moves to the new one.
    void keep_open_row(Pending& given) {
        if (!in_row_) return;
        pending_.text.assign(given.text, row_.first_byte);
        for (auto i = row_.first_cell; i < given.cells.size(); ++i) {
            pending_.cells.push_back(given.cells[i]);
            pending_.cells.back().begin -= row_.first_byte;
        }
        given.text.resize(row_.first_byte);
        given.cells.resize(row_.first_cell);
        row_.first_byte = row_.first_cell = 0;
    }

    void text(std::string_view text) override {
        if (in_paragraph_ && ruby_ == 0 && !in_nested_table()) paragraphs_.append(text);
    }

private:
    void table_starts(TableInfo) override { wanted_ = !done_ && left_ == 0; }
    void table_ends() override {
        if (wanted_) done_ = true;
        else if (!done_) --left_;
        wanted_ = false;
    }

    void inside(std::string_view name, const Attributes& attributes) override {
        if (!wanted_) return;
        if (name == "table-row") start_row(attributes);
        else if (name == "table-cell" || name == "covered-table-cell") start_cell(attributes);
        else if (name == "p" && depth() == cell_depth_ + 1) in_paragraph_ = true, paragraphs_.begin();
        else if (!in_paragraph_) return;
        else if (name == "s") paragraphs_.append_exactly(repeats(attributes["c"]), ' ');
        else if (name == "tab") paragraphs_.append_exactly(1, '\t');
        else if (name == "line-break") paragraphs_.append_exactly(1, '\n');
        else if (name == "ruby-text") ++ruby_;
    }

    void leave(std::string_view name) override {
        if (!wanted_) return;
        if (name == "p" && depth() == cell_depth_) in_paragraph_ = false, paragraphs_.end();
        else if (name == "table-cell" || name == "covered-table-cell") end_cell();
        else if (name == "table-row") end_row();
        else if (name == "ruby-text") --ruby_;
    }

    void start_row(const Attributes& attributes) {
        row_ = {next_row_, repeats(attributes["number-rows-repeated"]), pending_.cells.size(), pending_.text.size()};
        column_ = 0;
        in_row_ = true;
    }

    void start_cell(const Attributes& attributes) {
        cell_depth_ = depth();
        paragraphs_.clear();
        value_.clear();
        type_ = Type::text;
        columns_ = repeats(attributes["number-columns-repeated"]);
        std::string_view type, value, date, time, boolean, string;
        attributes.each([&](std::string_view name, std::string_view text) {
            if (name == "value-type" && type.empty()) type = text;
            else if (name == "value") value = text;
            else if (name == "date-value") date = text;
            else if (name == "time-value") time = text;
            else if (name == "boolean-value") boolean = text;
            else if (name == "string-value") string = text;
        });
        if (type == "float" || type == "percentage" || type == "currency") type_ = Type::number, value_ = value;
        else if (type == "date") type_ = Type::date, value_ = date;
        else if (type == "time") type_ = Type::time, value_ = time;
        else if (type == "boolean") type_ = Type::boolean, value_ = boolean;
        else value_ = string;
    }

    void end_cell() {
        cell_depth_ = 0;
        if (!in_row_) return;
        const auto begin = pending_.text.size();
        append_value(pending_.text);
        const auto size = pending_.text.size() - begin;
        if (size > 0) {
            if (column_ + columns_ > sheet::columns_max) damaged("a cell is outside the largest sheet");
            pending_.cells.push_back({static_cast<std::uint32_t>(column_), static_cast<std::uint32_t>(columns_), static_cast<std::uint32_t>(size), begin});
        }
        column_ = std::min<std::uint64_t>(column_ + columns_, UINT32_MAX);
    }

    void append_value(std::string& out) {
        // Values without the attribute that holds them are what is shown of them.
        if (value_.empty()) out += paragraphs_.text();
        else if (type_ == Type::number) sheet::append_number(out, std::string_view{value_});
        else if (type_ == Type::boolean) out += value_ == "true" ? "TRUE" : "FALSE";
        else if (type_ == Type::time) append_duration(out, value_);
        else out += value_;
    }

    /// PT10H30M00.5S as 10:30:00.5; anything else as it is.
    static void append_duration(std::string& out, std::string_view text) {
        unsigned hours = 0, minutes = 0, seconds = 0;
        const char* at = text.data() + 2;
        const char* const end = text.data() + text.size();
        std::string_view fraction;
        const auto part = [&](unsigned& number, char unit) {
            const auto [stop, error] = std::from_chars(at, end, number);
            if (error != std::errc{} || stop == end) return false;
            if (unit == 'S' && (*stop == '.' || *stop == ',')) {
                fraction = {stop + 1, static_cast<std::size_t>(end - stop - 1)};
                if (!fraction.ends_with('S')) return false;
                fraction.remove_suffix(1);
                at = end;
                return fraction.find_first_not_of("0123456789") == fraction.npos;
            }
            at = stop + 1;
            return *stop == unit;
        };
        if (!text.starts_with("PT") || !part(hours, 'H') || !part(minutes, 'M') || !part(seconds, 'S') || at != end) {
            out += text;
            return;
        }
        while (fraction.ends_with('0')) fraction.remove_suffix(1);
        out += fmt::format("{:02}:{:02}:{:02}{}{}", hours, minutes, seconds, fraction.empty() ? "" : ".", fraction);
    }

    void end_row() {
        in_row_ = false;
        next_row_ = std::min<std::uint64_t>(row_.number + row_.count, UINT32_MAX);
        if (pending_.cells.size() == row_.first_cell) return;
        if (next_row_ - 1 > sheet::rows_max) damaged("a cell is outside the largest sheet");
        pending_.rows.push_back(row_);
    }

    enum class Type : std::uint8_t { text, number, date, time, boolean };

    std::size_t left_;  ///< tables before the wanted one
    Pending& pending_;
    bool wanted_ = false;
    bool done_ = false;
    std::uint64_t next_row_ = 1;
    RepeatedRow row_;
    bool in_row_ = false;
    std::uint64_t column_ = 0;
    std::uint64_t columns_ = 1;
    int cell_depth_ = 0;
    int ruby_ = 0;
    bool in_paragraph_ = false;
    Type type_ = Type::text;
    std::string value_;
    Paragraphs paragraphs_;
};

class Rows final : public sheet::RowSource {
public:
    Rows(sheet::ByteStream& bytes, std::size_t table) : bytes_{bytes}, handler_{table, parsed_}, xml_{bytes, handler_} {}

    bool read(sheet::RowBlock& block) override {
        block.clear();
        if (at_ == pending_.rows.size() && !parse()) return false;
        while (at_ < pending_.rows.size() && block.text.size() < block_bytes && block.cells.size() < block_cells) deliver_next(block);
        return true;
    }
    double progress() const override { return bytes_.progress(); }

private:
    static constexpr std::size_t block_bytes = 256 * 1024;
    static constexpr std::size_t block_cells = 32 * 1024;

    /// Parses until there are complete rows, and takes them.
    bool parse() {
        while (parsed_.rows.empty()) {
            if (handler_.is_done() || !xml_.step()) break;
        }
        pending_.clear();
        std::swap(pending_, parsed_);
        handler_.keep_open_row(pending_);
        at_ = copies_ = 0;
        return !pending_.rows.empty();
    }

    void deliver_next(sheet::RowBlock& block) {
        const auto& row = pending_.rows[at_];
        const bool last = at_ + 1 == pending_.rows.size();
        const auto cells_end = last ? pending_.cells.size() : pending_.rows[at_ + 1].first_cell;
        const auto text_end = last ? pending_.text.size() : pending_.rows[at_ + 1].first_byte;
        const auto begin = block.text.size();
        block.text.append(pending_.text, row.first_byte, text_end - row.first_byte);
        block.rows.push_back({row.number + copies_, block.cells.size()});
        for (auto i = row.first_cell; i < cells_end; ++i) {
            const auto& cell = pending_.cells[i];
            for (std::uint32_t c = 0; c < cell.columns; ++c) {
                block.cells.push_back({cell.column + c, cell.size, begin + cell.begin - row.first_byte});
            }
        }
        if (++copies_ == row.count) ++at_, copies_ = 0;
    }

    sheet::ByteStream& bytes_;
    Pending parsed_;
    Pending pending_;
    std::size_t at_ = 0;         ///< in pending_
    std::uint64_t copies_ = 0;   ///< delivered of that row
    RowsHandler handler_;
    sheet::XmlReader xml_;
};

}  // namespace

std::vector<TableInfo> list_tables(sheet::ByteStream& bytes, std::optional<std::size_t> visible) {
    Lister lister;
    lister.visible_wanted = visible;
    sheet::XmlReader xml{bytes, lister};
    lister.xml = &xml;
    xml.all();
    if (lister.tables.empty()) damaged("it has no sheets");
    return std::move(lister.tables);
}

std::unique_ptr<sheet::RowSource> read_rows(sheet::ByteStream& bytes, std::size_t table) {
    return std::make_unique<Rows>(bytes, table);
}

}  // namespace millrace::formats::ods
