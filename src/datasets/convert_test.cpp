#include "datasets/convert.hpp"

#include <doctest/doctest.h>

#include <utility>

using namespace millrace;
using namespace millrace::datasets;
using namespace millrace::formats;

namespace {

struct Text final : Source, Sink {
    std::string text;
    std::uint64_t size() const override { return text.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        return offset >= text.size() ? 0 : text.copy(into.data(), into.size(), offset);
    }
    void write(std::string_view bytes) override { text += bytes; }
};

/// A table that is there already.
struct Fixed final : TableReader {
    std::vector<std::string> names_;
    std::vector<std::string> cells_;
    bool header = true;
    bool done = false;
    ReadReport report_;

    const std::vector<std::string>& names() const override { return names_; }
    bool has_header() const override { return header; }
    bool next(TextBatch& batch) override {
        if (std::exchange(done, true)) return false;
        batch = {.columns = names_.size(), .rows = cells_.size() / names_.size()};
        for (const auto& cell : cells_) batch.cells.push_back({cell.data(), static_cast<std::uint32_t>(cell.size()), false});
        return true;
    }
    const ReadReport& report() const override { return report_; }
};

}  // namespace

TEST_CASE("a table is written with quotes where they are needed and nowhere else") {
    Fixed table;
    table.names_ = {"a", "b"};
    table.cells_ = {"1", "x,y", "say \"hi\"", "", "line\nend", "plain "};
    Text out;
    write_csv(table, out);
    CHECK(out.text == "a,b\r\n1,\"x,y\"\r\n\"say \"\"hi\"\"\",\r\n\"line\nend\",plain \r\n");

    Fixed single;
    single.names_ = {"only"};
    single.cells_ = {"x", ""};
    single.header = false;
    out.text.clear();
    write_csv(single, out);
    CHECK(out.text == "x\r\n\"\"\r\n");
}

TEST_CASE("a messy file comes out as standard CSV, and an empty one empty") {
    Text in, out;
    in.text = "naam;bedrag\nJan;1,50\n\"Piet; junior\";2,00\nKlaas;3,00\n";
    const auto report = convert_to_csv(in, "x.csv", {}, out);
    CHECK(out.text == "naam,bedrag\r\nJan,\"1,50\"\r\nPiet; junior,\"2,00\"\r\nKlaas,\"3,00\"\r\n");
    CHECK(report.rows_out == 3);

    in.text.clear();
    out.text.clear();
    convert_to_csv(in, "x.csv", {}, out);
    CHECK(out.text.empty());
}
