#include "formats/csv/detail/tokenizer.hpp"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace millrace::formats::csv {
namespace {

#if defined(__x86_64__)

namespace avx2 {
#define KERNEL_TARGET __attribute__((target("avx2,pclmul,popcnt,bmi")))
struct Block {
    __m256i low, high;
    KERNEL_TARGET explicit Block(const char* at)
        : low{_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))},
          high{_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32))} {}
    KERNEL_TARGET std::uint64_t equal(char c) const {
        const __m256i wanted = _mm256_set1_epi8(c);
        const auto a = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)));
        const auto b = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)));
        return a | static_cast<std::uint64_t>(b) << 32;
    }
};
KERNEL_TARGET inline std::uint64_t prefix_xor(std::uint64_t bits) {
    const __m128i ones = _mm_set1_epi8('\xff');
    const __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(bits)), ones, 0);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
}
#include "formats/csv/detail/tokenizer_kernel.inc"
#undef KERNEL_TARGET
}  // namespace avx2

namespace sse42 {
#define KERNEL_TARGET __attribute__((target("sse4.2,pclmul,popcnt")))
struct Block {
    __m128i parts[4];  // std::array would drop the attributes of the type
    KERNEL_TARGET explicit Block(const char* at) {
        for (std::size_t i = 0; i < 4; ++i) parts[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * i));
    }
    KERNEL_TARGET std::uint64_t equal(char c) const {
        const __m128i wanted = _mm_set1_epi8(c);
        std::uint64_t mask = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            const auto part = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(parts[i], wanted)));
            mask |= static_cast<std::uint64_t>(part) << (16 * i);
        }
        return mask;
    }
};
KERNEL_TARGET inline std::uint64_t prefix_xor(std::uint64_t bits) {
    const __m128i ones = _mm_set1_epi8('\xff');
    const __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(bits)), ones, 0);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
}
#include "formats/csv/detail/tokenizer_kernel.inc"
#undef KERNEL_TARGET
}  // namespace sse42

#endif

namespace scalar {
#define KERNEL_TARGET
struct Block {
    const char* at;
    explicit Block(const char* text) : at{text} {}
    /// Eight bytes at a time: a byte equal to `c` becomes zero by the exclusive or, and zero bytes become one bit each.
    std::uint64_t equal(char c) const {
        constexpr std::uint64_t low_bits = 0x7f7f7f7f7f7f7f7f;
        const std::uint64_t wanted = 0x0101010101010101 * static_cast<unsigned char>(c);
        std::uint64_t mask = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            std::uint64_t word = 0;
            std::memcpy(&word, at + 8 * i, 8);
            word ^= wanted;
            const std::uint64_t zero = ~(((word & low_bits) + low_bits) | word | low_bits) >> 7;
            mask |= ((zero * 0x0102040810204080) >> 56) << (8 * i);
        }
        return mask;
    }
};
inline std::uint64_t prefix_xor(std::uint64_t bits) {
    for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
    return bits;
}
#include "formats/csv/detail/tokenizer_kernel.inc"
#undef KERNEL_TARGET
}  // namespace scalar

using IndexCells = std::size_t (*)(const char*, std::size_t, const Marks&, CellIndex&);
using CountLineEnds = std::uint64_t (*)(const char*, std::size_t);
struct Implementation {
    std::string_view name;
    bool here = false;
    IndexCells index = nullptr;
    CountLineEnds count = nullptr;
};

const std::array<Implementation, 3>& implementations() {
    static const std::array<Implementation, 3> all = {{
#if defined(__x86_64__)
        {"avx2", __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi"),
         avx2::index_cells, avx2::count_line_ends},
        {"sse4.2", __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"), sse42::index_cells,
         sse42::count_line_ends},
#else
        {"avx2"},
        {"sse4.2"},
#endif
        {"scalar", true, scalar::index_cells, scalar::count_line_ends},
    }};
    return all;
}

const Implementation& best() {
    static const Implementation& chosen = [&]() -> const Implementation& {
        for (const auto& one : implementations()) {
            if (one.here) return one;
        }
        return implementations().back();
    }();
    return chosen;
}

void prepare(std::size_t size, CellIndex& out) {
    // Every byte may be a mark, and flatten() writes up to seven entries too many.
    if (out.cell_ends.size() < size + 16) out.cell_ends.resize(size + 16);
    if (out.row_ends.size() < size + 16) out.row_ends.resize(size + 16);
}

}  // namespace

std::size_t index_cells(std::string_view text, const Marks& marks, CellIndex& out) {
    prepare(text.size(), out);
    return best().index(text.data(), text.size(), marks, out);
}

std::uint64_t count_line_ends(std::string_view text) { return best().count(text.data(), text.size()); }

std::span<const std::string_view> tokenizers() {
    static constexpr std::array<std::string_view, 3> names = {"avx2", "sse4.2", "scalar"};
    return names;
}

bool index_cells_with(std::string_view instruction_set, std::string_view text, const Marks& marks, CellIndex& out,
                      std::size_t& covered) {
    for (const auto& one : implementations()) {
        if (one.name != instruction_set || !one.here) continue;
        prepare(text.size(), out);
        covered = one.index(text.data(), text.size(), marks, out);
        return true;
    }
    return false;
}

}  // namespace millrace::formats::csv
