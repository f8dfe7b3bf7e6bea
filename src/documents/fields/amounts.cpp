#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>

#include "documents/fields/parts.hpp"

namespace millrace::documents::fields {
namespace {

using Cents = std::int64_t;

enum class Meaning { none, total, subtotal, untaxed, tax, paid, cash, change, trap };

struct Amount {
    std::size_t line = 0;
    Span span;
    Cents cents = 0;
    bool decimals = false, money = false;  ///< written with cents, beside a sign of money
    bool marks = false;                    ///< between its digits
    Meaning meaning = Meaning::none;
    double score = 0;
};

bool is_money_sign(char c) { return c == '$' || c == euro || c == pound || c == rupee || c == yen; }

/// Reads the amounts of a line from the left.
class Scanner {
public:
    explicit Scanner(std::string_view text) : text_{text} {}

    std::vector<Amount> all(const std::vector<Span>& dates) {
        std::vector<Amount> found;
        for (std::size_t at = 0; at < text_.size();) {
            const auto date = std::ranges::find(dates, static_cast<int>(at), &Span::start);
            if (date != dates.end()) {
                at = static_cast<std::size_t>(date->end);
                continue;
            }
            if (!is_digit(text_[at]) || (at > 0 && (is_digit(text_[at - 1]) || !may_begin(at)))) {
                ++at;
                continue;
            }
            auto end = end_of(at);
            if (lost_its_mark(at, end)) end += 3;
            if (auto amount = read(at, end)) found.push_back(*amount);
            at = end;
        }
        return found;
    }

private:
    char at(std::size_t i) const { return i < text_.size() ? text_[i] : ' '; }
    char before(std::size_t i) const { return i > 0 ? text_[i - 1] : ' '; }

    /// "RM12.50" is an amount, "A12" is not, ".5" and "/12" go on.
    bool may_begin(std::size_t i) const {
        if (text_[i - 1] == '/' || text_[i - 1] == '#') return false;
        if (!is_letter(text_[i - 1])) return true;
        auto from = i;
        while (from > 0 && is_letter(text_[from - 1])) --from;
        const auto word = text_.substr(from, i - from);
        return word == "rm" || word == "eur" || word == "usd" || word == "rs" || word == "gbp" || word == "chf" || word == "myr" || word == "s" || word == "inr" || word == "r";
    }

    /// Where digits and the marks between them end. A space stands between thousands, or (in scans) beside the mark.
    std::size_t end_of(std::size_t i) const {
        while (i < text_.size()) {
            const auto digits = [&](std::size_t from) {
                std::size_t count = 0;
                while (is_digit(at(from + count))) ++count;
                return count;
            };
            if (is_digit(text_[i])) ++i;
            else if ((text_[i] == '.' || text_[i] == ',' || text_[i] == '\'') && is_digit(at(i + 1))) ++i;
            else if ((text_[i] == '.' || text_[i] == ',') && at(i + 1) == ' ' && digits(i + 2) == 2 && !is_word(at(i + 4)) && at(i + 4) != '.' && at(i + 4) != ',') i += 2;
            else if (text_[i] == ' ' && digits(i + 1) == 3 && (at(i + 4) == ',' || at(i + 4) == '.') && digits(i + 5) == 2) ++i;
            else if (text_[i] == ' ' && (at(i + 1) == '.' || at(i + 1) == ',') && digits(i + 2) == 2 && !is_word(at(i + 4))) ++i;
            else break;
        }
        return i;
    }

    /// "444 33" at the end of a line has lost its mark on a picture.
    bool lost_its_mark(std::size_t from, std::size_t end) const {
        return end > from + 2 && at(end) == ' ' && is_digit(at(end + 1)) && is_digit(at(end + 2)) && text_.find_first_not_of(' ', end + 3) == text_.npos &&
               std::all_of(text_.begin() + static_cast<std::ptrdiff_t>(from), text_.begin() + static_cast<std::ptrdiff_t>(end), is_digit);
    }

