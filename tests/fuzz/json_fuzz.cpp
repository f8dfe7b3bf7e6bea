#include <simdjson.h>

#include "formats/json/json.hpp"
#include "table.hpp"

// Any bytes give tables or an error, never a crash: the account of each table adds up, the tables of a document have
// the same rows in, and what simdjson takes for a document is one.

namespace {

using namespace millrace;
using namespace millrace::formats;

bool simdjson_accepts(const std::string& text) {
    static simdjson::dom::parser parser;
    simdjson::dom::element root;
    return parser.parse(simdjson::padded_string{text}).get(root) == simdjson::SUCCESS;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Bytes source;
    source.text.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
    ReadOptions options;
    options.record_bytes_max = 1 << 16;
    options.columns_max = 500;
    if (data[0] & 1) options.dialect = {{"flatten", false}};
    if (data[0] & 2) options.dialect.emplace("encoding", "utf-8");
    json_files::format().recognise(source.text, source.size(), "");
    std::optional<Error> refused;
    const auto main = read_table(json_files::format(), source, options, &refused);
    if (refused && refused->code() == Code::malformed_file && refused->arg("why")->find("nested") == std::string::npos) {
        must(!(data[0] & 2) || !simdjson_accepts(source.text));
    }
    if (!main) return 0;
    const auto tables = json_files::format().tables(source, options);
    for (options.table = 1; options.table < std::min<std::size_t>(tables.size(), 4); ++options.table) {
        const auto other = read_table(json_files::format(), source, options, &refused);
        must(other ? other->rows_in == main->rows_in : refused->code() == Code::too_many_columns);
    }
    return 0;
}
