#pragma once

#include <array>

#include "datasets/rows.hpp"
#include "formats/output.hpp"

namespace millrace::datasets {

/// How a dataset is to be exported; also the input of the job that does it.
struct ExportRequest : formats::WriteOptions {
    std::string format;
    std::optional<Values> values;  ///< default: original for csv and tsv, typed for all others
    static std::array<std::string_view, 1> required() { return {"format"}; }
};
BOOST_DESCRIBE_STRUCT(ExportRequest, (formats::WriteOptions), (format, values))

/// The request with everything decided.
struct ExportPlan {
    const formats::OutputFormat* format = nullptr;
    formats::WriteOptions options;
    Values values = Values::typed;

    std::string extension() const;   ///< e.g. ".csv.gz"
    std::string media_type() const;  ///< of the file, compressed as it is
};

/// What is wrong with the request is added to `issues`, below `pointer`; the plan is good only when nothing was. In formats
/// that people open in spreadsheets, texts that look like formulas get an apostrophe unless the request says `raw`.
ExportPlan plan_export(const ExportRequest& request, std::vector<Issue>& issues, const std::string& pointer);

/// What the file is called: the name of the dataset with another extension, e.g. "orders.csv" -> "orders.xlsx"; with a
/// number of its own when the output has several parts.
std::string export_filename(const std::string& name, const ExportPlan& plan, std::optional<std::size_t> part = {});

}  // namespace millrace::datasets
