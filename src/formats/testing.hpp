#pragma once

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "formats/format.hpp"

/// Help for the tests of formats.
namespace millrace::formats {

struct TextSource final : Source {
    std::string text;
    explicit TextSource(std::string t) : text{std::move(t)} {}
    std::uint64_t size() const override { return text.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        const auto from = std::min<std::uint64_t>(offset, text.size());
        return text.copy(into.data(), into.size(), from);
    }
};

struct TextSink final : Sink {
    std::string text;
    void write(std::string_view bytes) override { text += bytes; }
};

struct ReadBack {
    std::vector<std::string> names;
    bool header = false;
    std::vector<std::vector<std::string>> rows;
    std::vector<Reject> rejects;
    ReadReport report;
};

/// Reads a whole table and checks what must hold for every file: the account, rectangular batches, progress.
inline ReadBack read_all(const Format& format, std::string text, ReadOptions options = {}) {
    TextSource source{std::move(text)};
    ReadBack got;
    options.on_reject = [&](Reject reject) { got.rejects.push_back(std::move(reject)); };
    const auto reader = format.open(source, options);
    got.names = reader->names();
    got.header = reader->has_header();
    std::uint64_t consumed = 0;
    for (TextBatch batch; reader->next(batch);) {
        if (batch.cells.size() != batch.rows * batch.columns || batch.columns != got.names.size()) throw std::logic_error("a batch is not rectangular");
        if (batch.first_row != got.rows.size()) throw std::logic_error("a batch has a wrong first row");
        if (batch.bytes_consumed < consumed || batch.bytes_consumed > source.size()) throw std::logic_error("progress");
        consumed = batch.bytes_consumed;
        for (std::size_t r = 0; r < batch.rows; ++r) {
            auto& row = got.rows.emplace_back();
            for (std::size_t c = 0; c < batch.columns; ++c) row.emplace_back(batch.at(r, c).text());
        }
    }
    got.report = reader->report();
    const auto& report = got.report;
    if (report.rows_in != report.rows_out + report.rows_rejected + report.rows_reported) throw std::logic_error("account");
    if (report.rows_out != got.rows.size() || report.rows_rejected != got.rejects.size()) throw std::logic_error("counts");
    return got;
}

template <class Action>
std::optional<Code> code_of(Action&& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.code();
    }
    return std::nullopt;
}

}  // namespace millrace::formats
