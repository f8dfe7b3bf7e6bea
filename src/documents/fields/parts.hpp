#pragma once

#include <optional>
#include <vector>

#include "documents/fields.hpp"
#include "documents/fields/lines.hpp"

namespace millrace::documents::fields {

/// The field that stands in these columns of a line.
Field field_at(const Line& line, Span span, std::string value, double confidence);
/// 0 to 1 for the lead of the best of several candidates.
double confidence_of(double best, double second);

/// Of the whole document: what money is it about?
std::optional<Field> find_currency(const std::vector<Line>& lines);
/// `month_first`: what 03/04/2020 means where nothing in the document tells.
std::optional<Field> find_date(const std::vector<Line>& lines, bool month_first);

struct Amounts {
    std::optional<Field> total, untaxed;
};
Amounts find_amounts(const std::vector<Line>& lines);

std::optional<Field> find_iban(const std::vector<Line>& lines);
std::optional<Field> find_vat(const std::vector<Line>& lines);
std::optional<Field> find_bic(const std::vector<Line>& lines);
std::optional<Field> find_invoice_number(const std::vector<Line>& lines);
std::optional<Field> find_company(const std::vector<Line>& lines);

/// Columns of the dates of each line, which are no amounts.
std::vector<std::vector<Span>> spans_of_dates(const std::vector<Line>& lines);

}  // namespace millrace::documents::fields
