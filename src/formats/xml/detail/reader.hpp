#pragma once

#include <string>
#include <vector>

#include "formats/xml/detail/outline.hpp"
#include "formats/xml/detail/parser.hpp"
#include "formats/xml/detail/record.hpp"

namespace millrace::formats::xml {

/// Reads the rows of a document; see format.hpp. One thread at a time.
class Reader final : public TableReader, private Handler {
public:
    Reader(Source& source, const ReadOptions& options);

    const std::vector<std::string>& names() const override { return outline_.names(); }
    bool has_header() const override { return true; }
    bool next(TextBatch& batch) override;
    const ReadReport& report() const override { return report_; }

private:
    void start(std::string_view name, const char** attributes) override;
    void text(std::string_view text) override;
    void end() override;
    void emit();
    void check_size() const;
    void describe();

    ReadOptions options_;
    Given given_;
    Outline outline_;
    Record record_;
    Parser parser_;
    std::vector<Outline::Path> open_{Outline::top};
    bool in_row_ = false;
    TextBatch* batch_ = nullptr;  ///< being filled
    std::uint64_t batch_bytes_ = 0;  ///< memory of its rows, about
    Arena arena_;
    ReadReport report_;
};

/// The elements of a document, and which one is its row. Throws like open.
Outline outline_of(Source& source, const ReadOptions& options);

}  // namespace millrace::formats::xml
