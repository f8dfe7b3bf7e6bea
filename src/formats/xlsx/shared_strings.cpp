#include "formats/xlsx/detail/shared_strings.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/error.hpp"

namespace millrace::formats::xlsx {

/// Collects the text of each item: of its runs, not of its phonetic guide.
struct SharedStringsHandler final : sheet::XmlHandler {
    SharedStrings& strings;
    std::uint64_t begin = 0;
    int phonetic = 0;
    bool in_item = false;
    bool in_text = false;

    explicit SharedStringsHandler(SharedStrings& s) : strings{s} {}
    void start(std::string_view name, const sheet::Attributes&) override {
        if (name == "si") in_item = true, begin = strings.used_;
        else if (name == "rPh") ++phonetic;
        else if (name == "t") in_text = in_item && phonetic == 0;
    }
    void end(std::string_view name) override {
        if (name == "t") {
            in_text = false;
        } else if (name == "rPh") {
            --phonetic;
        } else if (name == "si" && in_item) {
            strings.used_ = begin + undo_escapes(strings.text_.get() + begin, strings.used_ - begin);
            strings.ends_.push_back(static_cast<std::uint32_t>(strings.used_));
            in_item = false;
        }
    }
    void text(std::string_view text) override {
        if (in_text) strings.append(text);
    }
};

SharedStrings::SharedStrings(sheet::ByteStream& bytes, std::uint64_t bytes_hint) {
    // Text in a one-byte encoding becomes at most twice as long, in UTF-16 less.
    capacity_ = std::min(bytes_max, std::max<std::uint64_t>(bytes_hint, 1024) * 2);
    text_ = std::make_unique_for_overwrite<char[]>(capacity_);
    SharedStringsHandler handler{*this};
    sheet::XmlReader{bytes, handler}.all();
}

void SharedStrings::append(std::string_view text) {
    if (text.size() > capacity_ - used_) {
        if (capacity_ == bytes_max) {
            throw Error{Code::parser_limits, {{"format", "xlsx"}, {"why", std::to_string(bytes_max) + " bytes of shared strings"}}};
        }
        throw Error{Code::malformed_file, {{"why", "the shared strings are larger than the directory says"}}};
    }
    std::memcpy(text_.get() + used_, text.data(), text.size());
    used_ += text.size();
}

std::size_t undo_escapes(char* text, std::size_t size) {
    constexpr std::size_t escape_bytes = 7;  // _xHHHH_
    const char* const end = text + size;
    auto* found = static_cast<char*>(std::memchr(text, '_', size));
    if (found == nullptr || size < escape_bytes) return size;
    char* out = found;
    for (const char* at = found; at < end;) {
        std::uint32_t code = 0;
        const bool complete = static_cast<std::size_t>(end - at) >= escape_bytes && at[0] == '_' && at[1] == 'x' && at[6] == '_';
        if (complete && std::from_chars(at + 2, at + 6, code, 16).ptr == at + 6 && ((code > 0 && code < 0x20) || code == '_')) {
            *out++ = static_cast<char>(code);
            at += escape_bytes;
        } else {
            *out++ = *at++;
        }
    }
    return static_cast<std::size_t>(out - text);
}

}  // namespace millrace::formats::xlsx
