#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "formats/format.hpp"

namespace millrace::formats {

/// How the bytes of a file become text, and why that was decided.
struct Encoding {
    std::string name = "utf-8";  ///< "utf-8", "utf-16le", "utf-16be", "windows-1252" or a name that ICU knows
    std::uint32_t bom_bytes = 0;
    double confidence = 1;
    std::string reason;
};

/// The encoding announced by a byte order mark, or UTF-16 without one by the parity of its zero bytes; else UTF-8
/// (which TextStream revises when it meets bytes that are not).
Encoding detect_encoding(std::string_view head);

/// Lower case, with the usual aliases resolved ("latin1" and "iso-8859-1" mean windows-1252, as browsers do).
/// Empty when nobody knows the name.
std::string canonical_encoding(std::string_view name);

/// What ICU would guess for bytes that are not UTF-8, e.g. "ISO-8859-2"; empty when it has no opinion.
std::string guess_encoding(std::string_view bytes);

/// Appends Windows-1252 bytes as UTF-8. The five unassigned bytes become the C1 control of the same number.
void append_windows_1252(std::string& out, std::string_view bytes);

/// NUL bytes: the mark of a file that is no text, or damage that the reader of the text reports record by record.
enum class Nul { refuse, keep };

/// The text of a source as UTF-8, read in windows of 1 MiB and transcoded once.
///
/// UTF-8 is taken as it is: bytes that are not valid stay in the text and `is_suspect` says where to look. While only
/// ASCII has been seen the encoding is open; the first window with other bytes decides between UTF-8 and Windows-1252.
/// Bytes that another encoding does not define become bytes that are not valid UTF-8, so that nothing is replaced
/// silently. One thread at a time.
class TextStream {
public:
    static constexpr std::size_t window_bytes = 1 << 20;
    static constexpr std::size_t padding_bytes = 64;  ///< readable behind the text, for block-wise reading

    /// `encoding` overrides detection. Throws Error{invalid_parameter} for an unknown one.
    TextStream(Source& source, const std::optional<std::string>& encoding, Nul nul = Nul::refuse);
    ~TextStream();
    TextStream(const TextStream&) = delete;
    TextStream& operator=(const TextStream&) = delete;

    /// The text read and not yet consumed.
    std::string_view text() const { return {buffer_.get() + begin_, end_ - begin_}; }
    /// Position of text() in the whole text.
    std::uint64_t offset() const { return offset_; }
    /// Nothing follows text().
    bool complete() const { return complete_; }
    /// Reads the next window behind text(); false at the end. Views into the text become invalid.
    /// Throws Error{not_text} for NUL bytes that are to be refused.
    bool extend();
    void consume(std::size_t bytes) { begin_ += bytes, offset_ += bytes; }
    /// May [from, to) of the whole text hold bytes that are not UTF-8?
    bool is_suspect(std::uint64_t from, std::uint64_t to) const { return from < suspect_end_ && to > suspect_begin_; }
    /// Where in the source a position of text() comes from; for encodings that ICU decodes, the start of its window.
    std::uint64_t source_offset(std::uint64_t text_offset) const;
    const Encoding& encoding() const { return encoding_; }

    /// Where text() begins, and all that has been found out before.
    struct Place {
        std::uint64_t text = 0, source = 0;  ///< of the first byte of text()
        std::uint64_t read = 0;              ///< of the source
        std::uint64_t suspect_begin = 0, suspect_end = 0, first_transcoded = 0;
        bool decided = false;
        Encoding encoding;

        template <class Archive>
        void state(Archive& archive) {
            archive(text, source, read, suspect_begin, suspect_end, first_transcoded, decided);
            archive(encoding.name, encoding.bom_bytes, encoding.confidence, encoding.reason);
        }
    };
    /// Nothing for encodings that ICU decodes: where in the source their text comes from is not known exactly.
    std::optional<Place> place() const;
    /// Stands at that place of the same source from now on, in the same windows.
    void go_on(const Place& place);

private:
    struct Converter;  ///< ICU's, for encodings that are not decoded here
    struct Checkpoint {
        std::uint64_t text = 0;
        std::uint64_t source = 0;
    };
    enum class Kind { utf8, windows_1252, utf16le, utf16be, icu };

    void choose_kind();
    void reserve(std::size_t more);
    void add_checkpoint(std::size_t at, std::uint64_t source);
    void append(std::string_view bytes);
    void append_utf8(std::size_t bytes);
    void append_utf16(std::string_view bytes, bool last);
    void append_icu(std::string_view bytes, bool last);
    void decide(std::size_t from);
    void validate(std::size_t from, std::size_t to);
    void refuse_nul(std::size_t from) const;

    Source& source_;
    const Nul nul_;
    Encoding encoding_;
    Kind kind_ = Kind::utf8;
    bool decided_ = false;    ///< bytes beyond ASCII have been seen, or the encoding was given
    bool complete_ = false;
    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t unvalidated_ = 0;   ///< bytes at the end that are the start of a character
    std::uint64_t offset_ = 0;
    std::uint64_t source_at_ = 0;   ///< next byte to read
    std::size_t next_window_ = window_bytes;
    std::uint64_t suspect_begin_ = UINT64_MAX;
    std::uint64_t suspect_end_ = 0;
    std::deque<Checkpoint> checkpoints_;  ///< none while the text is the source
    std::uint64_t first_transcoded_ = UINT64_MAX;
    std::string raw_;    ///< bytes being transcoded
    std::string carry_;  ///< bytes of an unfinished character
    std::unique_ptr<Converter> converter_;
};

}  // namespace millrace::formats
