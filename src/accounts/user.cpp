#include "accounts/user.hpp"

#include "base/utf8.hpp"

namespace millrace::accounts {

Uuid user_id(std::string_view subject) {
    if (const auto id = Uuid::parse(subject); id && !id->is_nil()) return *id;
    return Uuid::from_name("user", subject);
}

Uuid organisation_id(std::string_view name) {
    if (const auto id = Uuid::parse(name); id && !id->is_nil()) return *id;
    return Uuid::from_name("organisation", name);
}

Organisation default_organisation() { return {.id = organisation_id("default"), .name = "default"}; }

bool is_subject(std::string_view text) {
    std::size_t characters = 0;
    while (!text.empty()) {
        const auto length = utf8_length(text);
        if (length == 0 || ++characters > 255) return false;
        const auto c = static_cast<unsigned char>(text[0]);
        if (length == 1 && (c < 0x20 || c == 0x7f)) return false;
        // U+0080 to U+009F are control characters too.
        if (length == 2 && c == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) return false;
        text.remove_prefix(length);
    }
    return characters > 0;
}

}  // namespace millrace::accounts
