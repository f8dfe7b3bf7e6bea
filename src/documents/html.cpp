#include "documents/html.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>

namespace millrace::documents {
namespace {

constexpr std::size_t attribute_bytes_max = 4096;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

std::string lowered(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

void append_utf8(std::string& out, std::uint32_t point) {
    if (point == 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) point = 0xfffd;
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xc0 | point >> 6);
        out += static_cast<char>(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        out += static_cast<char>(0xe0 | point >> 12);
        out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (point & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | point >> 18);
        out += static_cast<char>(0x80 | (point >> 12 & 0x3f));
        out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (point & 0x3f));
    }
}

/// The names that pages of business use; any other stays as it is written.
std::optional<std::uint32_t> named(std::string_view name) {
    static const std::map<std::string_view, std::uint32_t> names{
        {"amp", '&'},      {"lt", '<'},       {"gt", '>'},       {"quot", '"'},     {"apos", '\''},    {"nbsp", 0xa0},    {"euro", 0x20ac},
        {"pound", 0xa3},   {"cent", 0xa2},    {"yen", 0xa5},     {"copy", 0xa9},    {"reg", 0xae},     {"trade", 0x2122}, {"deg", 0xb0},
        {"sect", 0xa7},    {"para", 0xb6},    {"middot", 0xb7},  {"bull", 0x2022},  {"hellip", 0x2026}, {"ndash", 0x2013}, {"mdash", 0x2014},
        {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201c}, {"rdquo", 0x201d}, {"sbquo", 0x201a}, {"bdquo", 0x201e}, {"laquo", 0xab},
        {"raquo", 0xbb},   {"times", 0xd7},   {"divide", 0xf7},  {"plusmn", 0xb1},  {"frac12", 0xbd},  {"frac14", 0xbc},  {"frac34", 0xbe},
        {"sup2", 0xb2},    {"sup3", 0xb3},    {"micro", 0xb5},   {"szlig", 0xdf},   {"auml", 0xe4},    {"ouml", 0xf6},    {"uuml", 0xfc},
        {"Auml", 0xc4},    {"Ouml", 0xd6},    {"Uuml", 0xdc},    {"euml", 0xeb},    {"iuml", 0xef},    {"eacute", 0xe9},  {"egrave", 0xe8},
        {"ecirc", 0xea},   {"aacute", 0xe1},  {"agrave", 0xe0},  {"acirc", 0xe2},   {"aring", 0xe5},   {"ccedil", 0xe7},  {"iacute", 0xed},
        {"oacute", 0xf3},  {"ocirc", 0xf4},   {"uacute", 0xfa},  {"ntilde", 0xf1},  {"oslash", 0xf8},  {"aelig", 0xe6},   {"shy", 0xad}};
    const auto at = names.find(name);
    if (at == names.end()) return std::nullopt;
    return at->second;
}

/// Appends what "&...;" at the begin of `text` stands for; answers how many bytes that was, 0 for none.
std::size_t append_reference(std::string& out, std::string_view text) {
    const auto end = text.substr(0, 40).find(';');
    if (end == text.npos || end < 2) return 0;
    auto name = text.substr(1, end - 1);
    if (name[0] != '#') {
        const auto point = named(name);
        if (!point) return 0;
        append_utf8(out, *point);
        return end + 1;
    }
    name.remove_prefix(1);
    const bool hex = !name.empty() && lower(name[0]) == 'x';
    if (hex) name.remove_prefix(1);
    if (name.empty() || name.size() > 8) return 0;
    std::uint32_t point = 0;
    for (const char c : name) {
        const char l = lower(c);
        const int digit = c >= '0' && c <= '9' ? c - '0' : hex && l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
        if (digit < 0) return 0;
        point = point * (hex ? 16 : 10) + static_cast<std::uint32_t>(digit);
        if (point > 0x10ffff) point = 0x110000;
    }
    append_utf8(out, point);
    return end + 1;
}

std::string decoded(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto used = text[0] == '&' ? append_reference(out, text) : 0;
        if (used == 0) out += text[0];
        text.remove_prefix(std::max<std::size_t>(used, 1));
    }
    return out;
}

struct Tag {
    std::string name;  ///< lower case, with "/" in front where it ends an element
    std::map<std::string, std::string> attributes;
    bool empty = false;  ///< "<br/>"
};

