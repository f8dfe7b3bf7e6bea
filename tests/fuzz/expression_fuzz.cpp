// Expressions from anybody: refused with a place inside of them, or understood; what was understood reads back as the same
// when written, and runs over rows without an end of its own making.
#include <cstdlib>

#include "transform/program.hpp"

using namespace millrace;
using namespace millrace::transform;

namespace {

void require(bool claim) {
    if (!claim) std::abort();
}

/// Two rows of texts, one of them a null.
struct Rows final : RowBatch {
    std::size_t rows() const override { return 2; }
    std::uint64_t number(std::size_t row) const override { return row + 1; }
    void load(std::size_t, std::span<const std::uint32_t> wanted, Vector& out) const override {
        out.reset({}, wanted.size());
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (wanted[i] == 0) out.texts[i] = "12,50 \u00e9";
            else out.set_state(i, State::null);
        }
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto expr = parse_expression(text);
    if (!expr) {
        require(expr.error().begin <= expr.error().end && expr.error().end <= text.size());
        explain(text, expr.error());
        return 0;
    }
    const auto written = to_string(*expr);
    if (written.size() <= 64 * 1024) {
        const auto again = parse_expression(written);
        // Written with all its brackets it may be nested deeper than is allowed.
        if (again) require(to_string(*again) == written);
    }
    const std::vector<SourceColumn> columns{{"a", {}}, {"b", {}}};
    const Lookups lookups;
    Program program{columns, lookups, 0};
    try {
        program.add(*expr);
    } catch (const ExpressionFault& fault) {
        require(!fault.why.empty());
        return 0;
    }
    Frame frame;
    const std::uint64_t numbers[] = {1, 2};
    frame.row_numbers = numbers;
    const std::uint32_t rows[] = {0, 1};
    program.run(Rows{}, rows, frame);
    return 0;
}
