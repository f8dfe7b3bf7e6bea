#include <algorithm>

#include "documents/extraction.hpp"

namespace millrace::documents {
namespace {

struct Signature {
    std::string_view bytes;
    std::size_t offset = 0;
};

constexpr Signature signatures[] = {
    {"\x89PNG\r\n\x1a\n"}, {"\xff\xd8\xff"}, {"GIF87a"}, {"GIF89a"}, {{"II*\0", 4}}, {{"MM\0*", 4}}, {{"II+\0", 4}}, {{"MM\0+", 4}},
    {"WEBP", 8},           {{"\0\0\0\x0cjP  ", 8}},
};

bool starts(std::string_view head, const Signature& signature) { return head.substr(std::min(signature.offset, head.size())).starts_with(signature.bytes); }

/// P1 to P6 and BM are two letters, with which a text may begin as well; what follows tells.
bool is_simple_picture(std::string_view head) {
    if (head.size() < 30) return false;
    if (head[0] == 'P' && head[1] >= '1' && head[1] <= '6') return head[2] == '\n' && (head[3] == '#' || (head[3] >= '0' && head[3] <= '9'));
    return head.starts_with("BM") && head.substr(6, 4) == std::string_view{"\0\0\0\0", 4};
}

}  // namespace

bool is_extracted(std::string_view head, std::string_view) {
    return head.substr(0, 1024).find("%PDF-") != head.npos || is_simple_picture(head) ||
           std::ranges::any_of(signatures, [&](const Signature& known) { return starts(head, known); });
}

}  // namespace millrace::documents
