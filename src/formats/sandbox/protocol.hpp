#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "formats/format.hpp"
#include "formats/unpack/detail/reader.hpp"

/// What a child that reads a file and its parent say to each other: frames of a size (4 bytes, little endian, of the
/// payload), a kind (1 byte) and a payload. The parent trusts nothing that it is told.
namespace millrace::formats::sandbox {

enum class Kind : std::uint8_t {
    request = 1,  ///< parent: Request as JSON, the first frame
    bytes = 2,    ///< parent: the bytes that were needed
    need = 3,     ///< child: offset (8 bytes) and length (4 bytes) of the source
    tables = 4,   ///< child: JSON array of TableInfo; the last frame
    opened = 5,   ///< child: Opened as JSON
    batch = 6,    ///< child: see append_batch
    reject = 7,   ///< child: the size of its raw bytes (u32), these, the rest of a Reject as JSON
    report = 8,   ///< child: ReadReport as JSON; the last frame
    error = 9,    ///< child: Error as JSON; the last frame
    entry = 10,      ///< child: unpack::Entry as JSON; its bytes follow
    content = 11,    ///< child: bytes of the entry before
    entry_end = 12,  ///< child: "" when these were all bytes of the entry, else the rest cannot be unpacked
    archive_end = 13,  ///< child: the last frame
};

constexpr std::size_t need_bytes_max = 1 << 20;
constexpr std::size_t content_bytes_max = 256 << 10;
constexpr std::size_t frame_head_bytes = 5;

/// What the parent wants of the child.
struct Request {
    bool open = false;    ///< false: the tables of the file
    bool unpack = false;  ///< in place of both: the entries of an archive
    std::string format;
    std::uint64_t size = 0;  ///< of the source
    std::size_t table = 0;
    json::object dialect;
    std::uint64_t record_bytes_max = 0;
    std::uint32_t columns_max = 0;
    std::uint64_t entries_max = 0;
};

struct Opened {
    std::vector<std::string> names;
    bool header = false;
};

struct Need {
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
};

/// Thrown for a frame that is not what it should be, so that whoever trusted nothing can name the format.
struct Nonsense {
    const char* why;
};

struct Frame {
    Kind kind = Kind::error;
    std::string payload;
};

/// Two ends of a connection. `read` fills `into`, `write` writes all. Both throw Error when the other end is gone.
struct Link {
    virtual ~Link() = default;
    virtual void read(std::span<char> into) = 0;
    virtual void write(std::string_view bytes) = 0;
};

void send(Link& link, Kind kind, std::string_view payload);
/// Reads a frame whose payload has at most `payload_bytes_max` bytes, else throws Nonsense.
void receive(Link& link, std::size_t payload_bytes_max, Frame& frame);

std::string to_payload(const Request& request);
std::string to_payload(const Opened& opened);
std::string to_payload(const Need& need);
std::string to_payload(const std::vector<TableInfo>& tables);
std::string to_payload(const unpack::Entry& entry);
std::string to_payload(const Reject& reject);
std::string to_payload(const ReadReport& report);
std::string to_payload(const Error& error);
/// rows (4), columns (4), bytes_consumed (8), per cell its size times two plus one when it was quoted (4), all texts.
void append_batch(std::string& payload, const TextBatch& batch);

/// What a payload says. All throw Nonsense for one that says nothing of the kind; texts are UTF-8.
Request read_request(std::string_view payload);
Opened read_opened(std::string_view payload);
Need read_need(std::string_view payload);
std::vector<TableInfo> read_tables(std::string_view payload);
unpack::Entry read_entry(std::string_view payload);
Reject read_reject(std::string_view payload);
ReadReport read_report(std::string_view payload);
/// Only codes that a file can be to blame for.
Error read_error(std::string_view payload);
/// The cells point into `payload`; first_row stays as it is.
void read_batch(std::string_view payload, TextBatch& batch);

}  // namespace millrace::formats::sandbox
