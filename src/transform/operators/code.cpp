#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "base/uuid.hpp"
#include "transform/detail/checks.hpp"
#include "transform/detail/text.hpp"
#include "transform/operators/groups.hpp"

namespace millrace::transform {
namespace {

Bound bind_hash(const Site&) {
    return text_to_text([](std::string_view text, Scratch& scratch) { return scratch.keep(to_hex(sha256(text))); });
}

/// RFC 9562 section 5.5: SHA-1 of the namespace and the name.
std::string uuid5(const std::array<unsigned char, 16>& space, std::string_view name) {
    std::string input{reinterpret_cast<const char*>(space.data()), space.size()};
    input += name;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(input.data(), input.size(), digest.data(), &size, EVP_sha1(), nullptr);
    digest[6] = static_cast<unsigned char>((digest[6] & 0x0f) | 0x50);
    digest[8] = static_cast<unsigned char>((digest[8] & 0x3f) | 0x80);
    auto hex = to_hex({reinterpret_cast<const char*>(digest.data()), 16});
    for (const std::size_t at : {8u, 13u, 18u, 23u}) hex.insert(at, "-");
    return hex;
}

Bound bind_uuid5(const Site& site) {
    auto space = site.text("namespace");
    if (space == "dns") space = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    if (space == "url") space = "6ba7b811-9dad-11d1-80b4-00c04fd430c8";
    if (!is_uuid(space)) Site::refuse("a namespace is a UUID, dns or url", 0);
    std::erase(space, '-');
    std::array<unsigned char, 16> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(std::stoi(space.substr(2 * i, 2), nullptr, 16));
    return text_to_text([bytes](std::string_view name, Scratch& scratch) { return scratch.keep(uuid5(bytes, name)); });
}

const Check& check_of(const Site& site) {
    const auto* check = find_check(site.text("format"));
    if (!check) Site::refuse("the formats are " + check_names(), 1);
    return *check;
}

Bound bind_is_format(const Site& site) { return text_to_bool(check_of(site).holds); }

/// A code in its usual form; an error when it is not valid even so.
Bound normalised(bool (*holds)(std::string_view), std::string (*repair)(std::string_view), std::string_view code) {
    return {.type = {Kind::text}, .run = [holds, repair, code](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            const auto made = repair(text);
            if (!holds(made)) return call.fail(row, code, text);
            call.out.texts[row] = made == text ? text : call.frame.scratch.keep(made);
        });
    }};
}

Bound bind_iban(const Site&) { return normalised(is_iban, letters_and_digits, "not_an_iban"); }
Bound bind_ean(const Site&) { return normalised(is_ean, letters_and_digits, "not_an_ean"); }
Bound bind_vat(const Site&) { return normalised(is_vat, letters_and_digits, "not_a_vat_number"); }
Bound bind_email(const Site&) {
    return normalised(is_email, [](std::string_view text) { return to_case(trim(text), Case::lower); }, "not_an_email");
}

Bound bind_phone(const Site& site) {
    const auto country = site.text("country");
    if (!country.empty() && !knows_phones_of(country)) Site::refuse("the numbers of \"" + country + "\" are not known", 1);
    return {.type = {Kind::text}, .run = [country](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            const auto made = to_e164(text, country);
            if (made.empty()) return call.fail(row, "not_a_phone_number", text);
            call.out.texts[row] = call.frame.scratch.keep(made);
        });
    }};
}

struct Name {
    std::string_view first, prefix, last;
};

/// "Vries, Jan de" and "Jan de Vries": what is in small letters before the last name is its prefix.
Name split_name(std::string_view text) {
    text = trim(text);
    Name name;
    if (const auto comma = text.find(','); comma != text.npos) {
        name.last = trim(text.substr(0, comma));
        name.first = trim(text.substr(comma + 1));
        // The prefix stands behind the first name then.
        for (auto space = name.first.find(' '); space != name.first.npos; space = name.first.find(' ', space + 1)) {
            if (space + 1 < name.first.size() && std::islower(static_cast<unsigned char>(name.first[space + 1]))) {
                name.prefix = trim(name.first.substr(space));
                name.first = name.first.substr(0, space);
                break;
            }
        }
        return name;
    }
    const auto end = text.rfind(' ');
    if (end == text.npos) return {.first = {}, .prefix = {}, .last = text};
    std::size_t last = end + 1, prefix = last;
    for (std::size_t space = text.find(' '); space != text.npos; space = text.find(' ', space + 1)) {
        if (space + 1 < last && std::islower(static_cast<unsigned char>(text[space + 1]))) {
            prefix = space + 1;
            break;
        }
    }
    name.first = trim(text.substr(0, prefix));
    name.prefix = trim(text.substr(prefix, last - prefix));
    name.last = text.substr(last);
    // Behind the prefix everything is the last name: "de la Cruz Santos".
    std::size_t begin = prefix;
    while (begin < last && std::islower(static_cast<unsigned char>(text[begin]))) {
        const auto space = text.find(' ', begin);
        begin = space == text.npos ? last : space + 1;
    }
    if (prefix < last) {
        name.prefix = trim(text.substr(prefix, begin - prefix));
        name.last = text.substr(begin);
    }
    return name;
}

