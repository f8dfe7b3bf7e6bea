#include "cli/output.hpp"

#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/describe.hpp"
#include "base/hash.hpp"

namespace millrace::cli {
namespace {

std::string lower(std::string text) {
    for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

/// The format that an extension (".xlsx") stands for.
const formats::OutputFormat* format_of(const std::string& extension) {
    constexpr std::pair<std::string_view, std::string_view> others[] = {{".jsonl", "ndjson"}, {".db", "sqlite"}, {".markdown", "markdown"}, {".pq", "parquet"}};
    for (const auto& [other, name] : others) {
        if (extension == other) return formats::find_output(name);
    }
    for (const auto* format : formats::output_catalog()) {
        if (format->extension == extension) return format;
    }
    return nullptr;
}

json::value value_of(const std::string& text) {
    if (text == "true") return true;
    if (text == "false") return false;
    const bool number = !text.empty() && text.size() < 16 && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c); });
    if (number) return std::stoll(text);
    if (text == "\\t" || text == "tab") return "\t";
    return json::value(text);
}

}  // namespace

json::object output_options(const std::string& path, const Arguments& arguments) {
    json::object options;
    std::filesystem::path name = lower(path);
    if (name.extension() == ".gz" || name.extension() == ".zst") {
        options["compression"] = name.extension() == ".gz" ? "gzip" : "zstd";
        name = name.stem();
    }
    if (const auto* format = format_of(name.extension().string())) options["format"] = format->name;
    if (!arguments.to.empty()) options["format"] = arguments.to;
    for (const auto& option : arguments.options) {
        const auto equals = option.find('=');
        if (equals == 0 || equals == option.npos) throw Error{Code::usage, {{"why", "-O takes KEY=VALUE, not \"" + option + "\""}}};
        const auto key = option.substr(0, equals);
        const bool text = key == "null_text" || key == "table";
        options[key] = text ? json::value(option.substr(equals + 1)) : value_of(option.substr(equals + 1));
    }
    return options;
}

datasets::ExportPlan output_plan(const std::string& path, const Arguments& arguments) {
    auto options = output_options(path, arguments);
    if (!options.contains("format")) options["format"] = "csv";
    datasets::ExportRequest request{};
    request.formulas = formats::Formulas::raw;
    std::vector<Issue> issues;
    read_json(json::value(options), request, issues);
    // Files of one's own machine are as exact as they can be; formats without formulas need not be told so.
    const auto* format = formats::find_output(request.format);
    if (!options.contains("formulas") && format && !format->for_people) request.formulas.reset();
    auto plan = datasets::plan_export(request, issues, "");
    if (!issues.empty()) {
        const auto name = issues[0].pointer.substr(std::min<std::size_t>(1, issues[0].pointer.size()));
        throw Error{Code::usage, {{"why", fmt::format("the output option {}: {}", name, issues[0].detail)}}};
    }
    const bool splits = plan.options.split_rows || plan.options.split_bytes;
    if (splits && path == "-") throw Error{Code::usage, {{"why", "standard output cannot be split into parts"}}};
    return plan;
}

/// One part: hashed and counted on its way.
class OutParts::File final : public formats::PartSink {
public:
    File(OutParts& parts, std::unique_ptr<OutFile> out) : parts_{parts}, out_{std::move(out)} {}
    void write(std::string_view bytes) override {
        if (parts_.how_.hashed) hash_.update(bytes);
        bytes_ += bytes.size();
        out_->write(bytes);
    }
    Stored finish() override {
        out_->sync();
        parts_.files_.push_back(std::move(out_));
        return {parts_.how_.hashed ? to_hex(hash_.finish()) : std::string{}, bytes_};
    }

private:
    OutParts& parts_;
    std::unique_ptr<OutFile> out_;
    Sha256 hash_;
    std::uint64_t bytes_ = 0;
};

formats::OpenPart OutParts::opener() {
    return [this](std::size_t number) {
        return std::make_unique<File>(*this, std::make_unique<OutFile>(path_of(number), OutFile::Stdout::at_end));
    };
}

void OutParts::publish() {
    for (const auto& file : files_) file->finish();
    files_.clear();
}

std::string OutParts::path_of(std::size_t number) const {
    if (!how_.numbered || path_ == "-") return path_;
    const std::filesystem::path path{path_};
    auto name = path.filename().string();
    const auto point = name.find('.', 1);
    name.insert(std::min(point, name.size()), fmt::format("-{:04}", number));
    return (path.parent_path() / name).string();
}

}  // namespace millrace::cli
