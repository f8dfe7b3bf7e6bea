#include "base/error.hpp"

#include "base/messages/messages.hpp"

namespace millrace {
namespace {

struct Row {
    std::string_view name;
    int status;
    bool retryable;
    int exit;
};

constexpr Row table[] = {
#define X(name, status, retryable, exit) {#name, status, retryable, exit},
#include "base/error_codes.inc"
#undef X
};

const Row& row(Code code) { return table[static_cast<std::size_t>(code)]; }

std::string fill(std::string_view text, const Error::Args& args) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto open = text.find('{', at);
        const auto close = open == text.npos ? text.npos : text.find('}', open);
        if (close == text.npos) {
            out += text.substr(at);
            break;
        }
        out += text.substr(at, open - at);
        const auto name = text.substr(open + 1, close - open - 1);
        for (const auto& [key, value] : args) {
            if (key == name) out += value;
        }
        at = close + 1;
    }
    return out;
}

}  // namespace

std::string_view to_string(Code code) { return row(code).name; }
int http_status(Code code) { return row(code).status; }
bool is_retryable(Code code) { return row(code).retryable; }
int exit_status(Code code) { return row(code).exit; }

Code code_from(std::string_view word) {
    for (std::size_t i = 0; i < std::size(table); ++i) {
        if (table[i].name == word) return static_cast<Code>(i);
    }
    return Code::internal;
}

std::string render(Code code, const Error::Args& args, std::string_view language) {
    std::string_view text;
    for (const MessageTable& messages : message_tables()) {
        if (messages.language == language) text = messages.text(code);
    }
    if (text.empty()) text = message_tables().front().text(code);
    return fill(text, args);
}

Error::Error(Code code, Args args) : code_{code}, args_{std::move(args)}, text_{render(code_, args_, "en")} {}

const std::string* Error::arg(std::string_view name) const {
    for (const auto& [key, value] : args_) {
        if (key == name) return &value;
    }
    return nullptr;
}

Error Error::with_text(Code code, std::string text) {
    Error error{code};
    error.text_ = std::move(text);
    error.rendered_ = true;
    return error;
}

Error Error::with_arg(std::string name, std::string value) const {
    Error error = *this;
    error.args_.emplace_back(std::move(name), std::move(value));
    return error;
}

std::string Error::message(std::string_view language) const {
    return rendered_ ? text_ : render(code_, args_, language);
}

}  // namespace millrace
