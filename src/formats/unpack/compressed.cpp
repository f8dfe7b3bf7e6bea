#include "formats/unpack/compressed.hpp"

#include <fmt/format.h>
#include <isa-l.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "formats/detail/spool.hpp"

namespace millrace::formats::unpack {
namespace {

constexpr std::size_t block_bytes = 256u << 10;
constexpr int window_log_max = 27;  ///< 128 MiB: what is kept to unpack the next byte

[[noreturn]] void damaged(std::string_view codec, std::string_view why) {
    throw Error{Code::malformed_file, {{"format", std::string{codec}}, {"why", std::string{why}}}};
}
[[noreturn]] void too_much(std::string why) { throw Error{Code::archive_limits, {{"why", std::move(why)}}}; }

/// The packed bytes, block by block.
class Input {
public:
    explicit Input(Source& source) : source_{source}, block_(block_bytes, '\0') {}

    /// What has not been used, filled up when it is empty; empty only at the end.
    std::string_view left() {
        if (left_.empty()) {
            const auto got = source_.read(at_, block_);
            at_ += got;
            left_ = std::string_view{block_}.substr(0, got);
        }
        return left_;
    }
    void use(std::size_t bytes) { left_.remove_prefix(bytes); }
    std::uint64_t used() const { return at_ - left_.size(); }

private:
    Source& source_;
    std::string block_;
    std::uint64_t at_ = 0;
    std::string_view left_;
};

/// Where the unpacked bytes go, counted.
class Output {
public:
    Output(Sink& sink, const Input& input, const Limits& limits, const Check& check) : sink_{sink}, input_{input}, limits_{limits}, check_{check} {}

