#include <zlib.h>
#include <zstd.h>

#include "base/error.hpp"
#include "formats/output.hpp"

namespace millrace::formats {
namespace {

constexpr int gzip_level = 6;
constexpr int zstd_level = 3;

}  // namespace

struct CompressedSink::State {
    Sink& sink;
    const Compression compression;
    std::string block{};
    z_stream gzip{};
    ZSTD_CStream* zstd = nullptr;

    void deflate_all(std::string_view bytes, int flush) {
        gzip.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
        gzip.avail_in = static_cast<uInt>(bytes.size());
        int result = Z_OK;
        do {
            gzip.next_out = reinterpret_cast<Bytef*>(block.data());
            gzip.avail_out = static_cast<uInt>(block.size());
            result = deflate(&gzip, flush);
            if (const auto made = block.size() - gzip.avail_out; made > 0) sink.write({block.data(), made});
        } while (flush == Z_FINISH ? result != Z_STREAM_END : gzip.avail_in > 0 || gzip.avail_out == 0);
    }

    void zstd_all(std::string_view bytes, ZSTD_EndDirective end) {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        while (true) {
            ZSTD_outBuffer out{block.data(), block.size(), 0};
            const auto left = ZSTD_compressStream2(zstd, &out, &in, end);
            if (ZSTD_isError(left)) throw Error{Code::internal, {{"why", ZSTD_getErrorName(left)}}};
            if (out.pos > 0) sink.write({block.data(), out.pos});
            if (end == ZSTD_e_end ? left == 0 : in.pos == in.size) return;
        }
    }
};

CompressedSink::CompressedSink(Sink& sink, Compression compression) : state_{new State{sink, compression}} {
    auto& s = *state_;
    if (compression == Compression::none) return;
    s.block.resize(128u << 10);
    constexpr int with_gzip_header = 16 + 15;
    if (compression == Compression::gzip && deflateInit2(&s.gzip, gzip_level, Z_DEFLATED, with_gzip_header, 9, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc{};
    if (compression == Compression::zstd) {
        s.zstd = ZSTD_createCStream();
        if (!s.zstd) throw std::bad_alloc{};
        ZSTD_CCtx_setParameter(s.zstd, ZSTD_c_compressionLevel, zstd_level);
        ZSTD_CCtx_setParameter(s.zstd, ZSTD_c_checksumFlag, 1);
    }
}

CompressedSink::~CompressedSink() {
    if (state_->compression == Compression::gzip) deflateEnd(&state_->gzip);
    ZSTD_freeCStream(state_->zstd);
}

void CompressedSink::write(std::string_view bytes) {
    constexpr std::size_t piece = 1u << 30;  // zlib counts in 32 bits
    for (; bytes.size() > piece; bytes.remove_prefix(piece)) write(bytes.substr(0, piece));
    if (bytes.empty()) return;
    switch (state_->compression) {
        case Compression::none: return state_->sink.write(bytes);
        case Compression::gzip: return state_->deflate_all(bytes, Z_NO_FLUSH);
        case Compression::zstd: return state_->zstd_all(bytes, ZSTD_e_continue);
    }
}

void CompressedSink::finish() {
    if (state_->compression == Compression::gzip) state_->deflate_all({}, Z_FINISH);
    if (state_->compression == Compression::zstd) state_->zstd_all({}, ZSTD_e_end);
}

}  // namespace millrace::formats
