// Any bytes as a database: the tables and their rows, or an Error.
#include <new>

#include "formats/sqlite/sqlite.hpp"
#include "table.hpp"

using namespace millrace;
using namespace millrace::formats;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes source;
    source.text.assign(reinterpret_cast<const char*>(data), size);
    const std::string_view magic{"SQLite format 3\0", 16};
    if (source.text.size() > magic.size()) source.text.replace(0, magic.size(), magic);
    try {
        const auto tables = sqlite::format().tables(source, {});
        for (std::size_t i = 0; i < std::min<std::size_t>(tables.size(), 3); ++i) read_table(sqlite::format(), source, {.table = i, .dialect = {}, .on_reject = {}});
    } catch (const Error& error) {
        must(error.code() != Code::internal);
    } catch (const std::bad_alloc&) {
        // What a child answers with Error{parser_limits}.
    }
    return 0;
}
