#include "formats/xml/xml.hpp"
#include "table.hpp"

// Any bytes give a table or an error, never a crash.

using namespace millrace;
using namespace millrace::formats;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Bytes source;
    source.text.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
    ReadOptions options;
    options.record_bytes_max = 1 << 16;
    options.columns_max = 500;
    if (data[0] & 1) options.dialect = {{"row", "a"}};
    if (data[0] & 2) options.dialect.emplace("encoding", "utf-8");
    xml::format().recognise(source.text, source.size(), "");
    read_table(xml::format(), source, options);
    return 0;
}
