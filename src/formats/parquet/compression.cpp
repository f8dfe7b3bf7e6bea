#include "formats/parquet/compression.hpp"

#include <brotli/decode.h>
#include <lz4.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <cstring>
#include <span>

namespace millrace::formats::parquet {

namespace {

[[noreturn]] void unreadable() { damaged("a page cannot be decompressed"); }

/// gzip members after each other, or a bare zlib stream as some writers make.
void inflate_page(std::string_view bytes, std::string& out) {
    z_stream stream{};
    constexpr int either_head = 32 + 15;
    if (inflateInit2(&stream, either_head) != Z_OK) throw std::bad_alloc{};
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> end{&stream, &inflateEnd};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    for (;;) {
        if (inflate(&stream, Z_FINISH) != Z_STREAM_END) unreadable();
        if (stream.avail_in == 0) break;
        if (inflateReset(&stream) != Z_OK) unreadable();
    }
    if (stream.avail_out != 0) unreadable();
}

bool unlz4(std::string_view bytes, std::span<char> out) {
    return LZ4_decompress_safe(bytes.data(), out.data(), static_cast<int>(bytes.size()), static_cast<int>(out.size())) == static_cast<int>(out.size());
}

/// What Hadoop made of LZ4: blocks, each behind its two sizes (big endian). Others wrote bare blocks under the same name.
bool unlz4_hadoop(std::string_view bytes, std::span<char> out) {
    const auto size_at = [](std::string_view at) {
        std::uint32_t size = 0;
        std::memcpy(&size, at.data(), 4);
        return __builtin_bswap32(size);
    };
    while (!bytes.empty()) {
        if (bytes.size() < 8) return false;
        const auto unpacked = size_at(bytes), packed = size_at(bytes.substr(4));
        bytes.remove_prefix(8);
        if (packed > bytes.size() || unpacked > out.size() || !unlz4(bytes.substr(0, packed), out.first(unpacked))) return false;
        bytes.remove_prefix(packed);
        out = out.subspan(unpacked);
    }
    return out.empty();
}

void unbrotli(std::string_view bytes, std::string& out) {
    auto size = out.size();
    const auto result = BrotliDecoderDecompress(bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()), &size, reinterpret_cast<std::uint8_t*>(out.data()));
    if (result != BROTLI_DECODER_RESULT_SUCCESS || size != out.size()) unreadable();
}

}  // namespace

struct Compressor::State {
    std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> compress{nullptr, &ZSTD_freeCCtx};
    std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> decompress{nullptr, &ZSTD_freeDCtx};
};

Compressor::Compressor() : state_{std::make_unique<State>()} {}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

void Compressor::compress(Codec codec, int level, std::string_view bytes, std::string& out) {
    const auto start = out.size();
    switch (codec) {
        case Codec::none: out += bytes; return;
        case Codec::snappy: {
            out.resize(start + snappy::MaxCompressedLength(bytes.size()));
            std::size_t size = 0;
            snappy::RawCompress(bytes.data(), bytes.size(), out.data() + start, &size);
            out.resize(start + size);
            return;
        }
        case Codec::zstd: {
            if (!state_->compress) state_->compress.reset(ZSTD_createCCtx());
            out.resize(start + ZSTD_compressBound(bytes.size()));
            const auto size = ZSTD_compressCCtx(state_->compress.get(), out.data() + start, out.size() - start,
                                                bytes.data(), bytes.size(), level);
            if (ZSTD_isError(size)) throw Error{Code::internal, {{"why", ZSTD_getErrorName(size)}}};
            out.resize(start + size);
            return;
        }
        default: unsupported("a codec other than zstd, snappy or none");
    }
}

void Compressor::decompress(Codec codec, std::string_view bytes, std::size_t size, std::string& out) {
    switch (codec) {
        case Codec::none:
            if (bytes.size() != size) damaged("a page has another size than its header says");
            out = bytes;
            return;
        case Codec::snappy: {
            std::size_t have = 0;
            if (!snappy::GetUncompressedLength(bytes.data(), bytes.size(), &have) || have != size) {
                damaged("a page has another size than its header says");
            }
            out.resize(size);
            if (!snappy::RawUncompress(bytes.data(), bytes.size(), out.data())) damaged("a page cannot be decompressed");
            return;
        }
        case Codec::zstd: {
            if (!state_->decompress) state_->decompress.reset(ZSTD_createDCtx());
            out.resize(size);
            const auto have =
                ZSTD_decompressDCtx(state_->decompress.get(), out.data(), size, bytes.data(), bytes.size());
            if (ZSTD_isError(have) || have != size) damaged("a page cannot be decompressed");
            return;
        }
        case Codec::gzip: out.resize(size); return inflate_page(bytes, out);
        case Codec::brotli: out.resize(size); return unbrotli(bytes, out);
        case Codec::lz4_raw:
            out.resize(size);
            if (!unlz4(bytes, out)) unreadable();
            return;
        case Codec::lz4:
            out.resize(size);
            if (!unlz4_hadoop(bytes, out) && !unlz4(bytes, out)) unreadable();
            return;
        default: unsupported("an unusual codec");
    }
}

}  // namespace millrace::formats::parquet
