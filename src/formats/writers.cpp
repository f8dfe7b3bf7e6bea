#include <algorithm>

#include "base/describe.hpp"
#include "formats/csv/writer.hpp"
#include "formats/json/writer.hpp"
#include "formats/markdown/writer.hpp"
#include "formats/parquet/table_writer.hpp"
#include "formats/sql/writer.hpp"
#include "formats/sqlite/writer.hpp"
#include "formats/writer.hpp"
#include "formats/xlsx/writer.hpp"
#include "formats/xml/writer.hpp"

namespace millrace::formats {

// A new format is a new folder and one line here.
std::span<const OutputFormat* const> output_catalog() {
    static const OutputFormat* const formats[] = {
        &csv::output(),  &tsv::output(),  &json_array::output(), &json_lines::output(), &xlsx::output(),
        &xml::output(),  &parquet::output(), &sql::output(),     &sqlite::output(),     &markdown::output(),
    };
    return formats;
}

const OutputFormat* find_output(std::string_view name) {
    if (name == "jsonl") name = "ndjson";
    const auto formats = output_catalog();
    const auto found = std::ranges::find(formats, name, &OutputFormat::name);
    return found == formats.end() ? nullptr : *found;
}

std::string output_names() {
    std::string names;
    for (const auto* format : output_catalog()) names += (names.empty() ? "" : ", ") + std::string{format->name};
    return names;
}

std::vector<Issue> check(const OutputFormat& format, const WriteOptions& options, const std::string& pointer) {
    std::vector<Issue> issues;
    const auto has_no_meaning = [&](std::string_view name) {
        issues.push_back({pointer + '/' + std::string{name}, "not_applicable", "has no meaning for " + std::string{format.name}});
    };
    boost::mp11::mp_for_each<boost::describe::describe_members<WriteOptions, boost::describe::mod_public>>([&](auto member) {
        if constexpr (requires { (options.*member.pointer).has_value(); }) {
            const std::string_view name = member.name;
            if (!(options.*member.pointer).has_value() || name == "split_rows") return;
            const bool known = name == "split_bytes" ? format.streams : std::ranges::find(format.options, name) != format.options.end();
            if (!known) has_no_meaning(name);
        }
    });
    const auto require = [&](bool holds, std::string_view name, std::string_view expected) {
        if (!holds) issues.push_back({pointer + '/' + std::string{name}, "out_of_range", "expected " + std::string{expected}});
    };
    require(options.split_rows.value_or(1) >= 1, "split_rows", "at least 1");
    require(options.split_bytes.value_or(4096) >= 4096, "split_bytes", "at least 4096");
    const auto delimiter = options.delimiter.value_or(",");
    require(delimiter.size() == 1 && std::string_view{"\"\r\n"}.find(delimiter) == std::string_view::npos && static_cast<unsigned char>(delimiter[0]) < 0x80 && delimiter[0] != 0,
            "delimiter", "one ASCII character other than a quote or a line end");
    require(options.null_text.value_or("").find_first_of("\"\r\n" + delimiter) == std::string::npos && options.null_text.value_or("").size() <= 64,
            "null_text", "at most 64 bytes without quotes, line ends and the delimiter");
    require(!options.table || (!options.table->empty() && options.table->size() <= 63 && options.table->find('\0') == std::string::npos), "table", "1 to 63 bytes");
    return issues;
}

std::string_view compression_extension(Compression compression) {
    return compression == Compression::gzip ? ".gz" : compression == Compression::zstd ? ".zst" : "";
}

}  // namespace millrace::formats
