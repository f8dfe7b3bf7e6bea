#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "formats/parquet/metadata.hpp"

namespace millrace::formats::parquet {

/// Compresses and decompresses pages; keeps the state of the codec between them. For one thread.
class Compressor {
public:
    Compressor();
    ~Compressor();
    Compressor(Compressor&&) noexcept;
    Compressor& operator=(Compressor&&) noexcept;

    /// Appends the compressed form of `bytes`.
    void compress(Codec codec, int level, std::string_view bytes, std::string& out);
    /// Replaces `out` by the decompressed bytes, which must be `size` long. Throws Error{malformed_file |
    /// unsupported_format}.
    void decompress(Codec codec, std::string_view bytes, std::size_t size, std::string& out);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::formats::parquet
