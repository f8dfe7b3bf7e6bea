#include <re2/re2.h>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include <algorithm>
#include <memory>

#include "transform/detail/regex.hpp"
#include "transform/detail/text.hpp"
#include "transform/operators/groups.hpp"

namespace millrace::transform {
namespace {

Bound bind_trim(const Site&) {
    return text_to_text([](std::string_view text, Scratch&) { return trim(text); });
}

Bound bind_collapse(const Site&) {
    return text_to_text([](std::string_view text, Scratch& scratch) {
        text = trim(text);
        char* const to = scratch.take(text.size());
        std::size_t size = 0;
        for (std::size_t at = 0; at < text.size();) {
            std::size_t spaces = 0;
            for (std::size_t n; (n = space_at_start(text.substr(at + spaces))) > 0;) spaces += n;
            to[size++] = spaces > 0 ? ' ' : text[at];
            at += spaces > 0 ? spaces : 1;
        }
        scratch.give_back(text.size() - size);
        return std::string_view{to, size};
    });
}

template <Case wanted>
Bound bind_case(const Site&) {
    return text_to_text([](std::string_view text, Scratch& scratch) -> std::string_view {
        if (wanted == Case::title || !is_ascii(text)) return scratch.keep(to_case(text, wanted));
        const auto moves = [](char c) { return wanted == Case::lower ? c >= 'A' && c <= 'Z' : c >= 'a' && c <= 'z'; };
        if (std::ranges::none_of(text, moves)) return text;
        char* const to = scratch.take(text.size());
        std::ranges::transform(text, to, [&](char c) { return static_cast<char>(moves(c) ? c ^ 0x20 : c); });
        return {to, text.size()};
    });
}

Bound bind_replace(const Site& site) {
    auto from = site.text("from");
    if (from.empty()) Site::refuse("there is nothing to look for", 1);
    return {.type = {Kind::text}, .run = [from = std::move(from), to = site.text("to")](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            if (text.find(from) == text.npos) {
                call.out.texts[row] = text;
                return;
            }
            std::string made;
            std::size_t at = 0;
            for (std::size_t found; (found = text.find(from, at)) != text.npos && made.size() <= cell_bytes_max; at = found + from.size()) {
                made += text.substr(at, found - at);
                made += to;
            }
            made += text.substr(at);
            if (made.size() > cell_bytes_max) return call.fail(row, "too_long", text);
            call.out.texts[row] = call.frame.scratch.keep(made);
        });
    }};
}

Bound bind_replace_regex(const Site& site) {
    const auto regex = compile_regex(site.text("pattern"), 1);
    std::string why;
    if (!regex->CheckRewriteString(site.text("to"), &why)) Site::refuse(why, 2);
    return {.type = {Kind::text}, .run = [regex, to = site.text("to")](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            std::string made{text};
            if (RE2::GlobalReplace(&made, *regex, to) == 0) {
                call.out.texts[row] = text;
                return;
            }
            if (made.size() > cell_bytes_max) return call.fail(row, "too_long", text);
            call.out.texts[row] = call.frame.scratch.keep(made);
        });
    }};
}

Bound bind_extract(const Site& site) {
    const auto regex = compile_regex(site.text("pattern"), 1);
    const auto groups = regex->NumberOfCapturingGroups();
    const auto wanted = site.constants.contains("group") ? site.number("group") : std::min(groups, 1);
    if (wanted < 0 || wanted > groups) Site::refuse("the pattern has " + std::to_string(groups) + " groups", 2);
    return {.type = {Kind::text}, .run = [regex, group = static_cast<int>(wanted)](Call& call) {
        std::vector<re2::StringPiece> parts(static_cast<std::size_t>(group) + 1);
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            const bool found = regex->Match({text.data(), text.size()}, 0, text.size(), RE2::UNANCHORED, parts.data(), group + 1);
            if (!found || parts.back().data() == nullptr) return call.out.set_state(row, State::missing);
            call.out.texts[row] = {parts.back().data(), parts.back().size()};
        });
    }};
}

Bound bind_matches(const Site& site) {
    if (const auto fixed = FixedPattern::of(site.text("pattern"))) {
        return text_to_bool([fixed = *fixed](std::string_view text) { return fixed.matches(text); });
    }
    return text_to_bool([regex = compile_regex(site.text("pattern"), 1)](std::string_view text) {
        return RE2::FullMatch({text.data(), text.size()}, *regex);
    });
}

