#include "formats/sandbox/protocol.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/describe.hpp"

namespace millrace::formats {

BOOST_DESCRIBE_STRUCT(TableInfo, (), (name, hidden))
BOOST_DESCRIBE_STRUCT(Reject, (), (line, byte_offset, column, code, reason))
BOOST_DESCRIBE_STRUCT(ReadReport, (), (bytes, rows_in, rows_out, rows_rejected, rows_reported, header_rows, preamble_rows,
                                       footnote_rows, blank_rows, other_table_rows, rows_repaired, dialect, warnings))

}  // namespace millrace::formats

namespace millrace::formats::unpack {

BOOST_DESCRIBE_STRUCT(Entry, (), (path, directory, regular, encrypted))

}  // namespace millrace::formats::unpack

namespace millrace::formats::sandbox {

BOOST_DESCRIBE_STRUCT(Request, (), (open, unpack, format, size, table, dialect, record_bytes_max, columns_max, entries_max))
BOOST_DESCRIBE_STRUCT(Opened, (), (names, header))

namespace {

/// An Error on its way.
struct Problem {
    std::string code;
    std::map<std::string, std::string> args;
};
BOOST_DESCRIBE_STRUCT(Problem, (), (code, args))

constexpr std::uint64_t batch_cells_max = 4 << 20;

constexpr std::array codes_of_files = {
    Code::empty_file,     Code::no_rows,          Code::not_text,       Code::unsupported_format, Code::malformed_file,   Code::line_too_long,
    Code::encrypted_file, Code::too_many_columns, Code::archive_limits, Code::parser_limits,      Code::invalid_parameter,
};

[[noreturn]] void refuse(const char* why) { throw Nonsense{why}; }

template <class T>
T parse(std::string_view payload) {
    try {
        return parse_body<T>(payload);
    } catch (const Error&) {
        refuse("a frame is not what it says");
    }
}

template <class T>
std::string json_of(const T& value) {
    std::string text;
    append_json(text, value);
    return text;
}

template <class T>
void append(std::string& out, T number) {
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);  // both ends are one program on one machine
    out.append(bytes, sizeof number);
}

template <class T>
T take(std::string_view& from) {
    T number;
    if (from.size() < sizeof number) refuse("a frame is too short");
    std::memcpy(&number, from.data(), sizeof number);
    from.remove_prefix(sizeof number);
    return number;
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

void send(Link& link, Kind kind, std::string_view payload) {
    std::string head;
    append(head, static_cast<std::uint32_t>(payload.size()));
    append(head, static_cast<std::uint8_t>(kind));
    if (payload.size() <= 1024) return link.write(head.append(payload));
    link.write(head);
    link.write(payload);
}

void receive(Link& link, std::size_t payload_bytes_max, Frame& frame) {
    std::array<char, frame_head_bytes> head{};
    link.read(head);
    std::string_view rest{head.data(), head.size()};
    const auto size = take<std::uint32_t>(rest);
    frame.kind = static_cast<Kind>(take<std::uint8_t>(rest));
    if (size > payload_bytes_max) refuse("a frame is too large");
    frame.payload.resize(size);
    link.read(frame.payload);
}

std::string to_payload(const Request& request) { return json_of(request); }
std::string to_payload(const Opened& opened) { return json_of(opened); }
std::string to_payload(const std::vector<TableInfo>& tables) { return json_of(tables); }
std::string to_payload(const unpack::Entry& entry) { return json_of(entry); }
std::string to_payload(const Reject& reject) {
    std::string out;
    append(out, static_cast<std::uint32_t>(reject.raw.size()));
    return out += reject.raw + json_of(reject);
}
std::string to_payload(const ReadReport& report) { return json_of(report); }
std::string to_payload(const Error& error) {
    Problem problem{.code = std::string{to_string(error.code())}, .args = {}};
    for (const auto& [name, value] : error.args()) problem.args.emplace(name, value);
    return json_of(problem);
}
std::string to_payload(const Need& need) {
    std::string payload;
    append(payload, need.offset);
    append(payload, need.length);
    return payload;
}

void append_batch(std::string& payload, const TextBatch& batch) {
    append(payload, static_cast<std::uint32_t>(batch.rows));
    append(payload, static_cast<std::uint32_t>(batch.columns));
    append(payload, batch.bytes_consumed);
    const auto sizes_at = payload.size();
    payload.resize(sizes_at + batch.cells.size() * sizeof(std::uint32_t));
    char* size_at = payload.data() + sizes_at;
    std::size_t text_bytes = 0;
    for (const auto& cell : batch.cells) {
        const std::uint32_t size = cell.size << 1 | static_cast<std::uint32_t>(cell.quoted);
        std::memcpy(size_at, &size, sizeof size);
        size_at += sizeof size;
        text_bytes += cell.size;
    }
    payload.reserve(payload.size() + text_bytes);
    for (const auto& cell : batch.cells) payload.append(cell.data, cell.size);
}

Request read_request(std::string_view payload) { return parse<Request>(payload); }
Opened read_opened(std::string_view payload) { return parse<Opened>(payload); }
std::vector<TableInfo> read_tables(std::string_view payload) {
    auto tables = parse<std::vector<TableInfo>>(payload);
    if (tables.empty()) refuse("there is no table");
    return tables;
}
unpack::Entry read_entry(std::string_view payload) { return parse<unpack::Entry>(payload); }
Reject read_reject(std::string_view payload) {
    const auto size = take<std::uint32_t>(payload);
    if (size > payload.size()) refuse("a frame is too short");
    auto reject = parse<Reject>(payload.substr(size));
    reject.raw = payload.substr(0, size);
    return reject;
}
ReadReport read_report(std::string_view payload) { return parse<ReadReport>(payload); }

Need read_need(std::string_view payload) {
    const auto offset = take<std::uint64_t>(payload);
    const auto length = take<std::uint32_t>(payload);
    if (!payload.empty() || length > need_bytes_max) refuse("too much is asked for");
    return {offset, length};
}

Error read_error(std::string_view payload) {
    const auto problem = parse<Problem>(payload);
    const auto code = std::ranges::find_if(codes_of_files, [&](Code known) { return to_string(known) == problem.code; });
    if (code == codes_of_files.end()) refuse("an error is not one of a file");
    return Error{*code, {problem.args.begin(), problem.args.end()}};
}

void read_batch(std::string_view payload, TextBatch& batch) {
    const std::uint64_t rows = take<std::uint32_t>(payload);
    const std::uint64_t columns = take<std::uint32_t>(payload);
    batch.bytes_consumed = take<std::uint64_t>(payload);
    const auto cells = rows * columns;
    if (rows == 0 || columns == 0 || cells > batch_cells_max || cells > payload.size() / sizeof(std::uint32_t)) refuse("a batch has a wrong size");
    auto text = payload.substr(cells * sizeof(std::uint32_t));
    if (!simdjson::validate_utf8(text.data(), text.size())) refuse("a batch is not UTF-8");
    batch.rows = rows;
    batch.columns = columns;
    batch.cells.resize(cells);
    for (auto& cell : batch.cells) {
        const auto coded = take<std::uint32_t>(payload);
        const auto size = coded >> 1;
        if (size > text.size() || (!text.empty() && continues_character(text[0]))) refuse("a batch has a wrong size");
        cell = {text.data(), size, (coded & 1) != 0};
        text.remove_prefix(size);
    }
    if (!text.empty()) refuse("a batch has a wrong size");
}

}  // namespace millrace::formats::sandbox
