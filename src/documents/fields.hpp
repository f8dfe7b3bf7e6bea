#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace millrace::documents {

struct Extraction;

/// What a document says, and where: bytes of the text of a page.
struct Field {
    std::string value;  ///< dates by ISO 8601, amounts with a point, codes without spaces
    std::uint32_t page = 0;  ///< index of the page
    std::uint32_t start = 0, end = 0;
    double confidence = 0;  ///< 0 to 1
};

/// What receipts and invoices say, in English, Dutch, German or French, without a model: by their words, forms and sums.
struct Fields {
    std::optional<Field> date, total, amount, amount_untaxed, invoice_number, currency, iban, vat, bic, company;
};

/// Never fails; what is not found is absent.
Fields find_fields(const Extraction& document);

/// All fields with their names.
std::array<std::pair<std::string_view, const std::optional<Field>&>, 10> named(const Fields& fields);

}  // namespace millrace::documents
