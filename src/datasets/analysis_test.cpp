#include "datasets/analysis.hpp"

#include <doctest/doctest.h>

#include "datasets/testing.hpp"

using namespace millrace;
using namespace millrace::datasets;

namespace {

Analysis analysis_of(std::string csv) {
    testing::Memory source{std::move(csv)};
    testing::Parts parts;
    const auto open = [&](std::function<void(formats::Reject)> on_reject) {
        return formats::csv::format().open(source, {.on_reject = std::move(on_reject)});
    };
    return analyse("csv", build(open, parts.sinks()));
}

std::vector<std::string> codes(const Analysis& analysis) {
    std::vector<std::string> out;
    for (const auto& finding : analysis.quality) out.push_back(finding.code + (finding.column ? " " + *finding.column : ""));
    return out;
}

}  // namespace

TEST_CASE("what is odd about the values of a column is found") {
    std::string csv = "id,unit,empty,amount,ref\n";
    for (int i = 0; i < 200; ++i) {
        csv += std::to_string(i) + ",kg,," + (i == 150 ? "n.v.t." : std::to_string(i)) + ",R" + std::to_string(i == 7 ? 8 : i) + "\n";
    }
    const auto analysis = analysis_of(csv);
    CHECK(codes(analysis) == std::vector<std::string>{"mixed_types amount", "empty_column empty", "nearly_unique ref", "constant_column unit"});
    REQUIRE(!analysis.keys.empty());
    CHECK(analysis.keys.front().column == "id");
    CHECK(analysis.keys.front().certain);
}

TEST_CASE("a tidy table has no findings, and a report that says so") {
    const auto analysis = analysis_of("sku,price\nA,1.50\nB,2.50\nC,2.50\n");
    CHECK(analysis.quality.empty());
    const auto text = markdown(analysis, "a|b.csv");
    CHECK(text.starts_with("# a\\|b.csv\n\n3 rows, 2 columns"));
    CHECK(text.find("Nothing to report.") != text.npos);
    CHECK(text.find("| price | decimal | 3 | 0 | 2 | 1.50 | 2.50 | 2.50 |") != text.npos);
}
