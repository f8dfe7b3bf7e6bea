#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "formats/csv/csv.hpp"
#include "formats/csv/detail/reader.hpp"
#include "formats/csv/detail/tables.hpp"

namespace millrace::formats::csv {
namespace {

constexpr std::size_t block_bytes = 256 * 1024;

class Writer {
public:
    explicit Writer(Sink& sink) : sink_{sink} {}

    void cell(std::string_view text) {
        if (!first_) out_ += ',';
        first_ = false;
        ++cells_;
        if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
            out_ += text;
            return;
        }
        out_ += '"';
        for (std::size_t at = 0;;) {
            const auto quote = text.find('"', at);
            if (quote == std::string_view::npos) {
                out_ += text.substr(at);
                break;
            }
            out_ += text.substr(at, quote + 1 - at);
            out_ += '"';
            at = quote + 1;
        }
        out_ += '"';
    }
    void end_row() {
        // A row of one empty cell would read back as a blank line.
        if (cells_ == 1 && (out_.empty() || out_.back() == '\n')) out_ += "\"\"";
        out_ += "\r\n";
        first_ = true;
        cells_ = 0;
        if (out_.size() >= block_bytes) flush();
    }
    void flush() {
        if (!out_.empty()) sink_.write(out_);
        out_.clear();
    }

private:
    Sink& sink_;
    std::string out_;
    bool first_ = true;
    std::size_t cells_ = 0;
};

}  // namespace

ReadReport convert(Source& source, Sink& sink, const ReadOptions& options) {
    std::unique_ptr<TableReader> reader;
    try {
        reader = open_table(source, options, Doubt::keep);
    } catch (const Error& error) {
        if (error.code() != Code::empty_file) throw;
        // The standard form of nothing is nothing.
        ReadReport report;
        report.bytes = source.size();
        report.warnings.emplace_back("the file is empty");
        return report;
    }
    Writer writer{sink};
    if (reader->has_header()) {
        for (const auto& name : reader->names()) writer.cell(name);
        writer.end_row();
    }
    for (TextBatch batch; reader->next(batch);) {
        const Cell* cell = batch.cells.data();
        for (std::size_t r = 0; r < batch.rows; ++r) {
            for (std::size_t c = 0; c < batch.columns; ++c) writer.cell((cell++)->text());
            writer.end_row();
        }
    }
    writer.flush();
    return reader->report();
}

std::unique_ptr<TableReader> open_keeping(Source& source, const ReadOptions& options) {
    return std::make_unique<Reader>(source, options, Doubt::keep);
}

}  // namespace millrace::formats::csv
