#include "formats/parquet/reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "formats/parquet/compression.hpp"
#include "formats/parquet/decode.hpp"
#include "formats/parquet/hybrid.hpp"
#include "formats/parquet/metadata.hpp"

namespace millrace::formats::parquet {
namespace {

/// A page holds at most so many values; only all-null or repeated pages could hold more in few bytes.
constexpr std::int64_t page_values_max = 1 << 26;
/// Rows handled at once between levels and values.
constexpr std::size_t step_rows = 4096;

std::uint32_t load32(const char* at) {
    std::uint32_t value = 0;
    std::memcpy(&value, at, 4);
    return value;
}

void read_exactly(Source& source, std::uint64_t offset, std::size_t size, std::string& out) {
    out.resize(size);
    if (source.read(offset, out) != size) damaged("it ends too early");
}

}  // namespace

struct Reader::State {
    Source* source = nullptr;
    ReaderLimits limits;
    FileMeta meta;
    std::vector<Leaf> leaves;
    std::vector<Field> fields;
    std::vector<std::uint64_t> first_rows;  // of each row group, and the end
};

Reader::Reader(Source& source, ReaderLimits limits) : state_{std::make_unique<State>()} {
    auto& s = *state_;
    s.source = &source;
    s.limits = limits;
    const auto size = source.size();
    if (size < 12) damaged("it is too short");
    std::string tail;
    read_exactly(source, size - 8, 8, tail);
    if (tail.ends_with("PARE")) unsupported("encryption");
    if (!tail.ends_with("PAR1")) damaged("it does not end as Parquet does");
    const auto footer_size = load32(tail.data());
    if (footer_size > size - 12 || footer_size > limits.footer_bytes_max) damaged("its metadata has an impossible size");
    std::string footer;
    read_exactly(source, size - 8 - footer_size, footer_size, footer);
    s.meta = read_file_meta(footer);
    const auto& schema = s.meta.schema;
    if (schema.front().children < 0 || static_cast<std::size_t>(schema.front().children) != schema.size() - 1) {
        unsupported("nested columns");
    }
    for (std::size_t i = 1; i < schema.size(); ++i) {
        if (!schema[i].type || schema[i].repetition > 1 || schema[i].repetition < 0) unsupported("nested columns");
        s.leaves.push_back(leaf_of(schema[i]));
        s.fields.push_back({s.leaves.back().name, s.leaves.back().type});
    }
    s.first_rows.push_back(0);
    for (const auto& group : s.meta.groups) {
        for (std::size_t i = 0; i < group.chunks.size(); ++i) {
            const auto& chunk = group.chunks[i];
            if (chunk.type != s.leaves[i].physical) damaged("a column has another type than the schema says");
            if (chunk.values != group.rows) damaged("a column has another number of rows than its group");
        }
        s.first_rows.push_back(s.first_rows.back() + static_cast<std::uint64_t>(group.rows));
        if (s.first_rows.back() > 1ull << 50) damaged("it claims too many rows");
    }
}

Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

const std::vector<Field>& Reader::fields() const { return state_->fields; }
std::uint64_t Reader::rows() const { return state_->first_rows.back(); }
std::size_t Reader::groups() const { return state_->meta.groups.size(); }
std::uint64_t Reader::group_rows(std::size_t group) const {
    return static_cast<std::uint64_t>(state_->meta.groups[group].rows);
}
const std::string& Reader::created_by() const { return state_->meta.created_by; }

std::optional<Bounds> Reader::bounds(std::size_t group, std::size_t column) const {
    const auto& statistics = state_->meta.groups[group].chunks[column].statistics;
    const auto& leaf = state_->leaves[column];
    if (!statistics.min || !statistics.max) return std::nullopt;
    const auto load = [](const std::string& bytes, auto& value) {
        if (bytes.size() != sizeof value) return false;
        std::memcpy(&value, bytes.data(), sizeof value);
        return true;
    };
    Bounds out;
    if (leaf.type.is_text()) {
        if (leaf.physical != Physical::bytes || leaf.as_text || leaf.meaning == Meaning::decimal) return std::nullopt;
        out.text_min = *statistics.min;
        out.text_max = *statistics.max;
    } else if (leaf.type.is_float()) {
        if (leaf.physical != Physical::float64 || !load(*statistics.min, out.float_min) || !load(*statistics.max, out.float_max)) return std::nullopt;
        if (!(out.float_min <= out.float_max)) return std::nullopt;  // NaN
    } else {
        // Where the file counts in another unit than we do, its bounds are not ours.
        const bool clock = leaf.type.type == Type::time || leaf.type.type == Type::timestamp;
        if ((clock && leaf.unit != Unit::micros) || !leaf.is_signed) return std::nullopt;
        std::int32_t small_min = 0, small_max = 0;
        if (leaf.physical == Physical::int32 && load(*statistics.min, small_min) && load(*statistics.max, small_max)) {
            out.int_min = small_min;
            out.int_max = small_max;
        } else if (leaf.physical != Physical::int64 || !load(*statistics.min, out.int_min) || !load(*statistics.max, out.int_max)) {
            return std::nullopt;
        }
    }
    return out;
}

bool Reader::all_null(std::size_t group, std::size_t column) const {
    const auto& meta = state_->meta.groups[group];
    return meta.rows > 0 && meta.chunks[column].statistics.nulls == meta.rows;
}

std::optional<std::string_view> Reader::property(std::string_view key) const {
    for (const auto& [name, value] : state_->meta.properties) {
        if (name == key) return value;
    }
    return std::nullopt;
}

struct ColumnReader::State {
    const Reader::State& file;
    const Leaf& leaf;
    std::size_t column;
    Compressor compressor;
    std::uint64_t row = 0;          // next to be read
    std::size_t group = ~std::size_t{0};
    std::uint64_t group_left = 0;   // rows of the group behind the current page
    std::uint64_t offset = 0;       // of the next page header
    std::uint64_t chunk_end = 0;
    bool has_dictionary = false;
    Column dictionary;
    std::string stored;             // bytes as they stand in the file
    std::string body;               // decompressed
    std::uint64_t page_left = 0;    // rows of the current page not yet read
    HybridReader levels;
    bool has_levels = false;
    Values values;
    std::vector<std::uint32_t> level_buffer;
    Column packed;

