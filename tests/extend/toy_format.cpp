#include "formats/toy/toy.hpp"

namespace millrace::formats::toy {
namespace {

class Reader final : public TableReader {
public:
    explicit Reader(Source& source) : text_(source.size(), '\0') {
        source.read(0, text_);
        report_.bytes = text_.size();
        std::size_t at = text_.find('\n') + 1;
        for (bool header = true; at < text_.size(); header = false) {
            const auto end = std::min(text_.find('\n', at), text_.size());
            for (std::size_t cell = at; cell <= end;) {
                const auto bar = std::min(text_.find('|', cell), end);
                if (header) names_.emplace_back(text_, cell, bar - cell);
                else cells_.push_back({text_.data() + cell, static_cast<std::uint32_t>(bar - cell), false});
                cell = bar + 1;
            }
            ++report_.rows_in;
            at = end + 1;
        }
        report_.rows_reported = report_.header_rows = 1;
        report_.rows_out = report_.rows_in - 1;
    }

    const std::vector<std::string>& names() const override { return names_; }
    bool has_header() const override { return true; }
    bool next(TextBatch& batch) override {
        if (done_) return false;
        done_ = true;
        batch = {names_.size(), report_.rows_out, 0, text_.size(), cells_};
        return true;
    }
    const ReadReport& report() const override { return report_; }

private:
    std::string text_;
    std::vector<std::string> names_;
    std::vector<Cell> cells_;
    ReadReport report_;
    bool done_ = false;
};

struct Toy final : Format {
    std::string_view name() const override { return "toy"; }
    std::string_view media_type() const override { return "text/x-toy"; }
    std::span<const std::string_view> extensions() const override {
        static constexpr std::string_view all[] = {"toy"};
        return all;
    }
    double recognise(std::string_view head, std::uint64_t, std::string_view) const override {
        return head.starts_with("TOY1\n") ? 1 : 0;
    }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions&) const override {
        return std::make_unique<Reader>(source);
    }
};

}  // namespace

const Format& format() {
    static const Toy toy;
    return toy;
}

}  // namespace millrace::formats::toy
