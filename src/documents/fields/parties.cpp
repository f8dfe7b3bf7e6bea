#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "documents/extraction.hpp"
#include "documents/fields/parts.hpp"

namespace millrace::documents::fields {
namespace {

constexpr std::size_t lines_of_head = 14;

bool has_word(std::string_view text, std::string_view word) {
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
        const auto end = at + word.size();
        if ((at == 0 || !is_word(text[at - 1])) && (end >= text.size() || !is_word(text[end]))) return true;
    }
    return false;
}

template <class Words>
bool has_any(std::string_view text, const Words& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return has_word(text, word); });
}

constexpr std::string_view forms[] = {"sdn bhd", "sdn. bhd", "sdn. bhd.", "bhd", "ltd", "limited", "inc", "llc", "plc", "corp", "gmbh", "gmbh & co", "ag", "kg", "ug", "e.k", "ohg", "b.v", "bv", "n.v", "nv", "v.o.f", "vof", "sarl", "s.a.r.l", "sas", "s.a.s", "s.a",
                                      "sa", "eurl", "enterprise", "trading", "pte ltd", "pty ltd", "s.p.a", "srl", "sprl", "& co", "company", "co"};
constexpr std::string_view trades[] = {"restaurant", "restoran", "cafe", "kedai", "supermarket", "market", "mart", "store", "shop", "winkel", "bakkerij", "apotheke", "boulangerie", "pharmacy", "hardware", "hotel", "bistro", "hypermarket", "stationery", "garage"};
constexpr std::string_view places[] = {"jalan", "jln", "lot", "taman", "street", "st", "road", "rd", "avenue", "straat", "strasse", "str", "weg", "laan", "rue", "postbus", "postfach", "box", "lorong", "selangor", "kuala lumpur", "johor", "plein", "platz", "persiaran", "floor", "ground floor", "suite"};
constexpr std::string_view no_names[] = {"invoice", "tax invoice", "receipt", "factuur", "rechnung", "facture", "kassabon", "quittung", "kassenbon", "ticket", "page", "pagina", "seite", "welcome", "thank", "copy", "cash bill", "www", "http", "https", "tel", "fax", "phone", "email", "e-mail", "iban", "bon", "simplified tax invoice", "official receipt", "original", "duplicate"};

struct Cell {
    Span span;
    std::string_view text;  ///< folded
};

std::vector<Cell> cells_of(const Line& line) {
    std::vector<Cell> cells;
    const std::string_view text = line.folded;
    for (std::size_t at = 0; at < text.size();) {
        at = std::min(text.find_first_not_of(' ', at), text.size());
        auto end = std::min(text.find("   ", at), text.size());
        if (at >= text.size()) break;
        const auto from = at;
        at = end;
        while (end > from && text[end - 1] == ' ') --end;
        cells.push_back({{static_cast<int>(from), static_cast<int>(end)}, text.substr(from, end - from)});
    }
    return cells;
}

double share_of_letters(std::string_view text) {
    const auto letters = std::ranges::count_if(text, is_letter);
    return text.empty() ? 0 : static_cast<double>(letters) / static_cast<double>(text.size());
}

/// "BOOK SHOP SDN BHD (123456-X)" without the number behind it.
Span without_registration(const Line& line, Span span) {
    const auto open = line.folded.find('(', static_cast<std::size_t>(span.start) + 3);
    if (open == std::string::npos || open >= static_cast<std::size_t>(span.end)) return span;
    const auto inside = std::string_view{line.folded}.substr(open, static_cast<std::size_t>(span.end) - open);
    if (std::ranges::count_if(inside, is_digit) < 4) return span;
    span.end = static_cast<int>(open);
    while (span.end > span.start && line.folded[static_cast<std::size_t>(span.end) - 1] == ' ') --span.end;
    return span;
}

/// A name without specks of the paper around it; "B.V." keeps its dot.
Span trimmed(const Line& line, Span span) {
    const auto at = [&](int column) { return line.plain[static_cast<std::size_t>(column)]; };
    while (span.start < span.end && !is_word(at(span.start)) && at(span.start) != '(') ++span.start;
    while (span.end > span.start + 2 && !is_word(at(span.end - 1)) && at(span.end - 1) != ')' && !(at(span.end - 1) == '.' && (at(span.end - 3) == '.' || at(span.end - 3) == ' '))) --span.end;
    return span;
}

bool follows_customer(const std::vector<Line>& lines, std::size_t number, Span cell) {
    for (std::size_t up = 0; up <= 3 && up <= number; ++up) {
        for (const auto& label : lines[number - up].labels) {
            if (label.kind == Kind::customer && std::abs(label.start - cell.start) < 12) return true;
        }
    }
    return false;
}