    State(const Reader::State& f, std::size_t c) : file{f}, leaf{f.leaves[c]}, column{c} {}

    void enter_group(std::size_t index);
    bool enter_page(std::uint64_t skip);
    PageHeader next_header();
    void load_body(const PageHeader& header);
    void open_dictionary(const PageHeader& header);
    void open_data(const PageHeader& header);
    void skip_rows(std::uint64_t count);
    void read_rows(std::size_t count, Column& out);
};

void ColumnReader::State::enter_group(std::size_t index) {
    const auto& chunk = file.meta.groups[index].chunks[column];
    group = index;
    group_left = static_cast<std::uint64_t>(file.meta.groups[index].rows);
    page_left = 0;
    has_dictionary = false;
    offset = static_cast<std::uint64_t>(chunk.begin());
    chunk_end = offset + static_cast<std::uint64_t>(chunk.compressed);
    if (chunk_end > file.source->size()) damaged("a column lies outside the file");
}

PageHeader ColumnReader::State::next_header() {
    if (offset >= chunk_end) damaged("a column ends too early");
    // Headers are some 30 bytes, unless they carry statistics of long texts.
    for (const std::size_t guess : {std::size_t{512}, std::size_t{64} << 10, std::size_t{4} << 20}) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(guess, chunk_end - offset));
        read_exactly(*file.source, offset, size, stored);
        try {
            std::size_t length = 0;
            const auto header = read_page_header(stored, length);
            offset += length;
            if (static_cast<std::uint64_t>(header.compressed) > chunk_end - offset) damaged("a page lies outside its column");
            if (static_cast<std::uint64_t>(header.uncompressed) > file.limits.page_bytes_max ||
                static_cast<std::uint64_t>(header.compressed) > file.limits.page_bytes_max) {
                damaged("a page is too large");
            }
            if (header.values > page_values_max) damaged("a page claims too many values");
            return header;
        } catch (const Error&) {
            if (size < guess || guess == std::size_t{4} << 20) throw;
        }
    }
    damaged("a page header cannot be read");
}