    std::optional<Amount> read(std::size_t from, std::size_t end) const {
        std::string digits;
        std::size_t last_mark = std::string::npos, marks = 0;
        bool same = true;
        char mark = 0;
        for (auto i = from; i < end; ++i) {
            if (is_digit(text_[i])) digits += text_[i];
            else if (text_[i] != ' ' || lost_its_mark(from, i)) {
                same = same && (mark == 0 || mark == text_[i]);
                mark = text_[i], last_mark = i, ++marks;
            }
        }
        if (digits.empty() || digits.size() > 13) return std::nullopt;
        std::size_t tail = 0;
        if (last_mark != std::string::npos) {
            for (auto i = last_mark; i < end; ++i) tail += is_digit(text_[i]);
        }
        Amount amount;
        int decimals = 0;
        if (marks > 0 && tail == 2 && (marks == 1 || !same)) decimals = 2;
        else if (marks > 0 && tail == 1 && marks == 1) decimals = 1;
        else if (marks > 1 && same && tail != 3) return std::nullopt;  // a number of a kind, "12.34.56"
        else if (marks > 0 && tail != 3) return std::nullopt;
        amount.cents = std::atoll(digits.c_str()) * (decimals == 2 ? 1 : decimals == 1 ? 10 : 100);
        amount.decimals = decimals == 2;
        amount.marks = marks > 0;
        amount.span = {static_cast<int>(from), static_cast<int>(end)};
        if (is_excluded(from, end)) return std::nullopt;
        amount.money = money_beside(from, end);
        if (before(from) == '-' && (from < 2 || !is_word(text_[from - 2]))) amount.cents = -amount.cents;
        if (at(end) == '-' && !is_word(at(end + 1)) && decimals == 0) amount.money = true;  // "12,-"
        if (marks == 0 && !amount.money && digits.size() > 6) return std::nullopt;
        return amount;
    }

    /// Percentages, times, measures and parts of longer codes.
    bool is_excluded(std::size_t from, std::size_t end) const {
        auto next = end;
        while (at(next) == ' ' && next < end + 2) ++next;
        if (at(next) == '%' || at(end) == ':' || (before(from) == ':' && from > 1 && is_digit(text_[from - 2]))) return true;
        if ((before(from) == '-' || before(from) == '.') && from > 1 && is_word(text_[from - 2])) return true;
        if (at(end) == '-' && is_word(at(end + 1))) return true;
        if (is_letter(at(end))) {
            const auto word = text_.substr(end, 3);
            return !(word.starts_with("eur") || word.starts_with("sr") || word.starts_with("zr") || word.starts_with("usd") || word.starts_with("chf") || word.starts_with("e") || !is_word(at(end + 1)));
        }
        return false;
    }

    bool money_beside(std::size_t from, std::size_t end) const {
        auto left = from;
        while (left > 0 && (text_[left - 1] == ' ' || text_[left - 1] == ':' || text_[left - 1] == '-') && from - left < 3) --left;
        if (left > 0 && is_money_sign(text_[left - 1])) return true;
        auto right = end;
        while (right < std::min(text_.size(), end + 2) && text_[right] == ' ') ++right;
        if (is_money_sign(at(right))) return true;
        for (const std::string_view code : {"eur", "usd", "gbp", "chf", "rm", "myr", "rs", "inr", "rs."}) {
            if (text_.substr(right).starts_with(code) && !is_word(at(right + code.size()))) return true;
            if (left >= code.size() && text_.substr(left - code.size(), code.size()) == code && (left == code.size() || !is_word(text_[left - code.size() - 1]))) return true;
        }
        return false;
    }

