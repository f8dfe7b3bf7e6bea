#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "formats/sheet/archive.hpp"

namespace millrace::formats::sheet {

/// The attributes of an element.
class Attributes {
public:
    explicit Attributes(const char** pairs) : pairs_{pairs} {}
    /// The value of the attribute of that name, whatever its prefix; empty without one.
    std::string_view operator[](std::string_view local_name) const;
    /// Calls `take(local name, value)` for each, without a prefix on the name.
    template <class Take>
    void each(Take&& take) const {
        for (const char** pair = pairs_; *pair != nullptr; pair += 2) take(local(pair[0]), std::string_view{pair[1]});
    }
    static std::string_view local(std::string_view name) {
        const auto colon = name.rfind(':');
        return colon == name.npos ? name : name.substr(colon + 1);
    }

private:
    const char** pairs_;
};

/// What is called for the parts of a document. Names come without their prefix, so that the transitional, the strict and
/// any other namespace are read alike.
struct XmlHandler {
    virtual ~XmlHandler() = default;
    virtual void start(std::string_view name, const Attributes& attributes) = 0;
    virtual void end(std::string_view name) = 0;
    virtual void text(std::string_view text) = 0;
};

/// Reads a document piece by piece. Refuses document types (there is no entity to expand), elements nested beyond 256
/// and names or attributes of megabytes. Throws Error{malformed_file} and what the handler and the stream throw.
class XmlReader {
public:
    /// Both have to outlive the reader.
    XmlReader(ByteStream& bytes, XmlHandler& handler);
    ~XmlReader();
    XmlReader(const XmlReader&) = delete;
    XmlReader& operator=(const XmlReader&) = delete;

    /// Reads the next piece; false when there is nothing more.
    bool step();
    void all() {
        while (step()) {}
    }
    /// From a handler: nothing more is of interest.
    void stop();

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace millrace::formats::sheet