class Reader {
public:
    explicit Reader(std::string_view html) : rest_{html} {}

    WebPage read() {
        while (!rest_.empty()) {
            if (rest_[0] == '<' && markup()) continue;
            character();
        }
        end_line();
        while (page_.text.ends_with('\n')) page_.text.pop_back();
        if (!page_.text.empty()) page_.text += '\n';
        page_.title = trimmed(page_.title);
        return std::move(page_);
    }

private:
    static std::string trimmed(std::string_view text) {
        std::string out;
        for (const char c : text) {
            if (!is_space(c)) out += c;
            else if (!out.empty() && out.back() != ' ') out += ' ';
        }
        while (!out.empty() && out.back() == ' ') out.pop_back();
        return out;
    }

    /// True when something was taken that is no text.
    bool markup() {
        if (rest_.starts_with("<!--")) return skip_past("-->", 4);
        if (rest_.starts_with("<!") || rest_.starts_with("<?")) return skip_past(">", 2);
        const bool ends = rest_.starts_with("</");
        const std::size_t at = ends ? 2 : 1;
        if (rest_.size() <= at || !is_letter(rest_[at])) return false;
        rest_.remove_prefix(at);
        act(tag(ends));
        return true;
    }

    bool skip_past(std::string_view end, std::size_t from) {
        const auto at = rest_.find(end, from);
        rest_ = at == rest_.npos ? std::string_view{} : rest_.substr(at + end.size());
        return true;
    }

    Tag tag(bool ends) {
        Tag tag;
        std::size_t at = 0;
        while (at < rest_.size() && !is_space(rest_[at]) && rest_[at] != '>' && rest_[at] != '/') ++at;
        tag.name = (ends ? "/" : "") + lowered(rest_.substr(0, std::min<std::size_t>(at, 64)));
        rest_.remove_prefix(at);
        while (attribute(tag)) {
        }
        return tag;
    }

    /// False at the end of the tag, which is taken.
    bool attribute(Tag& tag) {
        while (!rest_.empty() && (is_space(rest_[0]) || rest_[0] == '/')) {
            tag.empty = rest_[0] == '/';
            rest_.remove_prefix(1);
        }
        if (rest_.empty()) return false;
        if (rest_[0] == '>') {
            rest_.remove_prefix(1);
            return false;
        }
        std::size_t at = 1;
        while (at < rest_.size() && !is_space(rest_[at]) && rest_[at] != '=' && rest_[at] != '>' && rest_[at] != '/') ++at;
        auto name = lowered(rest_.substr(0, std::min(at, attribute_bytes_max)));
        rest_.remove_prefix(at);
        tag.attributes.try_emplace(std::move(name), decoded(value()));
        return true;
    }

    std::string_view value() {
        std::size_t at = 0;
        while (at < rest_.size() && is_space(rest_[at])) ++at;
        if (at == rest_.size() || rest_[at] != '=') return {};
        rest_.remove_prefix(at + 1);
        while (!rest_.empty() && is_space(rest_[0])) rest_.remove_prefix(1);
        if (rest_.empty()) return {};
        std::string_view text;
        if (const char quote = rest_[0]; quote == '"' || quote == '\'') {
            const auto end = rest_.find(quote, 1);
            text = rest_.substr(1, end == rest_.npos ? rest_.npos : end - 1);
            rest_ = end == rest_.npos ? std::string_view{} : rest_.substr(end + 1);
        } else {
            std::size_t end = 0;
            while (end < rest_.size() && !is_space(rest_[end]) && rest_[end] != '>') ++end;
            text = rest_.substr(0, end);
            rest_.remove_prefix(end);
        }
        return text.substr(0, attribute_bytes_max);
    }

