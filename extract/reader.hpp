#pragma once

#include <span>
#include <string_view>

#include "documents/protocol.hpp"

/// What reads documents, in a child that can do nothing but talk to its parent.
namespace millrace::extract {

/// What a reader finds, as it finds it.
struct Output {
    virtual ~Output() = default;
    /// Numbers the page and sends it on; false when no more are wanted.
    virtual bool page(documents::Page page) = 0;
    virtual void attach(documents::Attachment attachment) = 0;

    documents::Summary summary;
};

struct Input {
    std::string_view bytes;
    std::string_view filename;
    documents::Ocr ocr = documents::Ocr::automatic;
    std::string_view languages;
};

/// A kind of document. A new one is a line in catalog.cpp.
struct Reader {
    bool (*recognises)(std::string_view bytes, std::string_view filename);
    /// Throws Error{malformed_file | encrypted_file | archive_limits | parser_limits}.
    void (*read)(const Input& input, Output& output);
};

/// All kinds, in the order in which they are asked.
std::span<const Reader> catalog();

bool is_pdf(std::string_view bytes, std::string_view filename);
void read_pdf(const Input& input, Output& output);
/// This and warm_up_mail before the first document: load what reading needs of files, which children cannot open.
void warm_up_pdf();

bool is_image(std::string_view bytes, std::string_view filename);
void read_image(const Input& input, Output& output);

bool is_office(std::string_view bytes, std::string_view filename);
void read_office(const Input& input, Output& output);

bool is_mail(std::string_view bytes, std::string_view filename);
void read_mail(const Input& input, Output& output);
void warm_up_mail();

}  // namespace millrace::extract
