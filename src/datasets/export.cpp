#include "datasets/export.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::datasets {
namespace {

/// The name without what looks like an extension: a point and one to seven letters or digits.
std::string_view stem(std::string_view name) {
    const auto point = name.rfind('.');
    if (point == name.npos || point == 0) return name;
    const auto extension = name.substr(point + 1);
    const bool usual = !extension.empty() && extension.size() <= 7 && std::ranges::all_of(extension, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
    return usual ? name.substr(0, point) : name;
}

}  // namespace

std::string ExportPlan::extension() const {
    return std::string{format->extension} + std::string{formats::compression_extension(options.compression)};
}

std::string ExportPlan::media_type() const {
    switch (options.compression) {
        case formats::Compression::gzip: return "application/gzip";
        case formats::Compression::zstd: return "application/zstd";
        case formats::Compression::none: break;
    }
    return std::string{format->media_type};
}

ExportPlan plan_export(const ExportRequest& request, std::vector<Issue>& issues, const std::string& pointer) {
    ExportPlan plan{.format = formats::find_output(request.format), .options = request};
    if (!plan.format) {
        issues.push_back({pointer + "/format", "unknown_value", "expected one of " + formats::output_names()});
        return plan;
    }
    std::ranges::move(formats::check(*plan.format, request, pointer), std::back_inserter(issues));
    if (plan.format->for_people && !plan.options.formulas) plan.options.formulas = formats::Formulas::safe;
    const bool delimited = plan.format->name == "csv" || plan.format->name == "tsv";
    plan.values = request.values.value_or(delimited ? Values::original : Values::typed);
    if (plan.values == Values::original && !plan.format->text) {
        issues.push_back({pointer + "/values", "not_applicable", "has no meaning for " + request.format});
    }
    return plan;
}

std::string export_filename(const std::string& name, const ExportPlan& plan, std::optional<std::size_t> part) {
    auto base = stem(name);
    if (name.ends_with(".gz") || name.ends_with(".zst")) base = stem(base);
    return std::string{base} + (part ? fmt::format("-{:04}", *part) : "") + plan.extension();
}

}  // namespace millrace::datasets
