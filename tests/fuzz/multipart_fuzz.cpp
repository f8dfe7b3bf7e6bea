// Forms from anybody: the same parts and data however the body is split, or the same refusal.
#include <cstdlib>

#include "base/utf8.hpp"
#include "http/multipart.hpp"

using namespace millrace;
using namespace millrace::http;

namespace {

void require(bool claim) {
    if (!claim) std::abort();
}

/// What a form comes to; events must come in their order.
std::string read_form(std::string_view bytes, std::size_t step) {
    std::string out;
    bool inside = false;
    Multipart form{"b",
                   {[&](const Part& part) {
                        require(!std::exchange(inside, true));
                        require(first_invalid_utf8(part.name) == std::string_view::npos);
                        if (part.filename) require(first_invalid_utf8(*part.filename) == std::string_view::npos);
                        out += "\n[" + part.name + '|' + part.filename.value_or("-") + ']';
                    },
                    [&](std::string_view text) {
                        require(inside && !text.empty());
                        out += text;
                    },
                    [&] { require(std::exchange(inside, false)); }},
                   {.parts_max = 20, .part_head_bytes_max = 512}};
    try {
        for (std::size_t at = 0; at < bytes.size(); at += step) form.feed(bytes.substr(at, step));
        form.finish();
        require(!inside && form.complete());
        out += "\nend";
    } catch (const Error& error) {
        require(error.code() == Code::malformed_multipart);
        out += "\nrefused: ";
        out += error.what();
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    const auto whole = read_form(bytes, std::max<std::size_t>(bytes.size(), 1));
    require(read_form(bytes, data[0] % 16u + 1) == whole);
    try {
        Multipart::boundary_of(bytes);
    } catch (const Error& error) {
        require(http_status(error.code()) < 500);
    }
    return 0;
}
