#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/describe.hpp"
#include "base/suggest.hpp"
#include "base/utf8.hpp"
#include "query/query.hpp"

namespace millrace::query {
namespace {

/// May it stand in the name of a field without quotes?
bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/// A value as it stood, quotes removed.
struct Piece {
    std::string text;
    bool quoted = false;
    std::size_t position = 0;
};

class Parser {
public:
    Parser(std::string_view text, std::span<const Field> fields) : text_{text}, fields_{fields} {}

    Filter parse() {
        check_text();
        for (skip_blanks(); at_ < text_.size(); skip_blanks()) {
            read_term();
            if (filter_.terms.size() + filter_.texts.size() > filter_terms_max) {
                problem(at_, "too_many_terms", fmt::format("more than {} terms", filter_terms_max));
                break;
            }
        }
        fail_if_any();
        return std::move(filter_);
    }

private:
    void check_text() {
        if (text_.size() > filter_bytes_max) {
            problem(0, "too_long", fmt::format("longer than {} bytes", filter_bytes_max));
        } else if (const auto bad = first_invalid_utf8(text_); bad != text_.npos) {
            problem(bad, "invalid_utf8", "the bytes are not UTF-8");
        } else {
            const auto control = std::ranges::find_if(text_, [](unsigned char c) { return c == 0x7f || (c < 0x20 && c != '\t'); });
            if (control != text_.end()) {
                problem(static_cast<std::size_t>(control - text_.begin()), "control_character", "control characters mean nothing here");
            }
        }
        fail_if_any();
    }

    void read_term() {
        const auto start = at_;
        const bool negated = text_[at_] == '-' && at_ + 1 < text_.size() && !is_blank(text_[at_ + 1]);
        if (negated) ++at_;
        const auto name_start = at_;
        if (const auto name = read_name()) return read_condition(*name, name_start, negated, start);
        at_ = name_start;
        auto piece = read_piece("");
        if (piece.text.empty()) return problem(name_start, "empty_text", "there is nothing to look for");
        filter_.texts.push_back({std::move(piece.text), negated});
    }

    /// The name of a field, plain or in quotes, and the colon behind it.
    std::optional<std::string> read_name() {
        std::string name;
        if (text_[at_] == '"') {
            for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
                if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
                name += text_[at_];
            }
            ++at_;
        } else {
            while (at_ < text_.size() && is_name(text_[at_])) name += text_[at_++];
        }
        if (name.empty() || at_ >= text_.size() || text_[at_] != ':') return std::nullopt;
        ++at_;
        return name;
    }

    void read_condition(std::string_view name, std::size_t name_at, bool negated, std::size_t start) {
        const auto op_at = at_;
        const auto op = read_operator();
        std::vector<Piece> pieces;
        do {
            pieces.push_back(read_piece(","));
        } while (at_ < text_.size() && text_[at_] == ',' && ++at_);
        const auto field = std::ranges::find(fields_, name, &Field::name);
        if (field == fields_.end()) {
            std::vector<std::string> known;
            for (const auto& f : fields_) known.emplace_back(f.name);
            const auto near = did_you_mean(name, known);
            return problem(name_at, "unknown_field",
                           fmt::format("there is no field \"{}\"{}", name,
                                       near.empty() ? "; known: " + fmt::format("{}", fmt::join(known, ", ")) +
                                                          ". Put a text with a colon in quotes."
                                                    : near));
        }
        const bool ordered = field->type == Type::number || field->type == Type::time;
        if (op == Operator::contains && field->type != Type::text) {
            return problem(op_at, "wrong_operator", fmt::format("~ is for texts, and {} is a {}", name, word(field->type)));
        }
        if (op != Operator::equal && op != Operator::contains && !ordered) {
            return problem(op_at, "wrong_operator", fmt::format("{} has no order, so it is not larger or smaller", name));
        }
        if (pieces.size() > term_values_max) {
            return problem(op_at, "too_many_values", fmt::format("more than {} values", term_values_max));
        }
        if (op != Operator::equal && pieces.size() > 1) {
            return problem(pieces[1].position, "too_many_values", "only = takes several values");
        }
        add(*field, op, pieces, negated, start);
    }