    void act(const Tag& tag) {
        static constexpr std::array<std::string_view, 7> unseen{"script", "style", "template", "noscript", "svg", "iframe", "select"};
        static constexpr std::array<std::string_view, 31> blocks{
            "address", "article", "aside", "blockquote", "body", "br", "caption", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
            "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "p", "section", "tr", "table"};
        const auto name = std::string_view{tag.name}.substr(tag.name[0] == '/' ? 1 : 0);
        if (tag.name == "title") return title();
        if (std::ranges::find(unseen, tag.name) != unseen.end() && !tag.empty) return skip_element(tag.name);
        if (tag.name == "html") page_.language = attribute_of(tag, "lang");
        if (tag.name == "meta" && lowered(attribute_of(tag, "name")) == "description") page_.description = trimmed(attribute_of(tag, "content"));
        if (tag.attributes.contains("hidden") && tag.name[0] != '/' && !tag.empty) return skip_element(tag.name);
        if (tag.name == "pre" || tag.name == "textarea") pre_ = true;
        if (tag.name == "/pre" || tag.name == "/textarea") pre_ = false;
        if (tag.name == "td" || tag.name == "th") return end_cell();
        if (std::ranges::find(blocks, name) != blocks.end() || name == "pre" || name == "ul" || name == "ol" || name == "title") end_line();
    }

    static std::string attribute_of(const Tag& tag, const std::string& name) {
        const auto at = tag.attributes.find(name);
        return at == tag.attributes.end() ? std::string{} : at->second;
    }

    void title() {
        const auto end = find_end("title");
        if (page_.title.empty()) page_.title = decoded(rest_.substr(0, end));
        rest_.remove_prefix(std::min(end, rest_.size()));
    }

    /// To its end tag, of the same name and as deep; what it contains is not looked at.
    void skip_element(std::string_view name) {
        for (std::size_t depth = 1; depth > 0 && !rest_.empty();) {
            const auto at = rest_.find('<');
            if (at == rest_.npos) return rest_ = {}, void();
            rest_.remove_prefix(at + 1);
            const bool ends = rest_.starts_with('/');
            const auto after = rest_.substr(ends ? 1 : 0);
            if (after.size() <= name.size() || lowered(after.substr(0, name.size())) != name) continue;
            if (const char c = after[name.size()]; !is_space(c) && c != '>' && c != '/') continue;
            if (ends) --depth;
            else if (name != "script" && name != "style") ++depth;  // those two hold text only
            const auto close = rest_.find('>');
            rest_ = close == rest_.npos ? std::string_view{} : rest_.substr(close + 1);
        }
    }

    std::size_t find_end(std::string_view name) const {
        for (auto at = rest_.find("</"); at != rest_.npos; at = rest_.find("</", at + 2)) {
            if (lowered(rest_.substr(at + 2, name.size())) == name) return at;
        }
        return rest_.size();
    }

    void character() {
        const auto used = rest_[0] == '&' ? append_reference(word_, rest_) : 0;
        if (used > 0) {
            rest_.remove_prefix(used);
            return;
        }
        const char c = rest_[0];
        rest_.remove_prefix(1);
        if (!is_space(c)) {
            word_ += c;
        } else if (pre_) {
            end_word();
            if (c != '\r') line_ += c;
        } else {
            end_word();
        }
    }

    void end_word() {
        if (word_.empty()) return;
        if (!line_.empty() && !is_space(line_.back())) line_ += ' ';
        line_ += word_;
        word_.clear();
    }

    void end_cell() {
        end_word();
        if (!line_.empty() && line_.back() != '\t') line_ += '\t';
    }

    void end_line() {
        end_word();
        while (!line_.empty() && is_space(line_.back())) line_.pop_back();
        if (!line_.empty()) page_.text += line_ + '\n';
        line_.clear();
    }

    std::string_view rest_;
    WebPage page_;
    std::string line_, word_;
    bool pre_ = false;
};

}  // namespace

WebPage read_html(std::string_view html) { return Reader{html}.read(); }

bool is_html(std::string_view head) {
    const auto text = lowered(head.substr(0, 4096));
    auto at = text.find_first_not_of(" \t\r\n\f\xef\xbb\xbf");
    while (at != text.npos && text.compare(at, 4, "<!--") == 0) {
        at = text.find("-->", at);
        if (at != text.npos) at = text.find_first_not_of(" \t\r\n\f", at + 3);
    }
    if (at == text.npos) return false;
    for (const std::string_view begin : {"<!doctype html", "<html", "<head", "<body", "<title"}) {
        if (text.compare(at, begin.size(), begin) == 0) return true;
    }
    return false;
}

}  // namespace millrace::documents