/// Reads and checks the bytes of a page and decompresses them; of v2 pages only what is compressed.
void ColumnReader::State::load_body(const PageHeader& header) {
    const auto codec = file.meta.groups[group].chunks[column].codec;
    read_exactly(*file.source, offset, static_cast<std::size_t>(header.compressed), stored);
    if (header.crc && crc32(stored) != *header.crc) damaged("the checksum of a page is wrong");
    const auto uncompressed = static_cast<std::size_t>(header.uncompressed);
    if (header.type != PageType::data_v2) return compressor.decompress(codec, stored, uncompressed, body);
    const auto levels_size = static_cast<std::uint64_t>(header.definition_bytes + header.repetition_bytes);
    if (levels_size > stored.size() || levels_size > uncompressed) damaged("a page has levels longer than itself");
    const auto rest = std::string_view{stored}.substr(levels_size);
    if (rest.empty()) body.clear();
    else compressor.decompress(header.is_compressed ? codec : Codec::none, rest, uncompressed - levels_size, body);
}

void ColumnReader::State::open_dictionary(const PageHeader& header) {
    load_body(header);
    dictionary = {};
    dictionary.type = leaf.type;
    Values{leaf, Encoding::plain, body, static_cast<std::size_t>(header.values), nullptr}.read(
        static_cast<std::size_t>(header.values), dictionary);
    has_dictionary = true;
}

void ColumnReader::State::open_data(const PageHeader& header) {
    load_body(header);
    std::string_view bytes = body;
    has_levels = false;
    if (header.type == PageType::data_v2) {
        has_levels = leaf.optional && header.definition_bytes > 0;
        if (has_levels) {
            // Kept in `stored`, which stays as it is until the next page.
            levels = HybridReader{std::string_view{stored}.substr(static_cast<std::size_t>(header.repetition_bytes),
                                                                  static_cast<std::size_t>(header.definition_bytes)), 1};
        }
    } else if (leaf.optional) {
        if (header.definition_encoding != Encoding::rle) unsupported("bit-packed levels");
        if (bytes.size() < 4 || load32(bytes.data()) > bytes.size() - 4) damaged("a page has levels longer than itself");
        levels = HybridReader{bytes.substr(4, load32(bytes.data())), 1};
        bytes.remove_prefix(4 + load32(bytes.data()));
        has_levels = true;
    }
    values = Values{leaf, header.encoding, bytes, static_cast<std::size_t>(header.values),
                    has_dictionary ? &dictionary : nullptr};
    page_left = static_cast<std::uint64_t>(header.values);
}

/// Goes to the page that holds the row `skip` rows ahead; the pages before it are not decompressed.
bool ColumnReader::State::enter_page(std::uint64_t skip) {
    for (;;) {
        const auto header = next_header();
        if (header.type == PageType::dictionary) {
            if (has_dictionary) damaged("a column has two dictionaries");
            open_dictionary(header);
        } else if (header.type == PageType::data || header.type == PageType::data_v2) {
            const auto rows = static_cast<std::uint64_t>(header.values);
            if (rows > group_left) damaged("a column has more rows than its group");
            group_left -= rows;
            if (rows > skip) {
                open_data(header);
                offset += static_cast<std::uint64_t>(header.compressed);
                skip_rows(skip);
                return true;
            }
            skip -= rows;
            row += rows;
            if (group_left == 0 && skip == 0) {
                offset += static_cast<std::uint64_t>(header.compressed);
                return false;
            }
        }
        offset += static_cast<std::uint64_t>(header.compressed);
    }
}

