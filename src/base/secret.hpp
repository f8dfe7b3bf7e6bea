#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace millrace {

/// A text that is never printed, logged or written as JSON by accident: it converts to nothing. Code that needs it says
/// `expose()`, which is easy to search for.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string text) : text_{std::move(text)} {}

    const std::string& expose() const { return text_; }
    bool empty() const { return text_.empty(); }
    std::size_t size() const { return text_.size(); }
    bool operator==(const Secret&) const = default;

private:
    std::string text_;
};

}  // namespace millrace
