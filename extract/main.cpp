#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>

#include "base/error.hpp"
#include "models.hpp"
#include "reader.hpp"

namespace millrace::extract {
namespace {

namespace sandbox = formats::sandbox;

class ParentLink final : public sandbox::Link {
public:
    void read(std::span<char> into) override { require(socket_.read(into)); }
    void write(std::string_view bytes) override { require(socket_.write(bytes)); }

private:
    struct ParentGone {};
    static void require(bool done) {
        if (!done) throw ParentGone{};
    }
    work::SandboxSocket socket_;
};

std::string all_bytes(sandbox::Link& link, std::uint64_t size) {
    std::string bytes;
    bytes.reserve(size);
    for (sandbox::Frame frame; bytes.size() < size;) {
        const auto length = std::min<std::uint64_t>(sandbox::need_bytes_max, size - bytes.size());
        sandbox::send(link, sandbox::Kind::need, sandbox::to_payload(sandbox::Need{bytes.size(), static_cast<std::uint32_t>(length)}));
        sandbox::receive(link, sandbox::need_bytes_max, frame);
        if (frame.payload.empty()) break;
        bytes += frame.payload;
    }
    return bytes;
}

class LinkOutput final : public Output {
public:
    LinkOutput(sandbox::Link& link, std::uint32_t pages_max) : link_{link}, pages_max_{pages_max} {}

    bool page(documents::Page page) override {
        if (page.number == 0) page.number = pages_ + 1;
        if (page.text.size() > documents::page_bytes_max / 8) page.text.resize(documents::page_bytes_max / 8);
        if (const auto payload = documents::to_payload(page); payload.size() <= documents::page_bytes_max) {
            sandbox::send(link_, documents::kind_page, payload);
        }
        return ++pages_ < pages_max_;
    }
    void attach(documents::Attachment attachment) override {
        attached_bytes_ += attachment.bytes.size();
        if (attached_bytes_ > documents::attachment_bytes_max) throw Error{Code::archive_limits, {{"why", "attachments"}}};
        sandbox::send(link_, documents::kind_attachment, documents::to_payload(attachment));
    }

private:
    sandbox::Link& link_;
    const std::uint32_t pages_max_;
    std::uint32_t pages_ = 0;
    std::uint64_t attached_bytes_ = 0;
};

void read_document(sandbox::Link& link, const documents::ExtractRequest& request) {
    const auto bytes = all_bytes(link, request.size);
    const Input input{.bytes = bytes, .filename = request.filename, .ocr = request.ocr, .languages = request.languages};
    const auto reader = std::ranges::find_if(catalog(), [&](const Reader& known) { return known.recognises(bytes, request.filename); });
    if (reader == catalog().end()) throw Error{Code::unsupported_format, {{"format", request.filename}, {"known", "pdf, pictures, docx, pptx, odt, odp, eml, mbox"}}};
    LinkOutput output{link, request.pages_max};
    reader->read(input, output);
    sandbox::send(link, documents::kind_done, documents::to_payload(output.summary));
}

void serve() {
    ParentLink link;
    sandbox::Frame frame;
    sandbox::receive(link, sandbox::need_bytes_max, frame);
    const auto request = documents::read_extract_request(frame.payload);
    try {
        read_document(link, request);
    } catch (const Error& error) {
        sandbox::send(link, sandbox::Kind::error, sandbox::to_payload(error));
    } catch (const std::bad_alloc&) {
        sandbox::send(link, sandbox::Kind::error, sandbox::to_payload(Error{Code::parser_limits, {{"format", "document"}, {"why", "memory"}}}));
    }
}

}  // namespace
}  // namespace millrace::extract

int main(int argc, char** argv) {
    if (argc < 2 || std::strcmp(argv[1], "zygote") != 0) {
        std::fputs("millrace-extract reads documents for millrace, which starts it.\n", stderr);
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    millrace::extract::load_models();
    millrace::extract::warm_up_pdf();
    millrace::extract::warm_up_mail();
    return millrace::work::serve_zygote(millrace::extract::serve) ? 0 : 2;
}
