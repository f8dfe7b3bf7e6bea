#include <algorithm>
#include <set>

#include "documents/extraction.hpp"
#include "formats/sheet/recognise.hpp"

namespace millrace::documents {
namespace {

namespace sheet = formats::sheet;

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

/// Letters and slides. Workbooks have the same frame, and are tables.
bool is_office(std::string_view head, std::string_view filename) {
    if (!sheet::is_zip(head)) return false;
    const auto type = sheet::media_type_inside(head);
    if (!type.empty()) return type.find("opendocument.text") != type.npos || type.find("opendocument.presentation") != type.npos;
    if (sheet::has_entry(head, "word/") || sheet::has_entry(head, "ppt/")) return true;
    static constexpr std::string_view known[] = {"docx", "docm", "dotx", "pptx", "pptm", "ppsx"};
    return sheet::has_extension(filename, known) && !sheet::has_entry(head, "xl/");
}

constexpr std::string_view heads_of_messages[] = {"from", "to", "cc", "subject", "date", "message-id", "mime-version", "received", "return-path", "delivered-to", "content-type", "reply-to"};

std::string_view first_line(std::string_view text) {
    auto line = text.substr(0, std::min(text.find('\n'), text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// The name in front of the colon of a line, folded; empty where there is none.
std::string name_of(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == line.npos || colon == 0 || colon > 70) return {};
    std::string name{line.substr(0, colon)};
    for (char& c : name) {
        if (c <= ' ' || c > '~') return {};
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return name;
}

}  // namespace

bool is_mail(std::string_view head) {
    if (head.starts_with("From ")) head.remove_prefix(std::min(head.size(), head.find('\n') + 1));
    std::set<std::string, std::less<>> found;
    for (bool is_first = true; !head.empty(); is_first = false) {
        const auto line = first_line(head);
        if (line.empty()) break;
        const bool goes_on = !is_first && (line[0] == ' ' || line[0] == '\t');
        auto name = goes_on ? std::string{} : name_of(line);
        if (!goes_on && name.empty()) return false;
        if (std::ranges::find(heads_of_messages, name) != std::end(heads_of_messages)) found.insert(std::move(name));
        head.remove_prefix(std::min(head.size(), line.size() + 1 + (head.substr(line.size()).starts_with('\r') ? 1 : 0)));
    }
    return found.size() >= 3 && (found.contains("from") || found.contains("received"));
}

bool is_extracted(std::string_view head, std::string_view filename) {
    return head.substr(0, 1024).find("%PDF-") != head.npos || is_simple_picture(head) || is_office(head, filename) || is_mail(head) ||
           std::ranges::any_of(signatures, [&](const Signature& known) { return starts(head, known); });
}

}  // namespace millrace::documents