    std::string_view text_;
};

Meaning meaning_of(const Governed& labels, double& score) {
    const bool total = labels.has(Kind::total), grand = labels.has(Kind::grand), included = labels.has(Kind::included);
    score = 0;
    if (labels.has(Kind::trap) && !grand) return Meaning::trap;
    if (labels.has(Kind::change) && !total && !grand) return Meaning::change;
    if (labels.has(Kind::subtotal) && !included) return score = 2, Meaning::subtotal;
    if (labels.has(Kind::excluded) && !included && !grand) return score = 1, Meaning::untaxed;
    if (grand) return score = included ? 10.5 : 10, Meaning::total;
    if (total && included) return score = 9.5, Meaning::total;
    if (labels.has(Kind::tax) && !included) return Meaning::tax;
    if (total) return score = 7.5, Meaning::total;
    if (labels.has(Kind::cash)) return Meaning::cash;
    if (labels.has(Kind::paid)) return score = 2, Meaning::paid;
    if (included) return score = 5, Meaning::total;
    // Above a column it is the word for every amount in it.
    if (labels.has(Kind::amount) && labels.weight == 1) return score = 6, Meaning::total;
    return Meaning::none;
}

std::vector<std::vector<Span>> spans(const std::vector<Amount>& amounts, std::size_t lines) {
    std::vector<std::vector<Span>> all(lines);
    for (const auto& amount : amounts) all[amount.line].push_back(amount.span);
    return all;
}

/// The sums of a document hold together, whatever its labels are.
class Ledger {
public:
    explicit Ledger(std::vector<Amount>& amounts) : amounts_{amounts} {
        for (const auto& amount : amounts) ++counts_[amount.cents];
    }

    void judge() {
        restore_marks();
        split_rows();
        Cents highest = 0;
        for (const auto& amount : amounts_) {
            if (amount.decimals && (amount.meaning == Meaning::none || amount.meaning == Meaning::total)) highest = std::max(highest, amount.cents);
        }
        for (auto& amount : amounts_) {
            if (amount.meaning == Meaning::trap || amount.meaning == Meaning::tax || amount.meaning == Meaning::change) {
                amount.score = -5;
                continue;
            }
            amount.score += 0.4 * std::min(3, counts_[amount.cents] - 1);
            if (is_cash_less_change(amount.cents)) amount.score += 4;
            if (is_sum_with_tax(amount)) amount.score += 3;
            if (any(Meaning::paid, amount.cents) && amount.meaning != Meaning::paid) amount.score += 1.5;
            if (amount.cents == highest) amount.score += 1;
            if (amount.cents <= 0) amount.score -= 8;
            if (!amount.decimals) amount.score -= amount.money ? 1 : amount.meaning == Meaning::total ? 3 : 6;
            if (amount.money) amount.score += 0.5;
        }
    }

    /// "Total 31.98 1.92 33.90": net, tax and their sum; "Total 31.98 1.92" of a table of taxes: no total.
    void split_rows() {
        for (std::size_t i = 0; i + 1 < amounts_.size(); ++i) {
            auto& a = amounts_[i];
            auto& b = amounts_[i + 1];
            if (a.line != b.line || a.meaning != Meaning::total || b.meaning == Meaning::total || b.cents <= 0) continue;
            auto* c = i + 2 < amounts_.size() && amounts_[i + 2].line == a.line ? &amounts_[i + 2] : nullptr;
            if (c != nullptr && std::llabs(a.cents + b.cents - c->cents) <= 1) {
                c->meaning = Meaning::total, c->score = a.score;
                a.meaning = Meaning::untaxed, a.score = 1;
                b.meaning = Meaning::tax;
            } else if (a.decimals && b.decimals && b.cents * 10 < a.cents * 3) {
                a.meaning = Meaning::untaxed, a.score = 1;
                b.meaning = Meaning::tax;
            } else if (b.decimals) {
                b.meaning = Meaning::total, b.score = a.score;
                a.score -= 2;
            }
        }
    }