template <bool at_start>
Bound bind_pad(const Site& site) {
    const auto width = site.number("width");
    if (width < 0 || width > 10'000) Site::refuse("a width is a number from 0 to 10000", 1);
    const auto fill = site.text("fill");
    if (count_characters(fill) != 1) Site::refuse("what is filled in is one character", 2);
    return text_to_text([width = static_cast<std::size_t>(width), fill](std::string_view text, Scratch& scratch) -> std::string_view {
        const auto have = count_characters(text);
        if (have >= width) return text;
        std::string padding;
        for (auto i = have; i < width; ++i) padding += fill;
        return scratch.keep(at_start ? padding + std::string{text} : std::string{text} + padding);
    });
}

Bound bind_substring(const Site& site) {
    const auto start = site.number("start"), length = site.constants.contains("length") ? site.number("length") : std::int64_t{cell_bytes_max};
    if (start < 1 || length < 0) Site::refuse("characters are counted from 1", 1);
    return text_to_text([start = static_cast<std::size_t>(start - 1), length = static_cast<std::size_t>(length)](std::string_view text, Scratch&) {
        text.remove_prefix(offset_of_character(text, start));
        return text.substr(0, offset_of_character(text, length));
    });
}

template <bool from_left>
Bound bind_side(const Site& site) {
    if (site.number("count") < 0) Site::refuse("a count is 0 or more", 1);
    return text_to_text([count = static_cast<std::size_t>(site.number("count"))](std::string_view text, Scratch&) {
        if (from_left) return text.substr(0, offset_of_character(text, count));
        const auto all = count_characters(text);
        return text.substr(all <= count ? 0 : offset_of_character(text, all - count));
    });
}

Bound bind_length(const Site&) {
    return {.type = {Kind::int64}, .run = [](Call& call) {
        each(call, [&](std::size_t row) { call.out.ints[row] = static_cast<std::int64_t>(count_characters(call.arg(0).texts[row])); });
    }};
}

Bound bind_normalise(const Site& site) {
    UErrorCode error = U_ZERO_ERROR;
    const auto form = site.text("form");
    const icu::Normalizer2* normalizer = nullptr;
    if (form == "NFC") normalizer = icu::Normalizer2::getNFCInstance(error);
    if (form == "NFD") normalizer = icu::Normalizer2::getNFDInstance(error);
    if (form == "NFKC") normalizer = icu::Normalizer2::getNFKCInstance(error);
    if (form == "NFKD") normalizer = icu::Normalizer2::getNFKDInstance(error);
    if (!normalizer) Site::refuse("the forms are NFC, NFD, NFKC and NFKD", 1);
    return text_to_text([normalizer](std::string_view text, Scratch& scratch) -> std::string_view {
        if (is_ascii(text)) return text;
        std::string made;
        icu::StringByteSink<std::string> sink{&made};
        UErrorCode status = U_ZERO_ERROR;
        normalizer->normalizeUTF8(0, {text.data(), static_cast<std::int32_t>(text.size())}, sink, nullptr, status);
        return U_FAILURE(status) ? text : scratch.keep(made);
    });
}

Bound bind_strip_accents(const Site&) {
    return text_to_text([](std::string_view text, Scratch& scratch) { return is_ascii(text) ? text : scratch.keep(without_accents(text)); });
}

/// Tags go, the named and numbered entities that texts have become characters.
std::string without_html(std::string_view text) {
    constexpr std::pair<std::string_view, std::string_view> entities[] = {
        {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&apos;", "'"}, {"&nbsp;", " "}, {"&euro;", "\u20ac"}};
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '<' && at + 1 < text.size() && (std::isalpha(static_cast<unsigned char>(text[at + 1])) || text[at + 1] == '/' || text[at + 1] == '!')) {
            const auto close = text.find('>', at);
            if (close != text.npos) {
                const auto tag = text.substr(at, close - at);
                if (tag.starts_with("<br") || tag.starts_with("</p") || tag.starts_with("</div") || tag.starts_with("</li")) out += ' ';
                at = close + 1;
                continue;
            }
        }
        if (text[at] == '&') {
            const auto* entity = std::ranges::find_if(entities, [&](const auto& e) { return text.substr(at).starts_with(e.first); });
            if (entity != std::end(entities)) {
                out += entity->second;
                at += entity->first.size();
                continue;
            }
        }
        out += text[at++];
    }
    return std::string{trim(out)};
}

Bound bind_strip_html(const Site&) {
    return text_to_text([](std::string_view text, Scratch& scratch) {
        return text.find_first_of("<&") == text.npos ? text : scratch.keep(without_html(text));
    });
}

Bound bind_slug(const Site&) {
    return text_to_text([](std::string_view text, Scratch& scratch) {
        std::string made;
        for (const char c : folded(text)) {
            if (std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80) made += c;
            else if (!made.empty() && made.back() != '-') made += '-';
        }
        if (made.ends_with('-')) made.pop_back();
        return scratch.keep(made);
    });
}

/// The texts of a row after each other, `between` between those that have a value.
void concatenate(Call& call, std::size_t row, std::string_view between) {
    std::size_t size = 0;
    for (const auto* arg : call.args) size += arg->has(row) ? arg->texts[row].size() + between.size() : 0;
    if (size > cell_bytes_max) return call.fail(row, "too_long", call.arg(0).texts[row]);
    char* const to = call.frame.scratch.take(size);
    char* at = to;
    for (const auto* arg : call.args) {
        if (!arg->has(row)) continue;
        if (at != to) at = std::ranges::copy(between, at).out;
        at = std::ranges::copy(arg->texts[row], at).out;
    }
    const auto used = static_cast<std::size_t>(at - to);
    call.frame.scratch.give_back(size - used);
    call.out.texts[row] = {to, used};
}

Bound bind_concat(const Site&) {
    return {.type = {Kind::text}, .run = [](Call& call) { each(call, [&](std::size_t row) { concatenate(call, row, ""); }); }};
}

Bound bind_join_texts(const Site& site) {
    return {.type = {Kind::text}, .run = [separator = site.text("separator")](Call& call) {
        for (std::size_t row = 0; row < call.rows(); ++row) {
            const auto error = std::ranges::find_if(call.args, [&](const Vector* arg) { return arg->state(row) == State::error; });
            if (error != call.args.end()) {
                call.pass_on(row, **error);
                continue;
            }
            const bool any = std::ranges::any_of(call.args, [&](const Vector* arg) { return arg->has(row); });
            if (any) concatenate(call, row, separator);
            else call.out.set_state(row, State::null);
        }
    }, .strict = false};
}

Bound bind_template(const Site& site) {
    // Pieces of text, each followed by the argument of a number.
    struct Piece {
        std::string text;
        std::optional<std::size_t> argument;
    };
    std::vector<Piece> pieces(1);
    const auto pattern = site.text("pattern");
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern.compare(at, 2, "{{") == 0 || pattern.compare(at, 2, "}}") == 0) {
            pieces.back().text += pattern[at++];
        } else if (pattern[at] == '{') {
            const auto close = pattern.find('}', at);
            const auto number = pattern.substr(at + 1, close == pattern.npos ? close : close - at - 1);
            const bool good = close != pattern.npos && !number.empty() && number.size() < 4 && std::ranges::all_of(number, [](unsigned char c) { return std::isdigit(c); });
            if (!good || std::stoul(number) < 1 || std::stoul(number) > site.types.size()) Site::refuse("{" + number + "} is no number of an argument, from {1} to {" + std::to_string(site.types.size()) + "}", 0);
            pieces.back().argument = std::stoul(number) - 1;
            pieces.emplace_back();
            at = close;
        } else {
            pieces.back().text += pattern[at];
        }
    }
    return {.type = {Kind::text}, .run = [pieces = std::move(pieces)](Call& call) {
        each(call, [&](std::size_t row) {
            std::string made;
            for (const auto& piece : pieces) {
                made += piece.text;
                if (piece.argument) made += call.arg(*piece.argument).texts[row];
                if (made.size() > cell_bytes_max) return call.fail(row, "too_long");
            }
            call.out.texts[row] = call.frame.scratch.keep(made);
        });
    }};
}

