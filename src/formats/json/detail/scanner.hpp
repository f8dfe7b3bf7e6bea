#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace millrace::formats::json_files {

constexpr int depth_max = 512;

/// The outcome of reading a value.
enum class Outcome {
    ok,
    need_more,  ///< the text ends inside it, and more may follow
    malformed,  ///< not JSON; where it ends is unknown
};

/// What is wrong with a value, and where in the text given.
struct Fault {
    std::string_view code;  ///< stable word
    std::string why;
    std::size_t at = 0;
};

/// A string as it stands between its quotes.
struct RawString {
    std::string_view text;
    bool escaped = false;  ///< it has backslashes: unescape() gives the text that is meant
};

/// Reads values of RFC 8259 strictly, one token after the other. After a call that answered false, `outcome()` says
/// why; the position is then meaningless. A value that is well-formed and still not usable ("lone_surrogate",
/// "not_finite") is read to its end and leaves a fault().
///
/// Our own and not simdjson: rows arrive in windows, so the end of a value is not known before it is read; numbers
/// are kept as they are written; and a fault must be found, with its position, in values that nobody asks for.
class Scanner {
public:
    /// `complete`: nothing follows `text`.
    Scanner(std::string_view text, std::size_t at, bool complete)
        : begin_{text.data()}, at_{text.data() + at}, end_{text.data() + text.size()}, complete_{complete} {}

    Outcome outcome() const { return outcome_; }
    const Fault& fault() const { return fault_; }
    bool has_fault() const { return !fault_.code.empty(); }
    std::size_t at() const { return static_cast<std::size_t>(at_ - begin_); }
    std::string_view since(std::size_t from) const { return {begin_ + from, at() - from}; }

    /// The next character that is no blank, not taken; false at the end of the text.
    bool peek(char& c) {
        while (at_ < end_ && is_space(*at_)) ++at_;
        if (at_ == end_) return ended();
        c = *at_;
        return true;
    }
    /// At the end of the text, after blanks.
    bool at_end() {
        while (at_ < end_ && is_space(*at_)) ++at_;
        return at_ == end_;
    }
    void take() { ++at_; }
    bool string(RawString& out);
    /// Takes that very string, which has nothing to escape, if it stands here.
    bool accept(std::string_view text) {
        const auto size = text.size();
        if (static_cast<std::size_t>(end_ - at_) < size + 2 || at_[size + 1] != '"' || std::memcmp(at_ + 1, text.data(), size) != 0) return false;
        at_ += size + 2;
        return true;
    }
    bool number();
    /// `true`, `false`, `null`, and (with a fault) the words that some writers use for numbers that are not finite.
    bool word();
    /// A value of any kind. `depth`: of the value, 1 at the top.
    bool skip(int depth);
    /// The `:` behind a key.
    bool colon() {
        char c = 0;
        if (!peek(c)) return false;
        if (c != ':') return refuse("expected a colon behind the key");
        take();
        return true;
    }

    /// Ends the reading: what stands here is not JSON.
    bool refuse(std::string_view why, std::string_view code = "invalid_json");
    /// Ends the reading because the text ends.
    bool ended();
    /// Remembers the first fault of a value and reads on.
    void note(std::string_view code, std::string_view why, std::size_t at);

private:
    static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
    bool escape();
    bool hex4(unsigned& unit);
    bool digits();
    bool starts_with(std::string_view word);

    const char* begin_;
    const char* at_;
    const char* end_;
    bool complete_;
    Outcome outcome_ = Outcome::ok;
    Fault fault_;
};

/// Appends what a string means; lone surrogates are left out (they are faults).
void unescape(std::string& out, std::string_view raw);

}  // namespace millrace::formats::json_files