    std::span<char> room() { return block_; }
    void wrote(std::size_t bytes) {
        if (bytes == 0) return;
        written_ += bytes;
        unpack::check(limits_, written_, input_.used());
        if (check_) check_();
        sink_.write(std::string_view{block_}.substr(0, bytes));
    }

private:
    Sink& sink_;
    const Input& input_;
    const Limits& limits_;
    const Check& check_;
    std::string block_ = std::string(block_bytes, '\0');
    std::uint64_t written_ = 0;
};

// gzip: members after each other, each with a checksum

/// One member, from its first byte to its last.
void inflate_member(inflate_state& state, Input& input, Output& output) {
    isal_inflate_reset(&state);
    state.crc_flag = ISAL_GZIP;
    do {
        const auto bytes = input.left();
        if (bytes.empty()) damaged("gzip", "it ends too early");
        state.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
        state.avail_in = static_cast<std::uint32_t>(bytes.size());
        do {
            const auto room = output.room();
            state.next_out = reinterpret_cast<std::uint8_t*>(room.data());
            state.avail_out = static_cast<std::uint32_t>(room.size());
            const int result = isal_inflate(&state);
            if (result == ISAL_INCORRECT_CHECKSUM) damaged("gzip", "its checksum is wrong");
            if (result < 0 || result == ISAL_NEED_DICT) damaged("gzip", "it cannot be unpacked");
            output.wrote(room.size() - state.avail_out);
        } while (state.avail_out == 0 && state.block_state != ISAL_BLOCK_FINISH);
        input.use(bytes.size() - state.avail_in);
    } while (state.block_state != ISAL_BLOCK_FINISH);
}

/// Zeros to the end are what a tape or a block device adds; anything else would be lost without a word.
void skip_padding(Input& input) {
    while (!input.left().empty()) {
        if (std::ranges::any_of(input.left(), [](char c) { return c != '\0'; })) damaged("gzip", "bytes stand behind its end");
        input.use(input.left().size());
    }
}

void inflate_all(Input& input, Output& output) {
    const auto state = std::make_unique<inflate_state>();
    isal_inflate_init(state.get());
    do {
        inflate_member(*state, input, output);
    } while (input.left().starts_with('\x1f'));
    skip_padding(input);
}

// zstd: frames after each other

void unzstd_all(Input& input, Output& output) {
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> state{ZSTD_createDCtx(), &ZSTD_freeDCtx};
    if (!state) throw std::bad_alloc{};
    ZSTD_DCtx_setParameter(state.get(), ZSTD_d_windowLogMax, window_log_max);
    bool complete = true;
    for (auto bytes = input.left(); !bytes.empty(); bytes = input.left()) {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        bool full = false;
        do {
            const auto room = output.room();
            ZSTD_outBuffer out{room.data(), room.size(), 0};
            const auto result = ZSTD_decompressStream(state.get(), &out, &in);
            if (ZSTD_isError(result)) {
                if (ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge) too_much("its window is larger than 128 MiB");
                damaged("zstd", "it cannot be unpacked");
            }
            output.wrote(out.pos);
            complete = result == 0;
            full = out.pos == out.size;
        } while (in.pos < in.size || (full && !complete));
        input.use(bytes.size());
    }
    if (!complete) damaged("zstd", "it ends too early");
}

bool is_ending(std::string_view name, std::string_view ending) {
    return name.size() > ending.size() && std::ranges::equal(name.substr(name.size() - ending.size()), ending, [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b;
           });
}

/// "orders.csv" for "orders.csv.gz", "files.tar" for "files.tgz".
std::string inner_name(std::string name) {
    for (const std::string_view ending : {".gz", ".gzip", ".zst", ".zstd"}) {
        if (is_ending(name, ending)) return name.substr(0, name.size() - ending.size());
    }
    for (const std::string_view ending : {".tgz", ".tzst"}) {
        if (is_ending(name, ending)) return name.substr(0, name.size() - ending.size()) + ".tar";
    }
    return name;
}

}  // namespace

void check(const Limits& limits, std::uint64_t unpacked, std::uint64_t packed) {
    if (unpacked > limits.bytes) too_much(fmt::format("it unpacks to more than {} bytes", limits.bytes));
    if (unpacked > limits.ratio_from_bytes && unpacked / limits.ratio > packed) {
        too_much(fmt::format("it is more than {} times larger than it is packed", limits.ratio));
    }
}

Codec codec_of(std::string_view head) {
    if (head.starts_with("\x1f\x8b\x08")) return Codec::gzip;
    if (head.starts_with("\x28\xb5\x2f\xfd")) return Codec::zstd;
    // Frames that are to be skipped may come first; pzstd writes one in front of each.
    const bool skippable = head.size() > 4 && (head[0] & '\xf0') == '\x50' && head.substr(1).starts_with("\x2a\x4d\x18");
    return skippable ? Codec::zstd : Codec::none;
}

std::string_view name_of(Codec codec) {
    switch (codec) {
        case Codec::gzip: return "gzip";
        case Codec::zstd: return "zstd";
        case Codec::none: break;
    }
    return "";
}

void decompress(Codec codec, Source& source, Sink& sink, const Limits& limits, const Check& check) {
    Input input{source};
    Output output{sink, input, limits, check};
    if (codec == Codec::gzip) inflate_all(input, output);
    if (codec == Codec::zstd) unzstd_all(input, output);
}

Plain plain(std::unique_ptr<Source> source, std::string filename, const Limits& limits, const Check& check) {
    Plain found{std::move(source), std::move(filename), {}};
    for (int layers = 0;; ++layers) {
        std::array<char, 8> head{};
        const auto codec = codec_of({head.data(), found.source->read(0, head)});
        if (codec == Codec::none) return found;
        if (layers == limits.layers) too_much(fmt::format("it is compressed more than {} times", limits.layers));
        auto inner = std::make_unique<Spool>();
        decompress(codec, *found.source, *inner, limits, check);
        found.source = std::move(inner);
        found.filename = inner_name(std::move(found.filename));
        found.compression.append(found.compression.empty() ? "" : ", ").append(name_of(codec));
    }
}

}  // namespace millrace::formats::unpack
