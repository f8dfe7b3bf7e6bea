#include <gmime/gmime.h>
#include <iconv.h>

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "documents/text.hpp"
#include "reader.hpp"

/// Messages (RFC 5322) and mailboxes of them: a page each, with what is attached.
namespace millrace::extract {
namespace {

constexpr int parts_max = 1000;
constexpr int depth_max = 20;

struct Unref {
    void operator()(gpointer object) const { g_object_unref(object); }
    void operator()(char* text) const { g_free(text); }
};
template <class T>
using Owned = std::unique_ptr<T, Unref>;

std::string text_of(const char* text) { return text == nullptr ? std::string{} : std::string{text}; }

/// The bytes of a part as they were before they were packed for the way.
std::string content_of(GMimePart* part) {
    auto* content = g_mime_part_get_content(part);
    if (content == nullptr) return {};
    const Owned<GMimeStream> memory{g_mime_stream_mem_new()};
    g_mime_data_wrapper_write_to_stream(content, memory.get());
    const auto* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory.get()));
    return {reinterpret_cast<const char*>(bytes->data), bytes->len};
}

/// What a message says, plain text before HTML of the same.
struct Body {
    std::string plain, html;
};

class MessageReader {
public:
    explicit MessageReader(Output& output) : output_{output} {}

    /// False when no more are wanted.
    bool read(GMimeMessage* message) {
        Body body;
        walk(g_mime_message_get_mime_part(message), body, 0);
        std::string text = heads(message);
        text += '\n';
        text += body.plain.find_first_not_of(" \t\r\n") != std::string::npos ? body.plain : body.html;
        while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
        ++output_.summary.pages_total;
        return output_.page({.number = 0, .text = std::move(text), .words = {}});
    }

    static std::string subject(GMimeMessage* message) { return text_of(g_mime_message_get_subject(message)); }
    static std::string sender(GMimeMessage* message) { return addresses(g_mime_message_get_from(message)); }

private:
    static std::string addresses(InternetAddressList* list) {
        if (list == nullptr) return {};
        const Owned<char> text{internet_address_list_to_string(list, nullptr, FALSE)};
        return text_of(text.get());
    }

    static std::string heads(GMimeMessage* message) {
        std::string text;
        const auto add = [&](const char* name, const std::string& value) {
            if (!value.empty()) text.append(name).append(": ").append(value).append("\n");
        };
        add("From", sender(message));
        add("To", addresses(g_mime_message_get_to(message)));
        add("Cc", addresses(g_mime_message_get_cc(message)));
        if (auto* date = g_mime_message_get_date(message)) {
            const Owned<char> shown{g_date_time_format(date, "%Y-%m-%d %H:%M")};
            add("Date", text_of(shown.get()));
        }
        add("Subject", subject(message));
        return text;
    }

    void walk(GMimeObject* object, Body& body, int depth) {
        if (object == nullptr || depth > depth_max || ++parts_ > parts_max) return;
        if (GMIME_IS_MULTIPART(object)) {
            auto* all = GMIME_MULTIPART(object);
            for (int i = 0; i < g_mime_multipart_get_count(all); ++i) walk(g_mime_multipart_get_part(all, i), body, depth + 1);
        } else if (GMIME_IS_MESSAGE_PART(object)) {
            attach_message(GMIME_MESSAGE_PART(object));
        } else if (GMIME_IS_PART(object)) {
            take(GMIME_PART(object), body);
        }
    }

    void take(GMimePart* part, Body& body) {
        auto* object = GMIME_OBJECT(part);
        const auto* type = g_mime_object_get_content_type(object);
        const auto* filename = g_mime_part_get_filename(part);
        const bool is_text = g_mime_content_type_is_type(const_cast<GMimeContentType*>(type), "text", "*") != 0;
        if (is_text && filename == nullptr && !g_mime_part_is_attachment(part)) return add_text(part, body);
        const Owned<char> media_type{g_mime_content_type_get_mime_type(const_cast<GMimeContentType*>(type))};
        output_.attach({.filename = text_of(filename), .media_type = text_of(media_type.get()), .bytes = content_of(part)});
    }

    static void add_text(GMimePart* part, Body& body) {
        auto* type = g_mime_object_get_content_type(GMIME_OBJECT(part));
        const bool is_html = g_mime_content_type_is_type(type, "text", "html") != 0;
        const auto said = documents::read_text(content_of(part), text_of(g_mime_content_type_get_parameter(type, "charset")), is_html);
        auto& into = is_html ? body.html : body.plain;
        if (!into.empty()) into += '\n';
        into += said;
    }

    /// A message that was sent on is a document of its own.
    void attach_message(GMimeMessagePart* part) {
        auto* message = g_mime_message_part_get_message(part);
        if (message == nullptr) return;
        const Owned<char> bytes{g_mime_object_to_string(GMIME_OBJECT(message), nullptr)};
        output_.attach({.filename = subject(message) + ".eml", .media_type = "message/rfc822", .bytes = text_of(bytes.get())});
    }

    Output& output_;
    int parts_ = 0;
};

}  // namespace

bool is_mail(std::string_view bytes, std::string_view) { return documents::is_mail(bytes); }

void read_mail(const Input& input, Output& output) {
    const bool is_box = input.bytes.starts_with("From ");
    const Owned<GMimeStream> stream{g_mime_stream_mem_new_with_buffer(input.bytes.data(), input.bytes.size())};
    const Owned<GMimeParser> parser{g_mime_parser_new_with_stream(stream.get())};
    g_mime_parser_set_format(parser.get(), is_box ? GMIME_FORMAT_MBOX : GMIME_FORMAT_MESSAGE);
    g_mime_parser_set_persist_stream(parser.get(), FALSE);
    output.summary.media_type = is_box ? "application/mbox" : "message/rfc822";
    MessageReader reader{output};
    for (bool is_first = true; is_first || (is_box && !g_mime_parser_eos(parser.get())); is_first = false) {
        const Owned<GMimeMessage> message{g_mime_parser_construct_message(parser.get(), nullptr)};
        if (!message && is_first) throw Error{Code::malformed_file, {{"why", "it is not a message that can be read"}}};
        if (!message) break;
        if (is_first) {
            output.summary.title = MessageReader::subject(message.get());
            output.summary.author = MessageReader::sender(message.get());
        }
        if (!reader.read(message.get())) break;
    }
}

void warm_up_mail() {
    g_mime_init();
    // Kept open, as those of PDF: subjects and names of senders are in them.
    for (const char* encoding : {"ISO-8859-1", "ISO-8859-2", "ISO-8859-9", "ISO-8859-15", "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252", "KOI8-R", "GB2312", "GBK", "BIG5", "SHIFT_JIS", "ISO-2022-JP", "EUC-KR"}) {
        ::iconv_open("UTF-8", encoding);
    }
}

}  // namespace millrace::extract
