#include "formats/json/detail/reader.hpp"

namespace millrace::formats::json_files {
namespace {

class Lines final : public Rows {
public:
    explicit Lines(Window& window) : window_{window} {}

    Next next() override {
        while (line_.empty()) {
            const auto rest = window_.rest();
            if (rest.empty() && window_.complete()) return Next::end;
            const auto end = rest.find('\n');
            if (end == std::string_view::npos && !window_.complete()) return Next::need_more;
            const auto line = rest.substr(0, end == std::string_view::npos ? end : end + 1);
            if (line.find_first_not_of(" \t\r\n") != std::string_view::npos) {
                line_ = line;
                break;
            }
            ++blank_rows_;
            window_.pass(line.size());
        }
        return Next::row;
    }
    std::size_t table() const override { return 0; }
    int depth() const override { return 1; }
    Scanner scanner() const override { return {line_, 0, true}; }
    void check(Scanner& in) override {
        if (in.outcome() == Outcome::ok && !in.at_end()) in.refuse("something follows the value");
    }
    std::string_view raw(const Scanner&) const override { return line_.substr(0, line_.find_last_not_of("\r\n") + 1); }
    void pass(const Scanner&) override {
        window_.pass(line_.size());
        line_ = {};
    }
    std::uint64_t blank_rows() const override { return blank_rows_; }

private:
    Window& window_;
    std::string_view line_;  ///< the row, found and not passed
    std::uint64_t blank_rows_ = 0;
};

}  // namespace

std::unique_ptr<Rows> lines(Window& window) { return std::make_unique<Lines>(window); }

}  // namespace millrace::formats::json_files
