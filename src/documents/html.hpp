#pragma once

#include <string>
#include <string_view>

namespace millrace::documents {

/// What a page says to a person.
struct WebPage {
    std::string title;
    std::string description;  ///< of its meta element
    std::string language;     ///< of its html element
    std::string text;         ///< a paragraph a line, cells of a table with tabs between
};

/// Reads HTML as UTF-8, well-formed or not: one pass, no more memory than the text, never fails. Scripts, styles, templates
/// and comments are left out, so is what `hidden` says is not shown.
WebPage read_html(std::string_view html);

/// Does the text begin like HTML?
bool is_html(std::string_view head);

}  // namespace millrace::documents
