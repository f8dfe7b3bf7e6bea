#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "formats/format.hpp"
#include "formats/unpack/limits.hpp"

namespace millrace::formats::unpack {

enum class Codec : std::uint8_t { none, gzip, zstd };

/// How a file that starts with `head` is compressed; `none` for most.
Codec codec_of(std::string_view head);
std::string_view name_of(Codec codec);

/// Called between blocks; throws to stop.
using Check = std::function<void()>;

/// Unpacks all of `source`, member by member or frame by frame, into `sink`, in bounded memory. Checksums are checked.
/// Throws Error{malformed_file} for what is damaged or cut off, Error{archive_limits} for what becomes too much.
void decompress(Codec codec, Source& source, Sink& sink, const Limits& limits = {}, const Check& check = {});

/// A file as it is to be read.
struct Plain {
    std::unique_ptr<Source> source;
    std::string filename;     ///< without the endings of what was undone
    std::string compression;  ///< "gzip", "zstd", outermost first; empty when there is none
};

/// A compressed file becomes what is in it, kept in a temporary file as long as the source lives; any other stays what it
/// is. Throws what `decompress` does.
Plain plain(std::unique_ptr<Source> source, std::string filename, const Limits& limits = {}, const Check& check = {});

}  // namespace millrace::formats::unpack