Bound bind_name_part(const Site& site) {
    const auto part = site.text("part");
    const auto member = part == "first" ? &Name::first : part == "prefix" ? &Name::prefix : part == "last" ? &Name::last : nullptr;
    if (!member) Site::refuse("a part is first, prefix or last", 1);
    return {.type = {Kind::text}, .run = [member](Call& call) {
        each(call, [&](std::size_t row) {
            const auto found = split_name(call.arg(0).texts[row]).*member;
            if (found.empty()) return call.out.set_state(row, State::missing);
            call.out.texts[row] = found;
        });
    }};
}

Bound bind_address_part(const Site& site) {
    const auto part = site.text("part");
    const int group = part == "street" ? 1 : part == "number" ? 2 : part == "addition" ? 3 : 0;
    if (group == 0) Site::refuse("a part is street, number or addition", 1);
    return {.type = {Kind::text}, .run = [group](Call& call) {
        each(call, [&](std::size_t row) {
            // The street, then the first number that nothing but an addition follows.
            const auto text = trim(call.arg(0).texts[row]);
            std::size_t end = text.size();
            std::size_t number = text.npos, number_end = 0;
            for (std::size_t at = 1; at < end; ++at) {
                if (!std::isdigit(static_cast<unsigned char>(text[at])) || text[at - 1] != ' ') continue;
                number = at;
                number_end = std::min(text.find_first_not_of("0123456789", at), end);
                const auto rest = trim(text.substr(number_end));
                if (rest.size() <= 6) break;
                number = text.npos;
            }
            if (number == text.npos) {
                if (group != 1) return call.out.set_state(row, State::missing);
                call.out.texts[row] = text;
                return;
            }
            auto addition = trim(text.substr(number_end));
            while (addition.starts_with('-') || addition.starts_with('/') || addition.starts_with(' ')) addition.remove_prefix(1);
            auto street = trim(text.substr(0, number));
            if (street.ends_with(',')) street.remove_suffix(1);
            const auto found = group == 1 ? street : group == 2 ? text.substr(number, number_end - number) : addition;
            if (found.empty()) return call.out.set_state(row, State::missing);
            call.out.texts[row] = found;
        });
    }};
}

constexpr Operator operators[] = {
    {"hash(text: text) -> text", "SHA-256 in hex.", "left(hash('abc'), 8) = 'ba7816bf'", bind_hash},
    {"uuid5(namespace: const text, name: text) -> text", "The UUID of a name, version 5; the same name gives the same. Namespace: a UUID, dns or url.", "uuid5('dns', 'python.org') = '886313e1-3b8a-5372-9b90-0c9aee199e5d'", bind_uuid5},
    {"is_format(text: text, format: const text) -> bool", "Is it valid as bic, country, currency, ean, email, iban, ip, isbn, luhn, phone, url, uuid or vat, check digits included?", "is_format('NL91ABNA0417164300', 'iban') = true", bind_is_format},
    {"normalise_iban(text: text) -> text", "Upper case without spaces; an error when length or check digits are wrong.", "normalise_iban('nl91 abna 0417 1643 00') = 'NL91ABNA0417164300'", bind_iban},
    {"normalise_ean(text: text) -> text", "EAN-8, UPC, EAN-13 or GTIN-14, digits only; an error when the check digit is wrong.", "normalise_ean('4 006381 333931') = '4006381333931'", bind_ean},
    {"normalise_vat(text: text) -> text", "VAT number of the EU, GB or NO in capitals, without points and spaces; an error when it cannot be one.", "normalise_vat('be 0411.905.847') = 'BE0411905847'", bind_vat},
    {"normalise_email(text: text) -> text", "Trimmed, in lower case; an error when it is none.", "normalise_email(' Jan@Example.COM ') = 'jan@example.com'", bind_email},
    {"normalise_phone(text: text, country: const text = '') -> text", "By E.164; numbers without a country belong to `country`.", "normalise_phone('(06) 12 34 56 78', 'NL') = '+31612345678'", bind_phone},
    {"name_part(text: text, part: const text) -> text", "The first, prefix or last part of a person's name, in either order.", "name_part('Jan de Vries', 'prefix') = 'de'", bind_name_part},
    {"address_part(text: text, part: const text) -> text", "The street, number or addition of an address line.", "address_part('Lange Straat 12-a', 'number') = '12'", bind_address_part},
};

}  // namespace

std::span<const Operator> code_operators() { return operators; }

}  // namespace millrace::transform
