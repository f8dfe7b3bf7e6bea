#include "formats/avro/avro.hpp"

#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "formats/arena.hpp"
#include "formats/avro/detail/value.hpp"
#include "formats/detail/not_utf8.hpp"
#include "formats/detail/render.hpp"
#include "formats/parquet/metadata.hpp"

namespace millrace::formats::avro {
namespace {

constexpr std::string_view magic{"Obj\x01", 4};
constexpr std::size_t sync_bytes = 16;
constexpr std::uint64_t block_bytes_max = 128 << 20;   ///< packed and unpacked
constexpr std::uint64_t header_bytes_max = 16 << 20;
constexpr std::size_t batch_rows = 4096, batch_bytes = 256 << 10;
constexpr std::uint64_t empty_rows_max = 1 << 20;      ///< of one block, of values without a byte

[[noreturn]] void too_large() { throw Error{Code::parser_limits, {{"format", "avro"}, {"why", "a block is too large"}}}; }

enum class Codec : std::uint8_t { none, deflate, snappy, zstd };

Codec codec_of(std::string_view name) {
    if (name.empty() || name == "null") return Codec::none;
    if (name == "deflate") return Codec::deflate;
    if (name == "snappy") return Codec::snappy;
    if (name == "zstandard") return Codec::zstd;
    throw Error{Code::unsupported_format, {{"format", "avro with the codec " + with_valid_utf8(name.substr(0, 40))}, {"known", "null, deflate, snappy, zstandard"}}};
}

void inflate_block(std::string_view bytes, std::string& out) {
    z_stream stream{};
    if (inflateInit2(&stream, -15) != Z_OK) throw std::bad_alloc{};
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> end{&stream, &inflateEnd};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    for (int result = Z_OK; result != Z_STREAM_END;) {
        if (out.size() - stream.total_out < 64 << 10) out.resize(std::max<std::size_t>(1 << 20, out.size() * 2));
        if (out.size() > block_bytes_max * 2) too_large();
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + stream.total_out);
        stream.avail_out = static_cast<uInt>(out.size() - stream.total_out);
        result = inflate(&stream, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END) damaged("a block cannot be decompressed");
    }
    out.resize(stream.total_out);
}

void unsnappy(std::string_view bytes, std::string& out) {
    if (bytes.size() < 4) damaged("a block cannot be decompressed");
    std::size_t size = 0;
    const auto packed = bytes.substr(0, bytes.size() - 4);
    if (!snappy::GetUncompressedLength(packed.data(), packed.size(), &size)) damaged("a block cannot be decompressed");
    if (size > block_bytes_max) too_large();
    out.resize(size);
    if (!snappy::RawUncompress(packed.data(), packed.size(), out.data())) damaged("a block cannot be decompressed");
    std::uint32_t sum = 0;
    for (const char c : bytes.substr(packed.size())) sum = sum << 8 | static_cast<unsigned char>(c);
    if (parquet::crc32(out) != sum) damaged("the checksum of a block is wrong");
}

void unzstd(std::string_view bytes, std::string& out) {
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> state{ZSTD_createDCtx(), &ZSTD_freeDCtx};
    if (!state) throw std::bad_alloc{};
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    std::size_t used = 0;
    for (std::size_t result = 1; result != 0 || in.pos < in.size;) {
        if (out.size() - used < 64 << 10) out.resize(std::max<std::size_t>(1 << 20, out.size() * 2));
        if (out.size() > block_bytes_max * 2) too_large();
        ZSTD_outBuffer to{out.data(), out.size(), used};
        result = ZSTD_decompressStream(state.get(), &to, &in);
        if (ZSTD_isError(result) || (result != 0 && in.pos == in.size && to.pos < to.size)) damaged("a block cannot be decompressed");
        used = to.pos;
    }
    out.resize(used);
}

/// The blocks of a container.
class Container {
public:
    explicit Container(Source& source) : source_{source} {
        std::string head(std::min<std::uint64_t>(source.size(), header_bytes_max), '\0');
        head.resize(source.read(0, head));
        Bytes in{head};
        if (in.take(std::min<std::size_t>(head.size(), magic.size())) != magic) damaged("it does not begin as Avro does");
        for (auto count = in.number(); count != 0; count = in.number()) {
            if (count < 0) in.number();
            for (auto left = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count); left > 0; --left) {
                const auto key = in.text(), value = in.text();
                if (key == "avro.schema") schema_text_ = value;
                if (key == "avro.codec") codec_ = codec_of(value);
            }
        }
        sync_ = in.take(sync_bytes);
        at_ = head.size() - in.left();
        if (schema_text_.empty()) damaged("it has no schema");
    }

    const std::string& schema() const { return schema_text_; }
    std::uint64_t at() const { return at_; }

