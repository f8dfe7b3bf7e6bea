// Any bytes as an Avro container: rows or an Error.
#include "formats/avro/avro.hpp"
#include "table.hpp"

using namespace millrace;
using namespace millrace::formats;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes source;
    source.text.assign(reinterpret_cast<const char*>(data), size);
    std::optional<Error> refused;
    read_table(avro::format(), source, {.record_bytes_max = 1 << 20, .columns_max = 100}, &refused);
    must(!refused || refused->code() != Code::internal);
    return 0;
}
