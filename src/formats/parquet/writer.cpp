#include "formats/parquet/writer.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

#include "formats/parquet/compression.hpp"
#include "formats/parquet/hybrid.hpp"
#include "formats/parquet/metadata.hpp"

namespace millrace::formats::parquet {
namespace {

/// Statistics of text are cut at this length: they are there to skip pages, not to hold values.
constexpr std::size_t statistics_bytes_max = 64;

Codec codec_of(Compression compression) {
    switch (compression) {
        case Compression::none: return Codec::none;
        case Compression::snappy: return Codec::snappy;
        default: return Codec::zstd;
    }
}

Physical physical_of(const DataType& type) {
    switch (type.type) {
        case Type::boolean: return Physical::boolean;
        case Type::date: return Physical::int32;
        case Type::decimal: return type.precision <= 9 ? Physical::int32 : Physical::int64;
        case Type::int64:
        case Type::time:
        case Type::timestamp: return Physical::int64;
        case Type::float64: return Physical::float64;
        default: return Physical::bytes;
    }
}

SchemaElement element_of(const Field& field) {
    SchemaElement element{.name = field.name, .type = physical_of(field.type), .repetition = 1};
    element.scale = field.type.scale;
    element.precision = field.type.precision;
    element.utc = field.type.utc;
    switch (field.type.type) {
        case Type::text:
        case Type::uuid: element.meaning = Meaning::string; break;
        case Type::json: element.meaning = Meaning::json; break;
        case Type::decimal: element.meaning = Meaning::decimal; break;
        case Type::date: element.meaning = Meaning::date; break;
        case Type::time: element.meaning = Meaning::time; break;
        case Type::timestamp: element.meaning = Meaning::timestamp; break;
        default: break;
    }
    return element;
}

template <class T>
void append_raw(std::string& out, T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
}

/// A run of rows of a column.
struct Rows {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// Least and greatest value of some rows, as rows; `any` is false when all are null.
struct Range {
    bool any = false;
    std::size_t min = 0;
    std::size_t max = 0;
};

template <class Value>
Range range_over(const Column& column, Rows rows, Value value) {
    Range range;
    auto row = rows.begin;
    while (row < rows.end && column.is_null(row)) ++row;
    if (row == rows.end) return range;
    auto min = value(row), max = min;
    range = {true, row, row};
    for (++row; row < rows.end; ++row) {
        if (column.is_null(row)) continue;
        const auto item = value(row);
        if (item < min) {
            min = item;
            range.min = row;
        } else if (max < item) {
            max = item;
            range.max = row;
        }
    }
    return range;
}

/// Text ordered by its first eight bytes, and by the rest only when those are equal.
struct Prefixed {
    std::uint64_t prefix;
    std::string_view text;

