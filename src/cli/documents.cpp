#include "cli/documents.hpp"

#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "documents/text.hpp"

namespace millrace::cli {
namespace {

constexpr std::size_t line_bytes_max = 64u << 20;
constexpr std::size_t block_bytes = 256u << 10;

/// Lines without their ends.
class Lines {
public:
    explicit Lines(formats::Source& source) : source_{source} {}

    /// The next line; one that is too long is cut and `too_long` set.
    bool next(std::string& line, bool& too_long) {
        line.clear();
        too_long = false;
        for (;;) {
            const auto end = buffer_.find('\n', at_);
            const auto part = std::string_view{buffer_}.substr(at_, end == buffer_.npos ? end : end - at_);
            if (line.size() + part.size() > line_bytes_max) too_long = true;
            else line += part;
            if (end != buffer_.npos) {
                at_ = end + 1;
                return true;
            }
            buffer_.resize(block_bytes);
            buffer_.resize(source_.read(offset_, buffer_));
            offset_ += buffer_.size();
            at_ = 0;
            if (buffer_.empty()) return !line.empty() || too_long;
        }
    }

private:
    formats::Source& source_;
    std::uint64_t offset_ = 0;
    std::string buffer_;
    std::size_t at_ = 0;
};

std::string scalar(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (!value || value->is_null()) return {};
    return value->is_string() ? std::string{value->as_string()} : json::serialize(*value);
}

TextDocument document_of(const std::string& line, std::string id) {
    TextDocument document{.id = std::move(id), .label = {}, .text = {}, .problem = std::nullopt};
    try {
        const auto value = json::parse(line);
        const auto* object = value.if_object();
        if (object && object->contains("id")) document.id = scalar(*object, "id");
        const auto* text = object ? object->if_contains("text") : nullptr;
        if (!text || !text->is_string()) {
            document.problem = "a line needs {\"id\": ..., \"text\": \"...\"}";
            return document;
        }
        document.label = scalar(*object, "label");
        document.text = text->as_string();
        if (const auto title = scalar(*object, "title"); !title.empty()) document.text = title + '\n' + document.text;
    } catch (const Error& error) {
        document.problem = error.what();
    }
    return document;
}

bool has_lines_name(std::string_view path) {
    if (path.ends_with(".gz")) path.remove_suffix(3);
    return path.ends_with(".jsonl") || path.ends_with(".ndjson");
}

/// A JSON object on the first line, and nothing else on it.
bool begins_with_object(formats::Source& source) {
    std::string line;
    bool too_long = false;
    Lines lines{source};
    return lines.next(line, too_long) && line.starts_with('{') && line.find("\"text\"") != line.npos && !document_of(line, {}).problem;
}

TextDocument whole_file(formats::Source& source, const std::string& path) {
    TextDocument document{.id = path, .label = {}, .text = {}, .problem = std::nullopt};
    try {
        auto read = documents::read_text(source);
        document.text = read.title.empty() ? std::move(read.text) : read.title + '\n' + read.text;
    } catch (const Error& error) {
        document.problem = error.what();
    }
    return document;
}

}  // namespace

void each_document(formats::Source& source, const std::string& path, const std::function<bool(TextDocument&&)>& take) {
    if (!has_lines_name(path) && !begins_with_object(source)) {
        take(whole_file(source, path));
        return;
    }
    Lines lines{source};
    std::string line;
    bool too_long = false;
    for (std::uint64_t number = 1; lines.next(line, too_long); ++number) {
        if (!too_long && line.find_first_not_of(" \t\r") == line.npos) continue;
        auto id = path + ':' + std::to_string(number);
        TextDocument document{.id = id, .label = {}, .text = {}, .problem = "the line is longer than 64 MiB"};
        if (!take(too_long ? std::move(document) : document_of(line, std::move(id)))) return;
    }
}

}  // namespace millrace::cli
