// Any bytes as a Parquet file of somebody else, nested columns as JSON: rows or an Error.
#include "formats/parquet/parquet.hpp"
#include "table.hpp"

using namespace millrace;
using namespace millrace::formats;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes source;
    source.text.assign(reinterpret_cast<const char*>(data), size);
    std::optional<Error> refused;
    read_table(parquet::format(), source, {.record_bytes_max = 1 << 20, .columns_max = 100}, &refused);
    must(!refused || refused->code() != Code::internal);
    return 0;
}