double name_score(const std::vector<Line>& lines, std::size_t number, const Cell& cell) {
    const auto& line = lines[number];
    double score = 4 - 0.35 * static_cast<double>(std::min(number, lines_of_head * 2));
    if (has_any(cell.text, forms)) score += 4;
    if (has_any(cell.text, trades)) score += 1.5;
    if (has_any(cell.text, places)) score -= 2.5;
    if (has_any(cell.text, no_names)) score -= 4;
    if (cell.text.find('@') != cell.text.npos || cell.text.find(':') != cell.text.npos) score -= 3;
    if (std::ranges::any_of(line.labels, [&](const Label& label) { return label.start >= cell.span.start && label.end <= cell.span.end && label.end - label.start > 3; })) score -= 2.5;
    if (std::ranges::count_if(cell.text, is_letter) < 3) score -= 6;
    if (share_of_letters(cell.text) < 0.55) score -= 2;
    if (cell.text.size() > 60) score -= 4;
    if (follows_customer(lines, number, cell.span)) score -= 5;
    return score;
}

struct Sign {
    std::string_view text, code;
    double weight;
};

constexpr Sign currency_signs[] = {
    {"rm", "MYR", 1}, {"myr", "MYR", 1.5}, {"ringgit", "MYR", 1}, {"eur", "EUR", 1.5}, {"euro", "EUR", 1}, {"usd", "USD", 2}, {"gbp", "GBP", 1.5}, {"chf", "CHF", 1.5}, {"inr", "INR", 1.5}, {"rs", "INR", 1}, {"sgd", "SGD", 1.5}, {"aud", "AUD", 2}, {"cad", "CAD", 2},
    {"sdn bhd", "MYR", 0.4}, {"malaysia", "MYR", 0.2}, {"johor", "MYR", 0.2}, {"selangor", "MYR", 0.2}, {"gmbh", "EUR", 0.1}, {"btw", "EUR", 0.1}, {"mwst", "EUR", 0.1}, {"tva", "EUR", 0.1}, {"gstin", "INR", 0.4},
};

struct Vote {
    double weight = 0;
    std::size_t line = 0;
    Span span;
};

void vote(std::map<std::string_view, Vote>& votes, std::string_view code, double weight, std::size_t line, Span span) {
    auto& all = votes[code];
    if (all.weight == 0) all.line = line, all.span = span;
    all.weight += weight;
}

}  // namespace

std::optional<Field> find_company(const std::vector<Line>& lines) {
    double best = 0, second = 0;
    std::optional<Field> found;
    for (std::size_t number = 0; number < lines.size(); ++number) {
        for (const auto& cell : cells_of(lines[number])) {
            if (number >= lines_of_head && !has_any(cell.text, forms)) continue;
            const auto score = name_score(lines, number, cell);
            if (score <= best) {
                second = std::max(second, score);
                continue;
            }
            second = best, best = score;
            const auto span = trimmed(lines[number], without_registration(lines[number], cell.span));
            found = field_at(lines[number], span, {}, confidence_of(best, second));
        }
    }
    return found;
}

std::optional<Field> find_currency(const std::vector<Line>& lines) {
    std::map<std::string_view, Vote> votes;
    for (std::size_t number = 0; number < lines.size(); ++number) {
        const std::string_view text = lines[number].folded;
        for (std::size_t at = 0; at < text.size(); ++at) {
            const Span here{static_cast<int>(at), static_cast<int>(at) + 1};
            if (text[at] == euro) vote(votes, "EUR", 1, number, here);
            else if (text[at] == pound) vote(votes, "GBP", 1, number, here);
            else if (text[at] == rupee) vote(votes, "INR", 1, number, here);
            else if (text[at] == yen) vote(votes, "JPY", 1, number, here);
            else if (text[at] == '$') vote(votes, at > 0 && text[at - 1] == 's' ? "SGD" : at > 0 && text[at - 1] == 'a' ? "AUD" : "USD", 0.9, number, here);
            if (at > 0 && is_letter(text[at - 1])) continue;
            for (const auto& sign : currency_signs) {
                const auto end = at + sign.text.size();
                if (text.substr(at).starts_with(sign.text) && (end >= text.size() || !is_letter(text[end]))) vote(votes, sign.code, sign.weight, number, {static_cast<int>(at), static_cast<int>(end)});
            }
        }
    }
    const auto best = std::ranges::max_element(votes, {}, [](const auto& entry) { return entry.second.weight; });
    if (best == votes.end()) return std::nullopt;
    return field_at(lines[best->second.line], best->second.span, std::string{best->first}, std::min(0.98, 0.5 + 0.15 * best->second.weight));
}

