#pragma once

#include <exception>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace {

/// What went wrong, as a stable word. Enumerators equal their wire form.
enum class Code {
#define X(name, status, retryable, exit) name,
#include "base/error_codes.inc"
#undef X
};

/// The word of a code, e.g. "not_found".
std::string_view to_string(Code code);
/// The code of a word; Code::internal for an unknown one (an older binary reading a newer database).
Code code_from(std::string_view word);
int http_status(Code code);
bool is_retryable(Code code);
int exit_status(Code code);

/// A problem inside a request body or a settings file: where (JSON Pointer, or a key), which code, what to do.
struct Issue {
    std::string pointer;
    std::string code;
    std::string detail;
};

/// The one exception type: ends an attempt or a request. Caught in the HTTP wrapper, the attempt runner and main.
/// `args` fill the placeholders of the code's message; values are data and are escaped where they are shown.
class Error : public std::exception {
public:
    using Args = std::vector<std::pair<std::string, std::string>>;

    explicit Error(Code code, Args args = {});
    /// An error whose text was rendered earlier, e.g. one that is kept with a job.
    static Error with_text(Code code, std::string text);

    /// The same error with one more argument.
    Error with_arg(std::string name, std::string value) const;

    Code code() const { return code_; }
    const Args& args() const { return args_; }
    const std::string* arg(std::string_view name) const;
    bool retryable() const { return is_retryable(code_); }
    /// Text in English, e.g. for the log; `message()` renders it in another language.
    const char* what() const noexcept override { return text_.c_str(); }
    std::string message(std::string_view language = "en") const;

    std::vector<Issue> issues;  ///< several problems in one answer

private:
    Code code_;
    Args args_;
    std::string text_;
    bool rendered_ = false;  ///< text_ stands for all languages
};

/// The message of a code with its placeholders filled: "{name}" becomes the value of argument `name`.
std::string render(Code code, const Error::Args& args, std::string_view language);

/// Text of one language: in the order of error_codes.inc, an entry per code. See messages/.
struct MessageTable {
    std::string_view language;
    std::string_view (*text)(Code code);  ///< empty when the language has no text for the code
};

}  // namespace millrace
