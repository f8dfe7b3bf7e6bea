#pragma once

#include <boost/describe/enum.hpp>

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "formats/format.hpp"
#include "work/zygote.hpp"

/// The text of documents that are no text: PDF, pictures, the files of offices, mail. `millrace-extract`, a program of its
/// own, reads them in children that can do nothing but answer.
namespace millrace::documents {

/// A word of a page that was read from a picture. Its box is in parts of the page, 0 to 1 from its top left.
struct Word {
    std::uint32_t start = 0, size = 0;  ///< bytes of the page's text
    double left = 0, top = 0, right = 0, bottom = 0;
    int confidence = 0;  ///< 0 to 100
};

enum class Origin { text, ocr };

struct Page {
    std::uint32_t number = 1;
    Origin origin = Origin::text;
    std::string text;          ///< laid out: what stands side by side on the page does so in a line
    std::vector<Word> words;   ///< of a page that was read from a picture
    int confidence = 100;      ///< 0 to 100, of reading the picture
};

/// A file inside of a document.
struct Attachment {
    std::string filename, media_type;
    std::string bytes;
};

/// What was read of a document. A document that could only be read in part says so in `problem`.
struct Extraction {
    std::string media_type, title, author, language, description;
    std::string encoding;  ///< of a file that is text
    std::vector<Page> pages;
    std::uint32_t pages_total = 0;
    std::vector<Attachment> attachments;
    std::string problem;  ///< of Error, empty when everything was read

    /// The text of all pages, a form feed between two.
    std::string text() const;
};

enum class Ocr { automatic, never, always };
BOOST_DESCRIBE_ENUM(Ocr, automatic, never, always)

struct ExtractOptions {
    Ocr ocr = Ocr::automatic;
    std::string languages = "eng+nld+deu+fra";  ///< of Tesseract; those that are not installed are left out
    std::uint32_t pages_max = 10'000;
};

struct ExtractorSettings {
    std::string program;  ///< path of millrace-extract; empty: the one beside this program
    std::uint64_t memory_bytes = 1ull << 30;
    std::chrono::seconds cpu{300};
    std::chrono::milliseconds silence{120'000};  ///< between two answers of a child
};

inline constexpr std::uint64_t document_bytes_max = 256u << 20;
inline constexpr std::uint64_t attachment_bytes_max = 64u << 20;  ///< of all of a document

/// Does `millrace-extract` read files that begin so? 64 KiB of the file are enough.
bool is_extracted(std::string_view head, std::string_view filename);
/// Does it begin like a message, or like a mailbox?
bool is_mail(std::string_view head);

/// Starts `millrace-extract` when it is first needed. Safe to use from several threads.
class Extractor {
public:
    explicit Extractor(ExtractorSettings settings = {});
    ~Extractor();
    Extractor(const Extractor&) = delete;
    Extractor& operator=(const Extractor&) = delete;

    /// Throws Error{extractor_missing | malformed_file | encrypted_file | unsupported_format | parser_limits | parser_crashed |
    /// payload_too_large | cancelled}. Where pages have come before something went wrong, they are the answer.
    Extraction extract(formats::Source& source, std::string_view filename, const ExtractOptions& options = {}, std::stop_token stop = {});

private:
    std::shared_ptr<work::Zygote> zygote();
    void forget(const std::shared_ptr<work::Zygote>& dead);

    ExtractorSettings settings_;
    std::mutex starting_;
    std::shared_ptr<work::Zygote> zygote_;
};

}  // namespace millrace::documents