    explicit Prefixed(std::string_view t) : prefix{order_prefix(t)}, text{t} {}
    bool operator<(const Prefixed& other) const {
        return prefix != other.prefix ? prefix < other.prefix : text < other.text;
    }
};

Range range_of(const Column& column, Rows rows) {
    if (column.type.is_text()) {
        return range_over(column, rows, [&](std::size_t row) { return Prefixed{column.text(row)}; });
    }
    if (column.type.is_float()) return range_over(column, rows, [&](std::size_t row) { return column.floats[row]; });
    return range_over(column, rows, [&](std::size_t row) { return column.ints[row]; });
}

/// The range of a whole column through its dictionary: as many comparisons as there are different values.
Range range_of(const Column& column, const Dictionary& dictionary) {
    Range range;
    const auto less = [&](std::size_t a, std::size_t b) {
        if (column.type.is_text()) return column.text(a) < column.text(b);
        if (column.type.is_float()) return column.floats[a] < column.floats[b];
        return column.ints[a] < column.ints[b];
    };
    for (const auto row : dictionary.first_rows()) {
        if (!range.any) range = {true, row, row};
        else if (less(row, range.min)) range.min = row;
        else if (less(range.max, row)) range.max = row;
    }
    return range;
}

/// Turns text cut short into an upper bound: the last character that can be raised by one is. False when none can.
bool raise_last(std::string& text) {
    while (!text.empty()) {
        // Only ASCII is raised: raising a byte inside a longer character would not be UTF-8.
        const auto last = static_cast<unsigned char>(text.back());
        if (last < 0x7f) {
            text.back() = static_cast<char>(last + 1);
            return true;
        }
        text.pop_back();
    }
    return false;
}

std::string cut_text(std::string_view text) {
    if (text.size() <= statistics_bytes_max) return std::string{text};
    auto size = statistics_bytes_max;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
    return std::string{text.substr(0, size)};
}

std::string statistic(const Column& column, std::size_t row, bool is_max) {
    std::string out;
    switch (physical_of(column.type)) {
        case Physical::boolean: out += static_cast<char>(column.ints[row]); break;
        case Physical::int32: append_raw(out, static_cast<std::int32_t>(column.ints[row])); break;
        case Physical::float64: {
            // Zero has two signs; the specification wants the bound that holds for both.
            const double value = column.floats[row];
            append_raw(out, value == 0 ? (is_max ? 0.0 : -0.0) : value);
            break;
        }
        case Physical::bytes: break;
        default: append_raw(out, column.ints[row]);
    }
    return out;
}

/// Fills min and max from a range; text may be cut, and an upper bound that cannot be had stays absent.
void set_bounds(const Column& column, const Range& range, Statistics& statistics) {
    if (!range.any) return;
    if (!column.type.is_text()) {
        statistics.min = statistic(column, range.min, false);
        statistics.max = statistic(column, range.max, true);
        return;
    }
    statistics.min = cut_text(column.text(range.min));
    statistics.min_exact = statistics.min->size() == column.text(range.min).size();
    auto max = cut_text(column.text(range.max));
    statistics.max_exact = max.size() == column.text(range.max).size();
    if (statistics.max_exact || raise_last(max)) statistics.max = std::move(max);
}

template <class To>
void append_numbers(std::string& out, const Column& column, Rows rows, std::size_t nulls) {
    const auto start = out.size();
    out.resize(start + (rows.end - rows.begin - nulls) * sizeof(To));
    char* to = out.data() + start;
    const auto* from = column.ints.data();
    if constexpr (sizeof(To) == 8) {
        if (nulls == 0) {
            std::memcpy(to, from + rows.begin, (rows.end - rows.begin) * 8);
            return;
        }
    }
    for (auto row = rows.begin; row < rows.end; ++row) {
        if (column.valid[row] == 0) continue;
        const auto value = static_cast<To>(from[row]);
        std::memcpy(to, &value, sizeof value);
        to += sizeof value;
    }
}

void append_floats(std::string& out, const Column& column, Rows rows) {
    for (auto row = rows.begin; row < rows.end; ++row) {
        if (column.valid[row] != 0) append_raw(out, column.floats[row]);
    }
}

void append_booleans(std::string& out, const Column& column, Rows rows) {
    unsigned byte = 0, bits = 0;
    for (auto row = rows.begin; row < rows.end; ++row) {
        if (column.valid[row] == 0) continue;
        byte |= static_cast<unsigned>(column.ints[row] != 0) << bits;
        if (++bits < 8) continue;
        out += static_cast<char>(byte);
        byte = bits = 0;
    }
    if (bits > 0) out += static_cast<char>(byte);
}

void append_texts(std::string& out, const Column& column, Rows rows) {
    const std::size_t first = rows.begin == 0 ? 0 : column.ends[rows.begin - 1];
    const auto start = out.size();
    out.resize(start + column.ends[rows.end - 1] - first + (rows.end - rows.begin) * 4);
    char* to = out.data() + start;
    const char* from = column.bytes.data() + first;
    auto begin = static_cast<std::uint32_t>(first);
    for (auto row = rows.begin; row < rows.end; ++row) {
        if (column.valid[row] == 0) continue;
        const std::uint32_t size = column.ends[row] - begin;
        std::memcpy(to, &size, 4);
        std::memcpy(to + 4, from, size);
        to += 4 + size;
        from += size;
        begin += size;
    }
    out.resize(static_cast<std::size_t>(to - out.data()));
}

void append_plain(std::string& out, const Column& column, Rows rows, std::size_t nulls) {
    switch (physical_of(column.type)) {
        case Physical::boolean: return append_booleans(out, column, rows);
        case Physical::int32: return append_numbers<std::int32_t>(out, column, rows, nulls);
        case Physical::float64: return append_floats(out, column, rows);
        case Physical::bytes: return append_texts(out, column, rows);
        default: return append_numbers<std::int64_t>(out, column, rows, nulls);
    }
}

std::size_t count_nulls(const Column& column, Rows rows) {
    if (column.nulls == 0) return 0;
    std::size_t valid = 0;
    for (auto row = rows.begin; row < rows.end; ++row) valid += column.valid[row];
    return rows.end - rows.begin - valid;
}

}  // namespace

struct Writer::State {
    Sink& sink;
    WriterOptions options;
    Codec codec;
    Compressor compressor;
    std::uint64_t offset = 0;
    std::string buffer;      // on its way to the sink
    std::string page;        // uncompressed
    std::string compressed;
    FileMeta file;
    RowGroupMeta group;
    std::vector<std::vector<PageEntry>> pages;  // per column of the group

