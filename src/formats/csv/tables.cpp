#include "formats/csv/detail/tables.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "formats/csv/csv.hpp"

namespace millrace::formats::csv {
namespace {

/// A source from one of its bytes on.
struct Rest final : Source {
    Source& whole;
    const std::uint64_t from;

    Rest(Source& source, std::uint64_t offset) : whole{source}, from{offset} {}
    std::uint64_t size() const override { return whole.size() - from; }
    std::size_t read(std::uint64_t offset, std::span<char> into) override { return whole.read(from + offset, into); }
};

/// What is fixed for a table that is not the first: where it begins is known, and how the file is encoded.
ReadOptions options_of(const Section& section, ReadOptions options) {
    if (section.byte_offset == 0) return options;
    options.dialect.erase("skip_rows");
    if (section.encoding) options.dialect["encoding"] = *section.encoding;
    return options;
}

/// The encoding, once it is more than a guess about bytes not seen yet.
std::optional<std::string> settled(const Encoding& encoding) {
    if (encoding.name == "utf-8" && encoding.reason == "only ASCII") return std::nullopt;
    return encoding.name;
}

/// Positions are known to the byte in encodings that are decoded here.
bool has_positions(const Encoding& encoding) {
    return encoding.name == "utf-8" || encoding.name == "windows-1252" || encoding.name.starts_with("utf-16");
}

/// A table below others: counts and positions are those of the whole file.
class Later final : public TableReader {
public:
    Later(Source& source, const Section& section, const ReadOptions& options, Doubt doubt)
        : section_{section}, rest_{source, section.byte_offset}, reader_{rest_, shifted(section, options), doubt}, report_{reader_.report()} {}

    const std::vector<std::string>& names() const override { return reader_.names(); }
    bool has_header() const override { return reader_.has_header(); }
    bool next(TextBatch& batch) override {
        const bool more = reader_.next(batch);
        batch.bytes_consumed += section_.byte_offset;
        if (!more) finish();
        return more;
    }
    const ReadReport& report() const override { return report_; }

private:
    static ReadOptions shifted(const Section& section, const ReadOptions& options) {
        auto mine = options_of(section, options);
        if (!options.on_reject) return mine;
        mine.on_reject = [section, tell = options.on_reject](Reject reject) {
            reject.line += section.lines_before;
            reject.byte_offset += section.byte_offset;
            tell(std::move(reject));
        };
        return mine;
    }
    void finish() {
        report_ = reader_.report();
        report_.bytes = rest_.whole.size();
        report_.other_table_rows += section_.rows_before;
        report_.rows_reported += section_.rows_before;
        report_.rows_in += section_.rows_before;
        report_.warnings.push_back(fmt::format("{} row(s) of tables before this one are left out", section_.rows_before));
    }

    const Section section_;
    Rest rest_;
    Reader reader_;
    ReadReport report_;
};

Section section_of(Source& source, const ReadOptions& options) {
    if (options.table == 0) return {};
    auto sections = find_sections(source, options, options.table + 1);
    if (options.table >= sections.size()) {
        throw Error{Code::invalid_parameter, {{"name", "table"}, {"why", fmt::format("the file has {}", sections.size())}}};
    }
    return std::move(sections[options.table]);
}

}  // namespace

std::vector<Section> find_sections(Source& source, const ReadOptions& options, std::size_t sections_max) {
    std::vector<Section> found{Section{}};
    while (found.size() < sections_max) {
        const auto& last = found.back();
        Rest rest{source, last.byte_offset};
        auto mine = options_of(last, options);
        mine.on_reject = nullptr;
        Reader reader{rest, mine};
        reader.count_only();
        reader.stop_at_sequel();
        for (TextBatch batch; reader.next(batch);) {
        }
        const auto& sequel = reader.sequel();
        if (!sequel || sequel->byte_offset == 0 || !has_positions(reader.encoding())) break;
        found.push_back({.byte_offset = last.byte_offset + sequel->byte_offset,
                         .lines_before = last.lines_before + sequel->line - 1,
                         .rows_before = last.rows_before + reader.report().rows_in,
                         .encoding = settled(reader.encoding())});
    }
    return found;
}

std::unique_ptr<TableReader> open_table(Source& source, const ReadOptions& options, Doubt doubt) {
    if (options.table == 0) return std::make_unique<Reader>(source, options, doubt);
    return std::make_unique<Later>(source, section_of(source, options), options, doubt);
}

json::object sniff(Source& source, const ReadOptions& options) {
    const auto section = section_of(source, options);
    Rest rest{source, section.byte_offset};
    const Reader reader{rest, options_of(section, options)};
    json::object found = reader.report().dialect;
    json::array names;
    for (const auto& name : reader.names()) names.emplace_back(name);
    found["names"] = std::move(names);
    found["preamble_rows"] = reader.layout().preamble_rows;
    json::array candidates;
    for (const auto& candidate : reader.sniffed().candidates) {
        json::object one = to_json_object(candidate.dialect);
        one["score"] = candidate.score;
        one["columns"] = candidate.width;
        one["regular"] = candidate.regular;
        one["typed"] = candidate.typed;
        candidates.emplace_back(std::move(one));
    }
    found["candidates"] = std::move(candidates);
    return found;
}

}  // namespace millrace::formats::csv