    /// The next block into `bytes`; how many values it holds, nothing at the end.
    std::optional<std::uint64_t> next(std::string& bytes) {
        if (at_ >= source_.size()) return std::nullopt;
        std::array<char, 20> head{};
        Bytes in{{head.data(), source_.read(at_, head)}};
        const auto before = in.left();
        const auto count = in.length(), size = in.length();
        if (size > block_bytes_max) too_large();
        at_ += before - in.left();
        if (size + sync_bytes > source_.size() - at_) damaged("it ends too early");
        packed_.resize(size + sync_bytes);
        if (source_.read(at_, packed_) != packed_.size()) damaged("it ends too early");
        at_ += packed_.size();
        const std::string_view packed{packed_.data(), size};
        if (std::string_view{packed_}.substr(size) != sync_) damaged("a block does not end where it should");
        unpack(packed, bytes);
        return count;
    }

private:
    void unpack(std::string_view packed, std::string& bytes) const {
        switch (codec_) {
            case Codec::none: bytes = packed; return;
            case Codec::deflate: return inflate_block(packed, bytes);
            case Codec::snappy: return unsnappy(packed, bytes);
            case Codec::zstd: return unzstd(packed, bytes);
        }
    }

    Source& source_;
    std::string schema_text_, sync_, packed_;
    Codec codec_ = Codec::none;
    std::uint64_t at_ = 0;
};

class Reader final : public TableReader {
public:
    Reader(Source& source, const ReadOptions& options)
        : source_{source}, options_{options}, container_{source}, schema_{container_.schema()}, values_{options.record_bytes_max} {
        const auto& root = schema_.root();
        if (root.kind != Kind::record) names_ = {"value"};
        else names_ = root.names;
        if (names_.empty()) throw Error{Code::no_rows};
        if (names_.size() > options.columns_max) throw Error{Code::too_many_columns, {{"limit", std::to_string(options.columns_max)}}};
    }

    const std::vector<std::string>& names() const override { return names_; }
    bool has_header() const override { return schema_.root().kind == Kind::record; }
    const ReadReport& report() const override { return report_; }

    bool next(TextBatch& batch) override {
        batch.columns = names_.size();
        batch.rows = 0;
        batch.first_row = report_.rows_out;
        batch.cells.clear();
        texts_.clear();
        for (std::size_t bytes = 0; batch.rows < batch_rows && (batch.rows == 0 || bytes < batch_bytes) && has_row();) bytes += append_row(batch);
        batch.bytes_consumed = batch.rows == 0 ? source_.size() : container_.at();
        if (batch.rows == 0) finish();
        return batch.rows > 0;
    }

private:
    bool has_row() {
        while (left_ == 0) {
            if (rest_.left() > 0) damaged("a block holds more than its values");
            const auto count = container_.next(block_);
            if (!count) return false;
            left_ = *count;
            rest_ = Bytes{block_};
            if (block_.empty() && left_ > empty_rows_max) damaged("a block claims too many values");
        }
        return true;
    }

    std::size_t append_row(TextBatch& batch) {
        const auto& root = schema_.root();
        const auto before = rest_.left();
        ++report_.rows_in;
        values_.begin_row();
        std::size_t bytes = 0;
        if (root.kind != Kind::record) bytes = append_cell(root, batch);
        else for (const auto* part : root.parts) bytes += append_cell(*part, batch);
        if (bytes > options_.record_bytes_max) {
            throw Error{Code::line_too_long, {{"line", std::to_string(report_.rows_in)}, {"limit", std::to_string(options_.record_bytes_max)}}};
        }
        if (--left_ > empty_rows_max && before == rest_.left()) damaged("a block claims too many values");
        end_row(batch, texts_, report_, options_);
        return bytes;
    }

    std::size_t append_cell(const Shape& shape, TextBatch& batch) {
        text_.clear();
        const auto was = values_.append_cell(shape, rest_, text_);
        const auto kept = texts_.keep(text_);
        batch.cells.push_back(was == Was::null ? Cell{} : Cell{kept.data(), static_cast<std::uint32_t>(kept.size()), was == Was::text});
        return kept.size();
    }

    void finish() {
        report_.bytes = source_.size();
        report_.dialect = {{"format", "avro"}};
        for (const auto& field : options_.dialect) report_.warnings.push_back("an Avro file has no " + std::string{field.key()});
    }

    Source& source_;
    ReadOptions options_;
    Container container_;
    Schema schema_;
    ValueText values_;
    std::vector<std::string> names_;
    std::string block_, text_;
    Bytes rest_{{}};           ///< of the block
    std::uint64_t left_ = 0;   ///< values of the block
    ReadReport report_;
    Arena texts_;
};

struct Avro final : Format {
    std::string_view name() const override { return "avro"; }
    std::string_view media_type() const override { return "application/vnd.apache.avro"; }
    std::span<const std::string_view> extensions() const override {
        static constexpr std::array<std::string_view, 1> known = {"avro"};
        return known;
    }
    double recognise(std::string_view head, std::uint64_t, std::string_view) const override { return head.starts_with(magic) ? 1 : 0; }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions& options) const override {
        if (options.table != 0) throw Error{Code::invalid_parameter, {{"name", "table"}, {"why", "the file has 1 tables, counted from 0"}}};
        return std::make_unique<Reader>(source, options);
    }
};

}  // namespace

const Format& format() {
    static const Avro avro;
    return avro;
}

}  // namespace millrace::formats::avro