    bool is_sum_with_tax(const Amount& total) const {
        for (const auto& net : amounts_) {
            if ((net.meaning != Meaning::untaxed && net.meaning != Meaning::subtotal) || net.cents <= 0 || net.cents >= total.cents) continue;
            if (std::ranges::any_of(amounts_, [&](const Amount& tax) { return tax.meaning == Meaning::tax && tax.cents > 0 && std::llabs(net.cents + tax.cents - total.cents) <= 4; })) return true;
        }
        return false;
    }

private:
    /// Where all amounts have cents, one without a mark has lost it on a picture.
    void restore_marks() {
        const auto with_cents = std::ranges::count_if(amounts_, &Amount::decimals);
        for (auto& amount : amounts_) {
            if (amount.meaning != Meaning::total || amount.decimals || amount.marks || amount.cents < 100'00 || with_cents < 3) continue;
            amount.cents /= 100;
            amount.decimals = true;
            amount.score -= 3;
        }
    }

    bool any(Meaning meaning, Cents cents) const {
        return std::ranges::any_of(amounts_, [&](const Amount& other) { return other.meaning == meaning && other.cents == cents; });
    }
    bool is_cash_less_change(Cents cents) const {
        for (const auto& cash : amounts_) {
            if (cash.meaning != Meaning::cash && cash.meaning != Meaning::paid) continue;
            for (const auto& change : amounts_) {
                if (change.meaning == Meaning::change && cash.cents > cents && cash.cents - change.cents == cents) return true;
            }
        }
        return false;
    }

    std::vector<Amount>& amounts_;
    std::map<Cents, int> counts_;
};

std::string text_of(Cents cents) { return fmt::format("{}{}.{:02}", cents < 0 ? "-" : "", std::llabs(cents) / 100, std::llabs(cents) % 100); }

/// The best amount, the later of two that are as good.
const Amount* best_of(const std::vector<Amount>& amounts, double& second) {
    const Amount* best = nullptr;
    for (const auto& amount : amounts) {
        if (best == nullptr || amount.score >= best->score) best = &amount;
    }
    second = 0;
    for (const auto& amount : amounts) {
        if (best != nullptr && amount.cents != best->cents) second = std::max(second, amount.score);
    }
    return best;
}

/// What stands before taxes: a sum that fits the total, or the one that says so.
const Amount* net_of(const std::vector<Amount>& amounts, const Amount& total) {
    const Amount* found = nullptr;
    double highest = 0;
    for (const auto& net : amounts) {
        if ((net.meaning != Meaning::untaxed && net.meaning != Meaning::subtotal) || net.cents <= 0 || net.cents > total.cents) continue;
        const bool fits = std::ranges::any_of(amounts, [&](const Amount& tax) { return tax.meaning == Meaning::tax && std::llabs(net.cents + tax.cents - total.cents) <= 4; });
        const double value = (fits ? 5 : 0) + (net.meaning == Meaning::subtotal ? 1 : 0) + 1 + static_cast<double>(net.cents) / static_cast<double>(total.cents + 1);
        if (value > highest) highest = value, found = &net;
    }
    return found;
}

}  // namespace

Amounts find_amounts(const std::vector<Line>& lines) {
    const auto dates = spans_of_dates(lines);
    std::vector<Amount> amounts;
    for (std::size_t number = 0; number < lines.size() && amounts.size() < 5'000; ++number) {
        for (auto& amount : Scanner{lines[number].folded}.all(dates[number])) {
            amount.line = number;
            amounts.push_back(amount);
        }
    }
    const auto places = spans(amounts, lines.size());
    for (auto& amount : amounts) {
        const auto labels = govern(lines, places, amount.line, amount.span, 14);
        amount.meaning = meaning_of(labels, amount.score);
        amount.score *= labels.weight;
    }
    Ledger{amounts}.judge();
    for (auto& amount : amounts) amount.score += 0.5 * static_cast<double>(amount.line) / static_cast<double>(lines.size());
    double second = 0;
    const auto* total = best_of(amounts, second);
    if (total == nullptr || total->score < 0 || total->cents <= 0) return {};
    Amounts found;
    found.total = field_at(lines[total->line], total->span, text_of(total->cents), confidence_of(total->score, second));
    if (const auto* net = net_of(amounts, *total)) found.untaxed = field_at(lines[net->line], net->span, text_of(net->cents), 0.8);
    return found;
}

}  // namespace millrace::documents::fields
