#include "formats/xml/detail/parser.hpp"

#include <expat.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"

namespace millrace::formats::xml {
namespace {

/// The encoding that the first line declares; empty when it does not.
std::string declared_encoding(std::string_view head) {
    if (!head.starts_with("<?xml")) return {};
    head = head.substr(0, head.find("?>"));
    const auto at = head.find("encoding");
    if (at == std::string_view::npos) return {};
    const auto open = head.find_first_of("\"'", at);
    if (open == std::string_view::npos) return {};
    const auto close = head.find(head[open], open + 1);
    if (close == std::string_view::npos) return {};
    return std::string{head.substr(open + 1, close - open - 1)};
}

}  // namespace

Given Given::from(const json::object& keys, Source& source) {
    Given given;
    const auto refuse = [](std::string_view key, std::string why) {
        throw Error{Code::invalid_parameter, {{"name", std::string{key}}, {"why", std::move(why)}}};
    };
    for (const auto& field : keys) {
        const std::string_view key = field.key();
        if (key != "row" && key != "encoding") refuse(key, "not known for XML");
        if (!field.value().is_string()) refuse(key, "expected text");
        const std::string_view text = field.value().get_string();
        if (key == "row") given.row = text;
        else given.encoding = text;
    }
    if (!given.encoding.empty()) return given;
    std::string head(4096, '\0');
    head.resize(source.read(0, head));
    const auto detected = detect_encoding(head);
    given.encoding = detected.name;
    // Bytes of two that announce one are believed; a document that has lost its encoding on the way is read as it is.
    if (detected.bom_bytes > 0 || detected.name != "utf-8") return given;
    const auto declared = declared_encoding(head);
    if (declared.empty()) return given;
    const auto name = canonical_encoding(declared);
    if (name.empty()) throw Error{Code::malformed_file, {{"why", fmt::format("it declares the unknown encoding {}", declared)}}};
    if (!name.starts_with("utf-16")) given.encoding = name;
    return given;
}

struct Parser::Expat {
    XML_Parser parser = XML_ParserCreate("UTF-8");

    Expat() {
        if (parser == nullptr) throw std::bad_alloc{};
    }
    ~Expat() { XML_ParserFree(parser); }
    Expat(const Expat&) = delete;
    Expat& operator=(const Expat&) = delete;
};

template <class Step>
void Parser::run(Step&& step) {
    if (failure_) return;
    try {
        step();
    } catch (...) {
        failure_ = std::current_exception();
        XML_StopParser(expat_->parser, XML_FALSE);
    }
}

Parser::Parser(Source& source, const std::string& encoding, std::uint64_t record_bytes_max, Handler& handler)
    : stream_{source, encoding}, record_bytes_max_{record_bytes_max}, handler_{handler}, expat_{std::make_unique<Expat>()} {
    auto* const parser = expat_->parser;
    XML_SetUserData(parser, this);
    XML_SetElementHandler(
        parser,
        [](void* self, const XML_Char* name, const XML_Char** attributes) {
            auto& me = *static_cast<Parser*>(self);
            me.run([&] {
                if (++me.depth_ > depth_max) me.refuse(fmt::format("nested more than {} deep", depth_max));
                me.handler_.start(name, attributes);
            });
        },
        [](void* self, const XML_Char*) {
            auto& me = *static_cast<Parser*>(self);
            me.run([&] {
                --me.depth_;
                me.handler_.end();
            });
        });
    XML_SetCharacterDataHandler(parser, [](void* self, const XML_Char* text, int size) {
        auto& me = *static_cast<Parser*>(self);
        me.run([&] { me.handler_.text({text, static_cast<std::size_t>(size)}); });
    });
    XML_SetStartDoctypeDeclHandler(parser, [](void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
        auto& me = *static_cast<Parser*>(self);
        me.run([&] { me.refuse("a document type declaration (DTD) is not allowed"); });
    });
}

Parser::~Parser() = default;

std::uint64_t Parser::line() const { return XML_GetCurrentLineNumber(expat_->parser); }

void Parser::pause() {
    paused_ = true;
    XML_StopParser(expat_->parser, XML_TRUE);
}

bool Parser::advance() {
    if (paused_) {
        paused_ = false;
        check(XML_ResumeParser(expat_->parser));
        return paused_ || !final_;
    }
    if (final_) return false;
    stream_.extend();
    final_ = stream_.complete();
    const auto text = stream_.text();
    check(XML_Parse(expat_->parser, text.data(), static_cast<int>(text.size()), final_));
    stream_.consume(text.size());
    // A token is held as a whole: a tag with all its attributes, a comment.
    const auto begun = XML_GetCurrentByteIndex(expat_->parser);
    if (!final_ && begun >= 0 && stream_.offset() - static_cast<std::uint64_t>(begun) > record_bytes_max_) {
        throw Error{Code::line_too_long, {{"line", std::to_string(line())}, {"limit", std::to_string(record_bytes_max_)}}};
    }
    return paused_ || !final_;
}

void Parser::check(int status) {
    if (failure_) std::rethrow_exception(failure_);
    if (status == XML_STATUS_ERROR) refuse(XML_ErrorString(XML_GetErrorCode(expat_->parser)));
}

void Parser::refuse(std::string_view why) const {
    const auto line = std::to_string(this->line());
    const auto at = static_cast<std::uint64_t>(std::max<XML_Index>(0, XML_GetCurrentByteIndex(expat_->parser)));
    const auto offset = std::to_string(stream_.source_offset(std::max(at, stream_.offset())));
    throw Error{Code::malformed_file,
                {{"why", fmt::format("line {}, byte {}: {}", line, offset, why)}, {"line", line}, {"offset", offset}}};
}

bool looks_well_formed(std::string_view head, bool complete) {
    const std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)> parser{XML_ParserCreate(nullptr), &XML_ParserFree};
    bool has_element = false;
    XML_SetUserData(parser.get(), &has_element);
    XML_SetStartElementHandler(parser.get(), [](void* found, const XML_Char*, const XML_Char**) { *static_cast<bool*>(found) = true; });
    const auto status = XML_Parse(parser.get(), head.data(), static_cast<int>(head.size()), complete);
    return has_element && status == XML_STATUS_OK;
}

}  // namespace millrace::formats::xml
