#include "formats/json/json.hpp"
#include "table.hpp"

// Any bytes give rows and rejects; no line is lost, and no bad line ends the file.

using namespace millrace;
using namespace millrace::formats;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Bytes source;
    source.text.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
    ReadOptions options;
    options.record_bytes_max = 1 << 16;
    options.columns_max = 500;
    options.dialect = {{"flatten", (data[0] & 1) == 0}, {"encoding", "utf-8"}};
    json_files::ndjson_format().recognise(source.text, source.size(), "");
    std::optional<Error> refused;
    const auto report = read_table(json_files::ndjson_format(), source, options, &refused);
    if (!report) return must(refused->code() == Code::too_many_columns), 0;
    const std::string_view text = std::string_view{source.text}.substr(source.text.starts_with("\xef\xbb\xbf") ? 3 : 0);
    std::uint64_t lines = 0;
    for (std::size_t i = 0; i < text.size(); ++i) lines += text[i] == '\n' || i + 1 == text.size();
    must(report->rows_in == lines);
    return 0;
}
