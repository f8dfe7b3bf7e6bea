#include "formats/output.hpp"

#include <algorithm>

#include "base/describe.hpp"

namespace millrace::formats {
namespace {

/// Counts what a writer hands over, to know when a part is full.
struct CountingSink final : Sink {
    explicit CountingSink(Sink& s) : sink{s} {}
    void write(std::string_view more) override {
        bytes += more.size();
        sink.write(more);
    }
    Sink& sink;
    std::uint64_t bytes = 0;
};

/// Only what was given.
json::object given(const WriteOptions& options) {
    auto all = json::parse(to_json(options)).as_object();
    for (auto at = all.begin(); at != all.end();) {
        if (at->value().is_null()) at = all.erase(at);
        else ++at;
    }
    return all;
}

}  // namespace

struct Output::State {
    /// One file and everything on the way to it.
    struct Part {
        Part(const State& state, std::size_t number)
            : file{state.open(number)}, compressed{*file, state.options.compression}, counted{compressed},
              writer{state.format.open(counted, state.columns, state.options)} {}
        std::unique_ptr<PartSink> file;
        CompressedSink compressed;
        CountingSink counted;
        std::unique_ptr<TableWriter> writer;
    };

    const OutputFormat& format;
    const std::vector<WriteColumn> columns;
    const WriteOptions options;
    const OpenPart open;
    std::unique_ptr<Part> part;
    WriteReport report;
    Manifest manifest;

    std::size_t room() const {
        std::uint64_t rows = options.split_rows ? *options.split_rows - part->writer->report().rows : ~std::uint64_t{0};
        // Sizes are looked at between slices: a part is a slice larger than asked for at most.
        if (options.split_bytes) rows = std::min<std::uint64_t>(rows, 64);
        return static_cast<std::size_t>(rows);
    }
    bool is_full() const {
        if (options.split_rows && part->writer->report().rows >= *options.split_rows) return true;
        return options.split_bytes && part->counted.bytes + part->writer->pending() >= *options.split_bytes;
    }
    void begin() { part = std::make_unique<Part>(*this, manifest.parts.size() + 1); }
    void end() {
        part->writer->finish();
        part->compressed.finish();
        auto stored = part->file->finish();
        const auto& done = part->writer->report();
        manifest.parts.push_back({std::move(stored.sha256), stored.bytes, done.rows});
        manifest.bytes += stored.bytes;
        report.rows += done.rows;
        report.formulas_escaped += done.formulas_escaped;
        for (const auto& [reason, count] : done.altered) report.altered[reason] += count;
        part.reset();
    }
};

Output::Output(const OutputFormat& format, std::vector<WriteColumn> columns, const WriteOptions& options, OpenPart open)
    : state_{new State{format, std::move(columns), options, std::move(open), {}, {}, {}}} {
    state_->begin();
}

Output::~Output() = default;

void Output::write(const Rows& rows) {
    for (auto begin = rows.begin; begin < rows.end;) {
        if (!state_->part) state_->begin();
        const auto end = begin + std::min(rows.end - begin, state_->room());
        state_->part->writer->write({rows.columns, begin, end});
        begin = end;
        if (state_->is_full()) state_->end();
    }
}

void Output::finish() {
    auto& s = *state_;
    if (s.part) s.end();
    auto& manifest = s.manifest;
    manifest.format = s.format.name;
    manifest.options = given(s.options);
    manifest.rows = s.report.rows;
    manifest.formulas_escaped = s.report.formulas_escaped;
    manifest.altered = s.report.altered;
    if (manifest.parts.size() == 1) manifest.sha256 = manifest.parts.front().sha256;
}

const WriteReport& Output::report() const { return state_->report; }
const Manifest& Output::manifest() const { return state_->manifest; }

}  // namespace millrace::formats