    void add(const Field& field, Operator op, const std::vector<Piece>& pieces, bool negated, std::size_t start) {
        Term term{.field = std::string{field.name}, .op = op, .values = {}, .negated = negated, .span = {}, .position = start};
        std::size_t days = 0;
        for (const auto& piece : pieces) {
            const bool needs_text = field.type != Type::text || op == Operator::contains || !piece.quoted;
            if (piece.text.empty() && needs_text) {
                problem(piece.position, "empty_value", fmt::format("{} has no value", field.name));
                continue;
            }
            if (field.type == Type::time) {
                if (const auto day = read_day(piece.text)) {
                    ++days;
                    term.values.emplace_back(*day);
                    continue;
                }
            }
            if (auto value = read_value(field, piece)) term.values.push_back(std::move(*value));
        }
        if (term.values.size() != pieces.size()) return;
        if (days != 0 && days != pieces.size()) {
            return problem(pieces[0].position, "mixed_values", "give only days or only times in one list");
        }
        if (days != 0) settle_days(term);
        filter_.terms.push_back(std::move(term));
    }

    /// A day is all of it: what lies after it begins with the next one.
    static void settle_days(Term& term) {
        if (term.op == Operator::equal) {
            term.span = std::chrono::days{1};
            return;
        }
        auto& at = std::get<Instant>(term.values[0]);
        if (term.op == Operator::greater) {
            term.op = Operator::greater_equal;
            at += std::chrono::days{1};
        } else if (term.op == Operator::less_equal) {
            term.op = Operator::less;
            at += std::chrono::days{1};
        }
    }

    static std::optional<Instant> read_day(std::string_view text) {
        if (text.size() != 10) return std::nullopt;
        return from_rfc3339(std::string{text} + "T00:00:00Z");
    }

    std::optional<Value> read_value(const Field& field, const Piece& piece) {
        const auto wrong = [&](std::string_view want) {
            problem(piece.position, "wrong_type", fmt::format("{} takes {}, not \"{}\"", field.name, want, piece.text));
            return std::optional<Value>{};
        };
        switch (field.type) {
            case Type::text:
                return piece.text;
            case Type::word: {
                if (field.words.empty() || std::ranges::find(field.words, piece.text) != field.words.end()) return piece.text;
                const std::vector<std::string> known{field.words.begin(), field.words.end()};
                problem(piece.position, "unknown_value",
                        fmt::format("{} is never \"{}\"{} Known: {}.", field.name, piece.text,
                                    closest(piece.text, known) ? did_you_mean(piece.text, known) : ".", fmt::join(known, ", ")));
                return std::nullopt;
            }
            case Type::number: {
                double number = 0;
                const char* end = piece.text.data() + piece.text.size();
                const auto [stop, error] = std::from_chars(piece.text.data(), end, number);
                if (error != std::errc{} || stop != end || !std::isfinite(number)) return wrong("a number");
                return number;
            }
            case Type::time: {
                const auto at = from_rfc3339(piece.text);
                if (!at) return wrong("a day (2026-01-31) or a time (2026-01-31T10:00:00Z)");
                return *at;
            }
            case Type::uuid: {
                const auto id = Uuid::parse(piece.text);
                if (!id) return wrong("an id");
                return *id;
            }
        }
        return std::nullopt;
    }

    Operator read_operator() {
        const auto next_is = [&](std::string_view sign) {
            if (!text_.substr(at_).starts_with(sign)) return false;
            at_ += sign.size();
            return true;
        };
        if (next_is(">=")) return Operator::greater_equal;
        if (next_is("<=")) return Operator::less_equal;
        if (next_is(">")) return Operator::greater;
        if (next_is("<")) return Operator::less;
        if (next_is("~")) return Operator::contains;
        next_is("=");
        return Operator::equal;
    }

