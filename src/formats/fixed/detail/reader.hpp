#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/fixed/detail/layout.hpp"
#include "formats/window.hpp"

namespace millrace::formats::fixed {

/// The keys of ReadOptions::dialect, checked.
struct Given {
    std::vector<std::size_t> widths;
    std::optional<bool> header;
    std::optional<std::string> encoding;

    /// Throws Error{invalid_parameter}.
    static Given from(const json::object& keys, std::uint32_t columns_max);
};

/// Reads the table; see format.hpp. One thread at a time.
class Reader final : public TableReader {
public:
    Reader(Source& source, const ReadOptions& options);

    const std::vector<std::string>& names() const override { return names_; }
    bool has_header() const override { return layout_.has_header; }
    bool next(TextBatch& batch) override;
    const ReadReport& report() const override { return report_; }

private:
    void find_layout();
    void take_header();
    std::optional<std::string_view> line();
    void settle(TextBatch& batch, std::string_view line);
    void reject(std::string_view line, std::string code, std::string reason);
    void describe();

    ReadOptions options_;
    Given given_;
    Window window_;
    Layout layout_;
    std::vector<std::string> names_;
    std::vector<std::string_view> cells_;
    ReadReport report_;
    std::size_t line_bytes_ = 0;  ///< of the line found last, with its end
};

}  // namespace millrace::formats::fixed
