#include "formats/json/detail/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.hpp"
#include "base/utf8.hpp"

namespace millrace::formats::json_files {
namespace {

constexpr std::size_t batch_bytes = 256 * 1024;    ///< of text per batch, about
constexpr std::size_t batch_cells_max = 64 * 1024; ///< rows are added while there are fewer
constexpr std::size_t raw_bytes_max = 64 * 1024;   ///< of a Reject

[[noreturn]] void refuse(std::string_view key, std::string why) {
    throw Error{Code::invalid_parameter, {{"name", std::string{key}}, {"why", std::move(why)}}};
}

/// The elements of a document's tables.
class Elements final : public Rows {
public:
    Elements(Window& window, Form form) : document_{window, form} {}

    Next next() override { return document_.next(); }
    std::size_t table() const override { return document_.table(); }
    int depth() const override { return document_.depth(); }
    Scanner scanner() const override { return document_.scanner(); }
    void check(Scanner& in) override {
        if (in.outcome() == Outcome::malformed) document_.refuse(in.fault());
    }
    std::string_view raw(const Scanner& in) const override { return in.since(0); }
    void pass(const Scanner& in) override { document_.pass_row(in.at()); }
    std::uint64_t blank_rows() const override { return 0; }
    const Document& document() const { return document_; }

private:
    Document document_;
};

void check_utf8(const Window& window, Scanner& in) {
    if (in.outcome() == Outcome::need_more || !window.is_suspect(in.at())) return;
    const auto at = first_invalid_utf8(in.since(0));
    if (at != std::string_view::npos) in.note("invalid_utf8", "bytes that are not valid UTF-8", at);
}

/// Reads all rows to learn the keys.
void learn(Rows& rows, Window& window, const Given& given, const ReadOptions& options, Survey& found) {
    Row row{given.flatten};
    for (auto next = rows.next(); next != Next::end; next = rows.next()) {
        if (next == Next::need_more) {
            window.grow();
            continue;
        }
        while (found.tables.size() <= rows.table()) found.tables.push_back({{}, 0, Columns{options.columns_max}});
        auto& table = found.tables[rows.table()];
        auto in = rows.scanner();
        if (row.read(in, table.columns, rows.depth()) == Outcome::need_more) {
            window.grow();
            continue;
        }
        check_utf8(window, in);
        rows.check(in);
        table.bytes += rows.raw(in).size();
        row.teach(table.columns, !in.has_fault());
        rows.pass(in);
    }
}

}  // namespace

Given Given::from(const json::object& keys, Source& source) {
    Given given;
    for (const auto& field : keys) {
        const std::string_view key = field.key();
        if (key == "flatten") {
            if (!field.value().is_bool()) refuse(key, "expected true or false");
            given.flatten = field.value().get_bool();
        } else if (key == "encoding") {
            if (!field.value().is_string()) refuse(key, "expected text");
            given.encoding = std::string_view{field.value().get_string()};
        } else {
            refuse(key, "not known for JSON");
        }
    }
    if (!given.encoding) {
        std::string head(4096, '\0');
        head.resize(source.read(0, head));
        given.encoding = detect_encoding(head).name;
    }
    return given;
}

Survey survey(Source& source, const ReadOptions& options, bool by_line) {
    const auto given = Given::from(options.dialect, source);
    Survey found;
    for (const Form form : {Form::tables, Form::whole}) {
        found = {};
        found.form = form;
        Window window{source, given.encoding, options.record_bytes_max, Nul::keep};
        if (by_line) {
            learn(*lines(window), window, given, options, found);
            if (found.tables.empty()) found.tables.push_back({{}, 0, Columns{options.columns_max}});
            break;
        }
        Elements elements{window, form};
        learn(elements, window, given, options, found);
        const auto& document = elements.document();
        found.outside = document.outside();
        while (found.tables.size() < document.tables().size()) found.tables.push_back({{}, 0, Columns{options.columns_max}});
        for (std::size_t i = 0; i < found.tables.size(); ++i) found.tables[i].path = document.tables()[i];
        if (!found.tables.empty() && !document.has_sequel()) break;
    }
    found.ranking.resize(found.tables.size());
    std::iota(found.ranking.begin(), found.ranking.end(), std::size_t{0});
    std::ranges::stable_sort(found.ranking, std::greater{}, [&](std::size_t i) { return found.tables[i].bytes; });
    return found;
}

Reader::Reader(Source& source, const ReadOptions& options, bool by_line)
    : options_{options}, given_{Given::from(options.dialect, source)},
      window_{source, given_.encoding, options.record_bytes_max, Nul::keep}, survey_{survey(source, options, by_line)},
      row_{given_.flatten} {
    if (options.table >= survey_.ranking.size()) refuse("table", fmt::format("the file has {}", survey_.ranking.size()));
    table_ = survey_.ranking[options.table];
    survey_.tables[table_].columns.settle();
    if (by_line) rows_ = lines(window_);
    else rows_ = std::make_unique<Elements>(window_, survey_.form);
    report_.bytes = source.size();
    describe();
}

void Reader::describe() {
    const auto& encoding = window_.encoding();
    report_.dialect = {{"encoding", encoding.name}, {"flatten", given_.flatten}};
    if (!survey_.tables[table_].path.empty()) report_.dialect.emplace("rows", survey_.tables[table_].path);
    if (survey_.form == Form::tables && !survey_.outside.empty()) {
        std::string names;
        for (const auto& path : survey_.outside) names += (names.empty() ? "" : ", ") + path;
        report_.warnings.push_back(fmt::format("values beside the rows are left out: {}", names));
    }
}

bool Reader::next(TextBatch& batch) {
    batch.rows = 0;
    batch.columns = names().size();
    batch.cells.clear();
    batch.first_row = report_.rows_out;
    arena_.clear();
    std::size_t passed = 0;
    while (!done_ && (batch.rows == 0 || (passed < batch_bytes && batch.cells.size() < batch_cells_max))) {
        const auto before = window_.rest().size();
        const auto next = rows_->next();
        if (next == Next::end) {
            done_ = true;
        } else if (next == Next::need_more || !take_row(batch)) {
            // Rows in the batch point into the text, so they are handed over first.
            if (batch.rows > 0) break;
            window_.grow();
            continue;
        }
        passed += before - window_.rest().size();
    }
    batch.bytes_consumed = std::min(window_.byte_offset(0), report_.bytes);
    if (done_) finish();
    return batch.rows > 0;
}

/// False when the row needs more text.
bool Reader::take_row(TextBatch& batch) {
    auto in = rows_->scanner();
    const bool mine = rows_->table() == table_;
    if (mine) row_.read(in, survey_.tables[table_].columns, rows_->depth());
    else in.skip(rows_->depth());
    if (in.outcome() == Outcome::need_more) return false;
    if (mine) check_utf8(window_, in);
    rows_->check(in);
    if (!mine) {
        ++report_.other_table_rows;
    } else if (in.has_fault()) {
        reject(in);
    } else if (!row_.is_object() && columns().has_objects()) {
        in.note("not_an_object", "the rows of this table are objects", 0);
        reject(in);
    } else {
        emit(batch);
    }
    if (mine) survey_.tables[table_].columns.forget_row();  // else the row it began last is one of the survey
    rows_->pass(in);
    return true;
}

void Reader::emit(TextBatch& batch) {
    batch.cells.resize(batch.cells.size() + batch.columns);
    row_.put(columns(), batch.cells.data() + batch.rows * batch.columns, arena_);
    ++batch.rows;
    ++report_.rows_out;
}

void Reader::reject(const Scanner& in) {
    ++report_.rows_rejected;
    if (!options_.on_reject) return;
    const auto& fault = in.fault();
    options_.on_reject({.line = window_.line(0),
                        .byte_offset = window_.byte_offset(0),
                        .column = std::nullopt,
                        .code = std::string{fault.code},
                        .reason = fmt::format("{} (byte {} of the row)", fault.why, fault.at + 1),
                        .raw = std::string{rows_->raw(in).substr(0, raw_bytes_max)}});
}

void Reader::finish() {
    report_.blank_rows = rows_->blank_rows();
    report_.rows_reported = report_.blank_rows + report_.other_table_rows;
    report_.rows_in = report_.rows_out + report_.rows_rejected + report_.rows_reported;
}

}  // namespace millrace::formats::json_files
