#include "formats/parquet/reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "formats/parquet/compression.hpp"
#include "formats/parquet/decode.hpp"
#include "formats/parquet/hybrid.hpp"
#include "formats/parquet/metadata.hpp"
#include "formats/parquet/schema.hpp"

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
    std::vector<Node> schema;
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
    s.schema = read_schema(s.meta.schema, s.leaves);
    if (!limits.nested && std::ranges::any_of(s.schema, [](const Node& node) { return !node.is_leaf() || node.repetition == 2; })) unsupported("nested columns");
    for (const auto& leaf : s.leaves) s.fields.push_back({leaf.name, leaf.type});
    s.first_rows.push_back(0);
    for (const auto& group : s.meta.groups) {
        for (std::size_t i = 0; i < group.chunks.size(); ++i) {
            const auto& chunk = group.chunks[i];
            if (chunk.type != s.leaves[i].physical) damaged("a column has another type than the schema says");
            if (s.leaves[i].max_rep == 0 && chunk.values != group.rows) damaged("a column has another number of rows than its group");
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
    HybridReader repetitions;       // of a leaf in a list
    bool by_entry = false;          // rows are entries: one for each value of a list, null or empty list
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
    group_left = static_cast<std::uint64_t>(by_entry ? chunk.values : file.meta.groups[index].rows);
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
    const auto width = bit_width(leaf.max_def), repetition_width = bit_width(leaf.max_rep);
    if (header.type == PageType::data_v2) {
        // Kept in `stored`, which stays as it is until the next page.
        const auto levels_of = [&](std::int64_t from, std::int64_t size) {
            return std::string_view{stored}.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(size));
        };
        if (leaf.max_rep > 0) repetitions = HybridReader{levels_of(0, header.repetition_bytes), repetition_width};
        has_levels = leaf.max_def > 0 && header.definition_bytes > 0;
        if (has_levels) levels = HybridReader{levels_of(header.repetition_bytes, header.definition_bytes), width};
    } else {
        const auto take_levels = [&] {
            if (header.definition_encoding != Encoding::rle) unsupported("bit-packed levels");
            if (bytes.size() < 4 || load32(bytes.data()) > bytes.size() - 4) damaged("a page has levels longer than itself");
            const auto taken = bytes.substr(4, load32(bytes.data()));
            bytes.remove_prefix(4 + taken.size());
            return taken;
        };
        if (leaf.max_rep > 0) repetitions = HybridReader{take_levels(), repetition_width};
        has_levels = leaf.max_def > 0;
        if (has_levels) levels = HybridReader{take_levels(), width};
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

const std::vector<Node>& Reader::schema() const { return state_->schema; }
const Leaf& Reader::leaf(std::size_t index) const { return state_->leaves[index]; }

EntryReader Reader::entries(std::size_t leaf) const {
    auto state = std::make_unique<ColumnReader::State>(*state_, leaf);
    state->by_entry = true;
    return EntryReader{std::move(state)};
}

EntryReader::EntryReader(std::unique_ptr<ColumnReader::State> state) : state_{std::move(state)} {
    values_.type = state_->leaf.type;
}
EntryReader::~EntryReader() = default;
EntryReader::EntryReader(EntryReader&&) noexcept = default;

const Leaf& EntryReader::leaf() const { return state_->leaf; }

bool EntryReader::more() {
    if (at_ == reps_.size()) fill();
    return at_ < reps_.size();
}

void EntryReader::consume() {
    if (!more()) damaged("a nested column has fewer values than rows");
    if (defs_[at_] == state_->leaf.max_def) ++value_;
    ++at_;
}

/// The next entries, of one page.
void EntryReader::fill() {
    auto& s = *state_;
    reps_.clear();
    defs_.clear();
    values_.clear();
    at_ = value_ = 0;
    while (s.page_left == 0) {
        const auto next = s.group + 1;  // from one behind the last to 0 at first
        if (s.group_left > 0) s.enter_page(0);
        else if (next >= s.file.meta.groups.size()) return;
        else s.enter_group(next);
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(s.page_left, step_rows));
    s.page_left -= count;
    reps_.assign(count, 0);
    defs_.assign(count, s.leaf.max_def);
    if (s.leaf.max_rep > 0) s.repetitions.read(reps_);
    if (s.has_levels) s.levels.read(defs_);
    std::size_t present = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (defs_[i] > s.leaf.max_def || reps_[i] > s.leaf.max_rep) damaged("a level is higher than its column has");
        present += defs_[i] == s.leaf.max_def ? 1 : 0;
    }
    s.values.read(present, values_);
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
