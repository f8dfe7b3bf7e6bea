#include "formats/sheet/xml.hpp"

#include <expat.h>
#include <fmt/format.h>

#include <exception>
#include <utility>

#include "base/error.hpp"

namespace millrace::formats::sheet {
namespace {

constexpr int piece_bytes = 64 * 1024;
constexpr int depth_max = 256;
/// One tag, at most. The parser reads an unfinished one again with every piece, so this bounds time as well as memory.
constexpr std::int64_t unfinished_bytes_max = 4 << 20;

}  // namespace

std::string_view Attributes::operator[](std::string_view local_name) const {
    for (const char** pair = pairs_; *pair != nullptr; pair += 2) {
        if (local(pair[0]) == local_name) return pair[1];
    }
    return {};
}

struct XmlReader::Implementation {
    ByteStream& bytes;
    XmlHandler& handler;
    XML_Parser parser = XML_ParserCreate(nullptr);
    int depth = 0;
    std::int64_t given = 0;
    bool done = false;
    bool stopped = false;
    std::exception_ptr failure;  ///< of a handler; no exception passes through the parser

    template <class Act>
    void guarded(Act&& act) {
        if (failure || stopped) return;
        try {
            act();
        } catch (...) {
            failure = std::current_exception();
            XML_StopParser(parser, XML_FALSE);
        }
    }

    static Implementation& of(void* state) { return *static_cast<Implementation*>(state); }
    static void start(void* state, const char* name, const char** pairs) {
        auto& self = of(state);
        self.guarded([&] {
            if (++self.depth > depth_max) throw Error{Code::malformed_file, {{"why", "its elements are nested too deep"}}};
            self.handler.start(Attributes::local(name), Attributes{pairs});
        });
    }
    static void end(void* state, const char* name) {
        auto& self = of(state);
        self.guarded([&] {
            --self.depth;
            self.handler.end(Attributes::local(name));
        });
    }
    static void text(void* state, const char* data, int size) {
        auto& self = of(state);
        self.guarded([&] { self.handler.text({data, static_cast<std::size_t>(size)}); });
    }
    static void document_type(void* state, const char*, const char*, const char*, int) {
        of(state).guarded([] { throw Error{Code::malformed_file, {{"why", "it declares a document type"}}}; });
    }

    [[noreturn]] void fail() {
        if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
        throw Error{Code::malformed_file, {{"why", fmt::format("XML, line {}: {}", XML_GetCurrentLineNumber(parser),
                                                               XML_ErrorString(XML_GetErrorCode(parser)))}}};
    }
};

XmlReader::XmlReader(ByteStream& bytes, XmlHandler& handler) : implementation_{new Implementation{.bytes = bytes, .handler = handler}} {
    const auto parser = implementation_->parser;
    if (parser == nullptr) throw std::bad_alloc{};
    XML_SetUserData(parser, implementation_.get());
    XML_SetElementHandler(parser, Implementation::start, Implementation::end);
    XML_SetCharacterDataHandler(parser, Implementation::text);
    XML_SetStartDoctypeDeclHandler(parser, Implementation::document_type);
}

XmlReader::~XmlReader() { XML_ParserFree(implementation_->parser); }

void XmlReader::stop() {
    implementation_->stopped = implementation_->done = true;
    XML_StopParser(implementation_->parser, XML_FALSE);
}

bool XmlReader::step() {
    auto& self = *implementation_;
    if (self.done) return false;
    void* piece = XML_GetBuffer(self.parser, piece_bytes);
    if (piece == nullptr) throw std::bad_alloc{};
    const auto got = self.bytes.read({static_cast<char*>(piece), piece_bytes});
    const bool last = got < piece_bytes;
    const auto status = XML_ParseBuffer(self.parser, static_cast<int>(got), last);
    if (self.stopped) return true;  // the handler has got what it wanted in this piece
    if (status != XML_STATUS_OK) self.fail();
    self.done = last;
    self.given += static_cast<std::int64_t>(got);
    if (!last && self.given - XML_GetCurrentByteIndex(self.parser) > unfinished_bytes_max) {
        throw Error{Code::malformed_file, {{"why", "XML: a tag is too long"}}};
    }
    return true;
}

}  // namespace millrace::formats::sheet
