#include "formats/parquet/compression.hpp"

#include <snappy.h>
#include <zstd.h>

namespace millrace::formats::parquet {

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
        default: unsupported("a codec other than zstd, snappy or none");
    }
}

}  // namespace millrace::formats::parquet
