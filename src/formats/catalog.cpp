#include <array>
#include <string>

#include "base/error.hpp"
#include "formats/avro/avro.hpp"
#include "formats/csv/csv.hpp"
#include "formats/fixed/fixed.hpp"
#include "formats/format.hpp"
#include "formats/json/json.hpp"
#include "formats/ods/ods.hpp"
#include "formats/parquet/parquet.hpp"
#include "formats/sandbox/sandboxed.hpp"
#include "formats/sqlite/sqlite.hpp"
#include "formats/xls/xls.hpp"
#include "formats/xlsx/xlsx.hpp"
#include "formats/xml/xml.hpp"

namespace millrace::formats {
namespace {

/// Kinds of files that are known by their first bytes, to say what they are when they are not read here.
struct Magic {
    std::string_view bytes;
    std::string_view name;
};
constexpr std::array<Magic, 10> magics = {{
    {"PK\x03\x04", "zip"},
    {"%PDF", "pdf"},
    {"\x1f\x8b", "gzip"},
    {"\x28\xb5\x2f\xfd", "zstd"},
    {"\xd0\xcf\x11\xe0", "old Office"},
    {"7z\xbc\xaf", "7z"},
    {"\x89PNG", "png"},
    {"\xff\xd8\xff", "jpeg"},
    {"\x7f" "ELF", "a program"},
    {"BZh", "bzip2"},
}};

std::string known_names() {
    std::string names;
    for (const auto* format : catalog()) names += (names.empty() ? "" : ", ") + std::string{format->name()};
    return names;
}

}  // namespace

// A new format is a new folder and one line here. One that is not fit to meet hostile bytes in this process goes through a
// child, and stands in the list of those as well.
std::span<const Format* const> catalog() {
    static const sandbox::Sandboxed xlsx{xlsx::format()}, ods{ods::format()}, xls{xls::format()}, xml{xml::format()},
        sqlite{sqlite::format()}, parquet{parquet::format()}, avro{avro::format()};
    static const Format* const formats[] = {
        &json_files::ndjson_format(),
        &json_files::format(),
        &xml,
        &fixed::format(),
        &csv::format(),
        &xlsx,
        &ods,
        &xls,
        &sqlite,
        &parquet,
        &avro,
    };
    return formats;
}

std::span<const Format* const> confined() {
    static const Format* const formats[] = {
        &xlsx::format(),
        &ods::format(),
        &xls::format(),
        &xml::format(),
        &sqlite::format(),
        &parquet::format(),
        &avro::format(),
    };
    return formats;
}

const Format& recognise(Source& source, std::string_view filename, const json::object& dialect) {
    std::string head(64 * 1024, '\0');
    head.resize(source.read(0, head));
    if (head.empty()) throw Error{Code::empty_file};
    for (const auto* format : catalog()) {
        if (format->is_meant(dialect)) return *format;
    }
    const Format* surest = nullptr;
    double most = 0;
    for (const auto* format : catalog()) {
        const double sure = format->recognise(head, source.size(), filename);
        if (sure > most) surest = format, most = sure;
    }
    if (surest == nullptr || most < 0.5) {
        for (const auto& magic : magics) {
            if (std::string_view{head}.starts_with(magic.bytes)) {
                throw Error{Code::unsupported_format, {{"format", std::string{magic.name}}, {"known", known_names()}}};
            }
        }
    }
    if (surest == nullptr) {
        const auto nul = head.find('\0');
        throw Error{Code::not_text,
                    {{"offset", std::to_string(nul == std::string::npos ? 0 : nul)}, {"why", "control characters"}}};
    }
    return *surest;
}

}  // namespace millrace::formats