    State(Sink& s, WriterOptions o) : sink{s}, options{std::move(o)}, codec{codec_of(options.compression)} {}

    void put(std::string_view bytes) {
        buffer += bytes;
        offset += bytes.size();
        if (buffer.size() >= 256u << 10) flush();
    }
    void flush() {
        if (!buffer.empty()) sink.write(buffer);
        buffer.clear();
    }

    /// Compresses `page` and writes it after its header; returns the bytes in the file.
    std::int32_t put_page(PageHeader header, ChunkMeta& chunk) {
        compressed.clear();
        compressor.compress(codec, options.level, page, compressed);
        header.uncompressed = static_cast<std::int64_t>(page.size());
        header.compressed = static_cast<std::int64_t>(compressed.size());
        header.crc = crc32(compressed);
        std::string head;
        append(head, header);
        put(head);
        put(compressed);
        chunk.uncompressed += static_cast<std::int64_t>(head.size() + page.size());
        chunk.compressed += static_cast<std::int64_t>(head.size() + compressed.size());
        return static_cast<std::int32_t>(head.size() + compressed.size());
    }

    void put_dictionary(const Column& column, const Dictionary& dictionary, ChunkMeta& chunk);
    void put_data(const Column& column, const Dictionary* dictionary, ChunkMeta& chunk);
    void put_indexes();
};

namespace {

std::size_t dictionary_bytes(const Column& column, const Dictionary& dictionary) {
    const auto values = dictionary.first_rows().size();
    switch (physical_of(column.type)) {
        case Physical::int32: return values * 4;
        case Physical::bytes: {
            std::size_t bytes = 0;
            for (const auto row : dictionary.first_rows()) bytes += 4 + column.text(row).size();
            return bytes;
        }
        default: return values * 8;
    }
}

std::size_t plain_bytes(const Column& column) {
    const auto values = column.rows - column.nulls;
    switch (physical_of(column.type)) {
        case Physical::int32: return values * 4;
        case Physical::bytes: return values * 4 + column.bytes.size();
        default: return values * 8;
    }
}

bool worth_it(const Column& column, const Dictionary& dictionary) {
    if (!dictionary.complete() || column.type.type == Type::boolean || column.rows == column.nulls) return false;
    const auto width = static_cast<std::size_t>(bit_width(static_cast<std::uint32_t>(dictionary.first_rows().size())));
    const auto indices = (column.rows - column.nulls) * width / 8;
    return dictionary_bytes(column, dictionary) + indices < plain_bytes(column);
}

/// The rows of the next page: as many as make about `bytes` of PLAIN values.
std::size_t page_end(const Column& column, std::size_t begin, std::size_t bytes) {
    if (!column.type.is_text()) return std::min(column.rows, begin + std::max<std::size_t>(1, bytes / 8));
    const std::size_t first = begin == 0 ? 0 : column.ends[begin - 1];
    auto row = begin;
    // Rows are counted with their length prefix, so a page of empty strings ends as well.
    for (std::size_t step = 1024; row < column.rows; row = std::min(column.rows, row + step)) {
        const auto end = std::min(column.rows, row + step);
        if (column.ends[end - 1] - first + (end - begin) * 4 <= bytes) continue;
        while (row < end && (row == begin || column.ends[row] - first + (row + 1 - begin) * 4 <= bytes)) ++row;
        return row;
    }
    return row;
}

}  // namespace

void Writer::State::put_dictionary(const Column& column, const Dictionary& dictionary, ChunkMeta& chunk) {
    chunk.dictionary_offset = static_cast<std::int64_t>(offset);
    chunk.dictionary = true;
    page.clear();
    for (const auto row : dictionary.first_rows()) append_plain(page, column, {row, row + 1u}, 0);
    PageHeader header{.type = PageType::dictionary};
    header.values = static_cast<std::int64_t>(dictionary.first_rows().size());
    put_page(header, chunk);
}

void Writer::State::put_data(const Column& column, const Dictionary* dictionary, ChunkMeta& chunk) {
    auto& entries = pages.emplace_back();
    Range whole;
    std::size_t code_at = 0;
    const int width = dictionary ? std::max(1, bit_width(static_cast<std::uint32_t>(dictionary->first_rows().size() - 1))) : 0;
    for (std::size_t begin = 0; begin < column.rows;) {
        // Indices are small: a whole row group of them is about a page.
        const Rows rows{begin, dictionary ? std::min(column.rows, begin + options.page_bytes / 4)
                                          : page_end(column, begin, options.page_bytes)};
        const auto nulls = count_nulls(column, rows);
        page.assign(4, '\0');
        append_levels(page, std::span{column.valid}.subspan(rows.begin, rows.end - rows.begin), nulls);
        const auto levels = static_cast<std::uint32_t>(page.size() - 4);
        std::memcpy(page.data(), &levels, 4);
        PageHeader header{.type = PageType::data};
        header.values = static_cast<std::int64_t>(rows.end - rows.begin);
        const auto values = rows.end - rows.begin - nulls;
        if (dictionary) {
            header.encoding = Encoding::rle_dictionary;
            page += static_cast<char>(width);
            append_hybrid(page, std::span{dictionary->codes()}.subspan(code_at, values), width);
            code_at += values;
        } else {
            append_plain(page, column, rows, nulls);
        }
        const bool all = rows.begin == 0 && rows.end == column.rows;
        const auto range = dictionary && all ? range_of(column, *dictionary) : range_of(column, rows);
        PageEntry entry{.offset = static_cast<std::int64_t>(offset), .first_row = static_cast<std::int64_t>(begin)};
        entry.nulls = static_cast<std::int64_t>(nulls);
        entry.all_null = values == 0;
        Statistics bounds;
        set_bounds(column, range, bounds);
        entry.min = bounds.min.value_or("");
        entry.max = bounds.max.value_or("");
        // A page without an upper bound makes the index of the whole chunk unusable: it is left out below.
        if (values > 0 && !bounds.max) chunk.column_index_offset = -1;
        entry.size = put_page(header, chunk);
        entries.push_back(std::move(entry));
        if (range.any) {
            if (!whole.any) whole = range;
            const auto less = [&](std::size_t a, std::size_t b) {
                if (column.type.is_text()) return column.text(a) < column.text(b);
                if (column.type.is_float()) return column.floats[a] < column.floats[b];
                return column.ints[a] < column.ints[b];
            };
            if (less(range.min, whole.min)) whole.min = range.min;
            if (less(whole.max, range.max)) whole.max = range.max;
        }
        begin = rows.end;
    }
    set_bounds(column, whole, chunk.statistics);
    chunk.statistics.nulls = static_cast<std::int64_t>(column.nulls);
}

void Writer::State::put_indexes() {
    // Next to their row group rather than at the end of the file, so that they need no memory until then.
    for (std::size_t i = 0; i < pages.size(); ++i) {
        auto& chunk = group.chunks[i];
        std::string index;
        if (chunk.column_index_offset == 0) {
            append_column_index(index, pages[i]);
            chunk.column_index_offset = static_cast<std::int64_t>(offset);
            chunk.column_index_length = static_cast<std::int32_t>(index.size());
            put(index);
            index.clear();
        }
        append_offset_index(index, pages[i]);
        chunk.offset_index_offset = static_cast<std::int64_t>(offset);
        chunk.offset_index_length = static_cast<std::int32_t>(index.size());
        put(index);
    }
}

Writer::Writer(Sink& sink, WriterOptions options) : state_{std::make_unique<State>(sink, std::move(options))} {
    state_->put("PAR1");
}

Writer::~Writer() = default;

void Writer::write(const Column& column, const Dictionary& dictionary) {
    auto& s = *state_;
    assert(column.rows > 0 && (s.group.chunks.empty() || s.group.rows == static_cast<std::int64_t>(column.rows)));
    s.group.rows = static_cast<std::int64_t>(column.rows);
    ChunkMeta chunk{.codec = s.codec, .values = static_cast<std::int64_t>(column.rows)};
    const bool use_dictionary = worth_it(column, dictionary);
    if (use_dictionary) s.put_dictionary(column, dictionary, chunk);
    chunk.data_offset = static_cast<std::int64_t>(s.offset);
    s.put_data(column, use_dictionary ? &dictionary : nullptr, chunk);
    s.group.uncompressed += chunk.uncompressed;
    s.group.chunks.push_back(std::move(chunk));
}

void Writer::end_group() {
    auto& s = *state_;
    s.put_indexes();
    s.pages.clear();
    s.file.rows += s.group.rows;
    s.group.chunks.shrink_to_fit();
    s.file.groups.push_back(std::exchange(s.group, {}));
}

std::uint64_t Writer::finish(const std::vector<Field>& fields,
                             const std::vector<std::pair<std::string, std::string>>& properties) {
    auto& s = *state_;
    SchemaElement root{.name = "schema"};
    root.children = static_cast<std::int32_t>(fields.size());
    s.file.schema.push_back(std::move(root));
    for (const auto& field : fields) s.file.schema.push_back(element_of(field));
    s.file.properties = properties;
    s.file.created_by = s.options.created_by;
    std::string footer;
    append(footer, s.file);
    append_raw(footer, static_cast<std::uint32_t>(footer.size()));
    footer += "PAR1";
    s.put(footer);
    s.flush();
    return s.offset;
}

void Writer::state(StateWriter& archive) {
    state_->flush();
    archive(state_->offset, state_->file.rows, state_->file.groups);
}

void Writer::state(StateReader& archive) {
    state_->buffer.clear();
    archive(state_->offset, state_->file.rows, state_->file.groups);
}

void Writer::write_group(const std::vector<Column>& columns) {
    Dictionary dictionary;
    for (const auto& column : columns) {
        dictionary.build(column);
        write(column, dictionary);
    }
    end_group();
}

}  // namespace millrace::formats::parquet