template <class Test>
Bound compare_texts(Test test) {
    return {.type = {Kind::boolean}, .run = [test](Call& call) {
        each(call, [&](std::size_t row) { call.out.ints[row] = test(call.arg(0).texts[row], call.arg(1).texts[row]) ? 1 : 0; });
    }};
}

Bound bind_contains(const Site&) { return compare_texts([](std::string_view text, std::string_view part) { return text.find(part) != text.npos; }); }
Bound bind_starts_with(const Site&) { return compare_texts([](std::string_view text, std::string_view part) { return text.starts_with(part); }); }
Bound bind_ends_with(const Site&) { return compare_texts([](std::string_view text, std::string_view part) { return text.ends_with(part); }); }

constexpr Operator operators[] = {
    {"trim(text: text) -> text", "Without white space at both ends, of any kind that Unicode has.", "trim('  a b ') = 'a b'", bind_trim},
    {"collapse(text: text) -> text", "Trimmed, and every run of white space inside is one space.", "collapse(' a \\t b ') = 'a b'", bind_collapse},
    {"lower(text: text) -> text", "In lower case.", "lower('\u00c9T\u00c9') = '\u00e9t\u00e9'", bind_case<Case::lower>},
    {"upper(text: text) -> text", "In upper case.", "upper('stra\u00dfe') = 'STRASSE'", bind_case<Case::upper>},
    {"title(text: text) -> text", "Each word begins with a capital.", "title('new york') = 'New York'", bind_case<Case::title>},
    {"replace(text: text, from: const text, to: const text) -> text", "Every occurrence of `from` replaced.", "replace('a-b-c', '-', '') = 'abc'", bind_replace},
    {"replace_regex(text: text, pattern: const text, to: const text) -> text", "Every match of an RE2 pattern replaced; `\\1` is its first group.", "replace_regex('tel 06-12', '[^0-9]', '') = '0612'", bind_replace_regex},
    {"extract(text: text, pattern: const text, group: const int = null) -> text", "What an RE2 pattern matches, or its first group (or group number `group`); missing without a match.", "extract('order 4711', '([0-9]+)') = '4711'", bind_extract},
    {"matches(text: text, pattern: const text) -> bool", "Does an RE2 pattern match the whole text?", "matches('AB12', '[A-Z]{2}[0-9]+') = true", bind_matches},
    {"pad_start(text: text, width: const int, fill: const text = ' ') -> text", "Filled in front to `width` characters.", "pad_start('7', 3, '0') = '007'", bind_pad<true>},
    {"pad_end(text: text, width: const int, fill: const text = ' ') -> text", "Filled behind to `width` characters.", "pad_end('ab', 4, '.') = 'ab..'", bind_pad<false>},
    {"substring(text: text, start: const int, length: const int = null) -> text", "Characters from number `start` (the first is 1).", "substring('m\u00fcller', 2, 3) = '\u00fcll'", bind_substring},
    {"left(text: text, count: const int) -> text", "The first characters.", "left('abc', 2) = 'ab'", bind_side<true>},
    {"right(text: text, count: const int) -> text", "The last characters.", "right('abc', 2) = 'bc'", bind_side<false>},
    {"length(text: text) -> int", "How many characters.", "length('m\u00fcller') = 6", bind_length},
    {"normalise(text: text, form: const text = 'NFC') -> text", "In a normal form of Unicode: NFC, NFD, NFKC or NFKD.", "normalise('\uff21\uff22', 'NFKC') = 'AB'", bind_normalise},
    {"strip_accents(text: text) -> text", "Letters without their accents.", "strip_accents('Zo\u00eb \u00d8re') = 'Zoe Ore'", bind_strip_accents},
    {"strip_html(text: text) -> text", "Without tags, with the usual entities undone.", "strip_html('<b>Fish</b> &amp; chips') = 'Fish & chips'", bind_strip_html},
    {"slug(text: text) -> text", "For addresses: lower case, no accents, hyphens between words.", "slug('Caf\u00e9 de l\\'Est!') = 'cafe-de-l-est'", bind_slug},
    {"concat(texts: text...) -> text", "After each other; also written with `&`. Null when one of them is.", "concat('a', 'b', 'c') = 'abc'", bind_concat},
    {"join_texts(separator: const text, texts: text...) -> text", "Those that have a value, with a text between them.", "join_texts(', ', 'a', null, 'b') = 'a, b'", bind_join_texts},
    {"template(pattern: const text, texts: text...) -> text", "The pattern with `{1}`, `{2}` replaced by the texts; `{{` is a brace.", "template('{2} ({1})', 'NL', 'Zwolle') = 'Zwolle (NL)'", bind_template},
    {"contains(text: text, part: text) -> bool", "Does the part occur?", "contains('abc', 'bc') = true", bind_contains},
    {"starts_with(text: text, part: text) -> bool", "Does the text begin with the part?", "starts_with('abc', 'ab') = true", bind_starts_with},
    {"ends_with(text: text, part: text) -> bool", "Does the text end with the part?", "ends_with('abc', 'bc') = true", bind_ends_with},
};

}  // namespace

std::span<const Operator> text_operators() { return operators; }

}  // namespace millrace::transform