    /// A quoted text, or everything up to a blank or one of `ends`.
    Piece read_piece(std::string_view ends) {
        Piece piece{.text = "", .quoted = false, .position = at_};
        if (at_ >= text_.size() || text_[at_] != '"') {
            while (at_ < text_.size() && !is_blank(text_[at_]) && !ends.contains(text_[at_])) piece.text += text_[at_++];
            return piece;
        }
        piece.quoted = true;
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            piece.text += text_[at_];
        }
        if (at_ >= text_.size()) {
            problem(piece.position, "unclosed_quote", "the quote is not closed");
            return piece;
        }
        ++at_;
        if (at_ < text_.size() && !is_blank(text_[at_]) && !ends.contains(text_[at_])) {
            problem(at_, "unexpected_text", "after a quote comes a blank");
            while (at_ < text_.size() && !is_blank(text_[at_])) ++at_;
        }
        return piece;
    }

    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }

    static bool is_blank(char c) { return c == ' ' || c == '\t'; }
    void problem(std::size_t byte, std::string code, std::string detail) {
        if (issues_.size() >= 20) return;  // enough to act on
        const auto head = text_.substr(0, byte);
        const auto characters = std::ranges::count_if(head, [](unsigned char c) { return (c & 0xc0) != 0x80; });
        issues_.push_back({"filter", std::move(code), fmt::format("at character {}: {}", characters + 1, detail)});
    }

    void fail_if_any() {
        if (issues_.empty()) return;
        Error error{Code::invalid_parameter, {{"name", "filter"}, {"why", issues_[0].detail}}};
        error.issues = std::move(issues_);
        throw error;
    }

    std::string_view text_;
    std::span<const Field> fields_;
    std::size_t at_ = 0;
    Filter filter_;
    std::vector<Issue> issues_;
};

void append_value(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

std::string time_text(Instant at) {
    // RFC 3339 with microseconds: to_rfc3339 keeps milliseconds, and a filter must mean the same when read again.
    const auto micros = at.time_since_epoch() % 1s;
    auto text = to_rfc3339(at).substr(0, 19);
    return fmt::format("{}.{:06}Z", text, (micros.count() + 1'000'000) % 1'000'000);
}

std::string_view sign(Operator op) {
    switch (op) {
        case Operator::equal: return "";
        case Operator::less: return "<";
        case Operator::less_equal: return "<=";
        case Operator::greater: return ">";
        case Operator::greater_equal: return ">=";
        case Operator::contains: return "~";
    }
    return "";
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool contains(std::string_view text, std::string_view part) {
    return !std::ranges::search(text, part, {}, lower, lower).empty() || part.empty();
}

bool holds(const Term& term, const Value& value) {
    if (term.op == Operator::contains) {
        const auto* text = std::get_if<std::string>(&value);
        return text && contains(*text, std::get<std::string>(term.values[0]));
    }
    if (term.op == Operator::equal) {
        return std::ranges::any_of(term.values, [&](const Value& want) {
            if (term.span == Duration{}) return value == want;
            const auto* at = std::get_if<Instant>(&value);
            const auto from = std::get<Instant>(want);
            return at && *at >= from && *at < from + term.span;
        });
    }
    const auto& bound = term.values[0];
    if (value.index() != bound.index()) return false;
    switch (term.op) {
        case Operator::less: return value < bound;
        case Operator::less_equal: return value <= bound;
        case Operator::greater: return value > bound;
        default: return value >= bound;
    }
}

}  // namespace

Filter parse_filter(std::string_view text, std::span<const Field> fields) { return Parser{text, fields}.parse(); }

std::string to_string(const Filter& filter) {
    std::string out;
    for (const auto& term : filter.terms) {
        if (!out.empty()) out += ' ';
        if (term.negated) out += '-';
        if (std::ranges::all_of(term.field, is_name)) out += term.field;
        else append_value(out, term.field);
        out += ':';
        out += sign(term.op);
        for (std::size_t i = 0; i < term.values.size(); ++i) {
            if (i > 0) out += ',';
            const auto& value = term.values[i];
            if (const auto* text_value = std::get_if<std::string>(&value)) append_value(out, *text_value);
            else if (const auto* number = std::get_if<double>(&value)) fmt::format_to(std::back_inserter(out), "{}", *number);
            else if (const auto* id = std::get_if<Uuid>(&value)) out += id->str();
            else if (term.span != Duration{}) out += to_rfc3339(std::get<Instant>(value)).substr(0, 10);
            else out += time_text(std::get<Instant>(value));
        }
    }
    for (const auto& free : filter.texts) {
        if (!out.empty()) out += ' ';
        if (free.negated) out += '-';
        append_value(out, free.text);
    }
    return out;
}

bool matches(const Filter& filter, const std::function<std::optional<Value>(std::string_view)>& value_of,
             std::string_view text) {
    for (const auto& term : filter.terms) {
        const auto value = value_of(term.field);
        if ((value && holds(term, *value)) == term.negated) return false;
    }
    for (const auto& free : filter.texts) {
        if (contains(text, free.text) == free.negated) return false;
    }
    return true;
}

}  // namespace millrace::query