namespace {

bool may_be_number(std::string_view text, const std::vector<Span>& dates, Span span) {
    const auto digits = std::ranges::count_if(text, is_digit);
    if (digits == 0 || text.size() < 3 || text.size() > 30) return false;
    if (std::ranges::any_of(dates, [&](const Span& date) { return date.start < span.end && span.start < date.end; })) return false;
    const auto dot = text.find_first_of(".,");
    return dot == text.npos || text.find_first_not_of("0123456789.,") != text.npos;
}

struct Token {
    Span span;
    std::string text;
};

/// The first number from a column on, in the plain text of a line.
std::optional<Token> number_from(const Line& line, std::size_t from, std::size_t reach, const std::vector<Span>& dates) {
    const auto& text = line.plain;
    for (auto at = from; at < text.size() && at < from + reach; ++at) {
        if (!is_word(text[at])) continue;
        auto end = at;
        while (end < text.size() && (is_word(text[end]) || ((text[end] == '-' || text[end] == '/' || text[end] == '.' || text[end] == '_') && end + 1 < text.size() && is_word(text[end + 1])))) ++end;
        const Span span{static_cast<int>(at), static_cast<int>(end)};
        if (may_be_number({text.data() + at, end - at}, dates, span)) return Token{span, text.substr(at, end - at)};
        // A word in between ends the search, unless it belongs to the label: "No", "Nr".
        if (end - at > 4 && std::ranges::none_of(text.substr(at, end - at), is_digit)) return std::nullopt;
        at = end;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Field> find_invoice_number(const std::vector<Line>& lines) {
    const auto dates = spans_of_dates(lines);
    std::optional<Field> found;
    double best = 0;
    for (std::size_t number = 0; number < lines.size(); ++number) {
        for (const auto& label : lines[number].labels) {
            if (label.kind != Kind::invoice_number) continue;
            // "Invoice" alone is weaker than "Invoice number"; labels further down are weaker than those above.
            const double weight = (label.end - label.start > 8 ? 3 : 1.5) - static_cast<double>(number) / static_cast<double>(lines.size());
            auto token = number_from(lines[number], static_cast<std::size_t>(label.end), 70, dates[number]);
            std::size_t line = number;
            double score = weight + 1;
            for (std::size_t down = 1; !token && down <= 2 && number + down < lines.size(); ++down) {
                line = number + down;
                token = number_from(lines[line], static_cast<std::size_t>(std::max(0, label.start - 4)), static_cast<std::size_t>(label.end - label.start + 10), dates[line]);
                score = weight;
            }
            if (!token || score <= best) continue;
            best = score;
            found = field_at(lines[line], token->span, token->text, std::min(0.95, 0.4 + 0.13 * score));
        }
    }
    return found;
}

Field field_at(const Line& line, Span span, std::string value, double confidence) {
    return {.value = std::move(value), .page = line.page, .start = line.offsets[static_cast<std::size_t>(span.start)],
            .end = line.offsets[static_cast<std::size_t>(span.end)], .confidence = std::round(confidence * 100) / 100};
}

double confidence_of(double best, double second) {
    return std::clamp(0.3 + 0.05 * best + 0.04 * (best - second), 0.05, 0.99);
}

}  // namespace millrace::documents::fields

namespace millrace::documents {
namespace {

/// Is it the dollar of the United States, where the month is written first?
bool writes_month_first(const std::vector<fields::Line>& lines, const std::optional<Field>& currency) {
    if (!currency || currency->value != "USD") return false;
    return std::ranges::none_of(lines, [](const fields::Line& line) {
        return fields::has_any(line.folded, std::array<std::string_view, 7>{"gst", "abn", "vat", "btw", "mwst", "tva", "pty"});
    });
}

}  // namespace

Fields find_fields(const Extraction& document) {
    const auto lines = fields::lines_of(document);
    if (lines.empty()) return {};
    Fields found;
    found.currency = fields::find_currency(lines);
    found.date = fields::find_date(lines, writes_month_first(lines, found.currency));
    auto amounts = fields::find_amounts(lines);
    found.total = amounts.total;
    found.amount = std::move(amounts.total);
    found.amount_untaxed = std::move(amounts.untaxed);
    found.invoice_number = fields::find_invoice_number(lines);
    found.iban = fields::find_iban(lines);
    found.vat = fields::find_vat(lines);
    found.bic = fields::find_bic(lines);
    found.company = fields::find_company(lines);
    if (found.company) {
        auto& company = *found.company;
        company.value = document.pages[company.page].text.substr(company.start, company.end - company.start);
    }
    return found;
}

std::array<std::pair<std::string_view, const std::optional<Field>&>, 10> named(const Fields& fields) {
    return {{{"date", fields.date}, {"total", fields.total}, {"amount", fields.amount}, {"amount_untaxed", fields.amount_untaxed},
             {"invoice_number", fields.invoice_number}, {"currency", fields.currency}, {"iban", fields.iban}, {"vat", fields.vat},
             {"bic", fields.bic}, {"company", fields.company}}};
}

}  // namespace millrace::documents