void ColumnReader::State::skip_rows(std::uint64_t count) {
    row += count;
    page_left -= count;
    if (!has_levels) return values.skip(static_cast<std::size_t>(count));
    std::uint64_t valid = 0;
    for (std::uint64_t left = count; left > 0;) {
        level_buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, step_rows)));
        levels.read(level_buffer);
        for (const auto level : level_buffer) valid += level;
        left -= level_buffer.size();
    }
    values.skip(static_cast<std::size_t>(valid));
}

void ColumnReader::State::read_rows(std::size_t count, Column& out) {
    row += count;
    page_left -= count;
    if (!has_levels) return values.read(count, out);
    level_buffer.resize(count);
    levels.read(level_buffer);
    std::size_t valid = 0;
    for (const auto level : level_buffer) valid += level;
    if (valid == count) return values.read(count, out);
    packed.clear();
    packed.type = leaf.type;
    values.read(valid, packed);
    std::size_t next = 0;
    for (const auto level : level_buffer) {
        if (level == 0) out.push_null();
        else if (out.type.is_text()) out.push(packed.text(next++));
        else if (out.type.is_float()) out.push(packed.floats[next++]);
        else out.push(packed.ints[next++]);
    }
}

ColumnReader Reader::column(std::size_t index) const {
    return ColumnReader{std::make_unique<ColumnReader::State>(*state_, index)};
}

ColumnReader::ColumnReader(std::unique_ptr<State> state) : state_{std::move(state)} {}
ColumnReader::~ColumnReader() = default;
ColumnReader::ColumnReader(ColumnReader&&) noexcept = default;
ColumnReader& ColumnReader::operator=(ColumnReader&&) noexcept = default;

void ColumnReader::seek(std::uint64_t target) {
    auto& s = *state_;
    const auto& first_rows = s.file.first_rows;
    if (target == s.row && s.group != ~std::size_t{0}) return;
    if (target >= first_rows.back()) {
        s.row = first_rows.back();
        s.group = s.file.meta.groups.size();
        s.page_left = s.group_left = 0;
        return;
    }
    // The last group that begins at or before the row: groups without rows are passed over.
    const auto after = std::upper_bound(first_rows.begin(), first_rows.end(), target);
    const auto group = static_cast<std::size_t>(after - first_rows.begin()) - 1;
    if (group != s.group || target < s.row) {
        s.enter_group(group);
        s.row = first_rows[group];
    }
    const auto ahead = target - s.row;
    if (ahead < s.page_left) return s.skip_rows(ahead);
    s.row += s.page_left;
    const auto behind = ahead - s.page_left;
    s.page_left = 0;
    s.enter_page(behind);
}

std::size_t ColumnReader::read(std::size_t count, Column& out) {
    auto& s = *state_;
    if (out.rows == 0) out.type = s.leaf.type;
    std::size_t done = 0;
    while (done < count && s.row < s.file.first_rows.back()) {
        if (s.page_left == 0) {
            if (s.group == ~std::size_t{0} || s.group_left == 0) {
                const auto row = s.row;
                s.group = ~std::size_t{0};
                seek(row);
            } else {
                s.enter_page(0);
            }
            continue;
        }
        const auto step = static_cast<std::size_t>(std::min<std::uint64_t>({count - done, s.page_left, step_rows}));
        s.read_rows(step, out);
        done += step;
        if (out.bytes.size() > s.file.limits.text_bytes_max) damaged("its texts are too long to be read at once");
    }
    return done;
}

bool looks_like_parquet(Source& source) {
    if (source.size() < 12) return false;
    std::array<char, 4> head{}, tail{};
    source.read(0, head);
    source.read(source.size() - 4, tail);
    const std::string_view magic = "PAR1";
    return std::string_view{head.data(), 4} == magic && std::string_view{tail.data(), 4} == magic;
}

}  // namespace millrace::formats::parquet
