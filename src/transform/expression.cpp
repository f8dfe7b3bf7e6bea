#include "transform/expression.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/utf8.hpp"

namespace millrace::transform {
namespace {

constexpr std::size_t bytes_max = 64 * 1024;
constexpr int depth_max = 200;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

struct Token {
    enum class Is : std::uint8_t { end, name, column, number, text, sign };
    Is is = Is::end;
    std::uint32_t begin = 0, end = 0;
    std::string text;
};

[[noreturn]] void refuse(std::size_t begin, std::size_t end, std::string why) {
    throw ExpressionFault{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), std::move(why)};
}

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_{text} {}

    Token next() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
        Token token;
        token.begin = static_cast<std::uint32_t>(at_);
        if (at_ < text_.size()) read(token);
        token.end = static_cast<std::uint32_t>(at_);
        return token;
    }

private:
    void read(Token& token) {
        const char c = text_[at_];
        if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) return read_number(token);
        if (is_name_start(c)) {
            token.is = Token::Is::name;
            const auto begin = at_;
            while (at_ < text_.size() && (is_name_part(text_[at_]) || (text_[at_] == '.' && at_ + 1 < text_.size() && is_name_start(text_[at_ + 1])))) ++at_;
            token.text = text_.substr(begin, at_ - begin);
            return;
        }
        if (c == '\'' || c == '"') return read_quoted(token, c, Token::Is::text);
        if (c == '`') return read_quoted(token, c, Token::Is::column);
        token.is = Token::Is::sign;
        constexpr std::string_view twos[] = {"==", "!=", "<>", "<=", ">=", "&&", "||"};
        const auto two = text_.substr(at_, 2);
        if (std::ranges::find(twos, two) != std::end(twos)) {
            token.text = two;
            at_ += 2;
            return;
        }
        if (std::string_view{"+-*/%&=<>!()[]{},:"}.find(c) == std::string_view::npos) {
            refuse(at_, at_ + 1, fmt::format("'{}' means nothing here", static_cast<unsigned char>(c) < 0x20 ? '?' : c));
        }
        token.text = c;
        ++at_;
    }

    void read_number(Token& token) {
        token.is = Token::Is::number;
        const auto begin = at_;
        const auto digits = [&] { while (at_ < text_.size() && is_digit(text_[at_])) ++at_; };
        digits();
        if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
            ++at_;
            digits();
        }
        if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
            ++at_;
            if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
            if (at_ == text_.size() || !is_digit(text_[at_])) refuse(begin, at_, "an exponent needs digits");
            digits();
        }
        if (at_ < text_.size() && is_name_start(text_[at_])) refuse(begin, at_ + 1, "a number ends with a letter; names that begin with a digit stand between backticks");
        token.text = text_.substr(begin, at_ - begin);
        if (token.text.size() > 60) refuse(begin, at_, "the number is too long");
    }

    void read_quoted(Token& token, char quote, Token::Is is) {
        token.is = is;
        const auto begin = at_++;
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == quote) {
                ++at_;
                if (at_ < text_.size() && text_[at_] == quote) {  // doubled
                    token.text += quote;
                    continue;
                }
                if (is == Token::Is::column && token.text.empty()) refuse(begin, at_, "a column has a name");
                return;
            }
            if (c != '\\' || is == Token::Is::column) {
                token.text += c;
                continue;
            }
            if (++at_ == text_.size()) break;
            constexpr std::string_view letters = "ntr\\'\"", meant = "\n\t\r\\'\"";
            const auto which = letters.find(text_[at_]);
            if (which == letters.npos) refuse(at_ - 1, at_ + 1, "only \\n \\t \\r \\\\ \\' \\\" can follow a backslash; write \\\\ for one of your own");
            token.text += meant[which];
        }
        refuse(begin, text_.size(), is == Token::Is::column ? "the backtick is not closed" : "the quote is not closed");
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

struct Infix {
    std::string_view sign;
    std::string_view name;
    int power;  ///< how strongly it binds
};
constexpr Infix infixes[] = {
    {"or", "or", 1}, {"||", "or", 1}, {"and", "and", 2}, {"&&", "and", 2}, {"=", "equal", 4}, {"==", "equal", 4}, {"!=", "not_equal", 4},
    {"<>", "not_equal", 4}, {"<", "less", 4}, {"<=", "less_equal", 4}, {">", "greater", 4}, {">=", "greater_equal", 4}, {"in", "in_list", 4},
    {"&", "concat", 5}, {"+", "add", 6}, {"-", "subtract", 6}, {"*", "multiply", 7}, {"/", "divide", 7}, {"%", "mod", 7},
};
constexpr int comparison_power = 4, not_power = 3, minus_power = 8;

/// A Pratt parser: each operator binds as strongly as its power says.
class Parser {
public:
    explicit Parser(std::string_view text) : lexer_{text} { advance(); }

    Expr whole() {
        auto expr = expression(0);
        if (token_.is != Token::Is::end) refuse(token_.begin, token_.end, fmt::format("\"{}\" is not expected here", token_.text));
        return expr;
    }

private:
    void advance() {
        last_end_ = token_.end;
        token_ = lexer_.next();
    }
    bool is_sign(std::string_view sign) const { return token_.is == Token::Is::sign && token_.text == sign; }
    void expect(std::string_view sign, const char* what) {
        if (!is_sign(sign)) refuse(token_.begin, token_.end, fmt::format("expected \"{}\" {}", sign, what));
        advance();
    }

    const Infix* infix() const {
        if (token_.is != Token::Is::sign && token_.is != Token::Is::name) return nullptr;
        const bool word = token_.is == Token::Is::name;
        const auto* found = std::ranges::find_if(infixes, [&](const Infix& known) { return known.sign == token_.text && is_name_start(known.sign[0]) == word; });
        return found == std::end(infixes) ? nullptr : found;
    }

    Expr expression(int power) {
        struct Depth {
            int& depth;
            ~Depth() { --depth; }
        } const guard{depth_};
        if (++depth_ > depth_max) refuse(token_.begin, token_.end, "it is nested too deeply");
        auto left = prefix();
        for (const auto* next = infix(); next && next->power > power; next = infix()) {
            if (++operators_ > 2000) refuse(token_.begin, token_.end, "there are too many operators");
            advance();
            auto right = expression(next->power);
            if (next->power == comparison_power && infix() && infix()->power == comparison_power) {
                refuse(token_.begin, token_.end, "comparisons do not chain; join them with and");
            }
            left = join(*next, std::move(left), std::move(right));
        }
        return left;
    }

    /// A chain of one operator that takes many is one call, which keeps trees flat.
    static Expr join(const Infix& op, Expr left, Expr right) {
        const bool flat = op.name == "and" || op.name == "or" || op.name == "concat";
        const auto end = right.end;
        if (flat && left.form == Expr::Form::call && left.text == op.name && std::ranges::all_of(left.names, &std::string::empty)) {
            left.args.push_back(std::move(right));
            left.names.emplace_back();
            left.end = end;
            return left;
        }
        Expr made{.form = Expr::Form::call, .begin = left.begin, .end = end, .text = std::string{op.name}, .args = {}, .names = {"", ""}};
        made.args.push_back(std::move(left));
        made.args.push_back(std::move(right));
        return made;
    }

    Expr prefix() {
        const auto token = token_;
        Expr made{.form = Expr::Form::null, .begin = token.begin, .end = token.end, .text = token.text, .args = {}, .names = {}};
        switch (token.is) {
            case Token::Is::end: refuse(token.begin, token.end, "the expression ends too early");
            case Token::Is::number: made.form = Expr::Form::number; break;
            case Token::Is::text: made.form = Expr::Form::text; break;
            case Token::Is::column: made.form = Expr::Form::column; break;
            case Token::Is::name: return name(std::move(made));
            case Token::Is::sign: return sign(std::move(made));
        }
        advance();
        return made;
    }

    Expr name(Expr made) {
        advance();
        if (made.text == "null") {
            made.text.clear();
            return made;
        }
        if (made.text == "true" || made.text == "false") {
            made.form = Expr::Form::boolean;
            return made;
        }
        if (made.text == "not") return unary(std::move(made), "not", not_power);
        if (is_sign("(")) {
            made.form = Expr::Form::call;
            advance();
            arguments(made);
            return made;
        }
        if (std::ranges::any_of(infixes, [&](const Infix& known) { return known.sign == made.text; })) refuse(made.begin, made.end, fmt::format("\"{}\" needs something on its left", made.text));
        made.form = Expr::Form::column;
        return made;
    }

    Expr unary(Expr made, const char* op, int power) {
        made.form = Expr::Form::call;
        made.text = op;
        made.args.push_back(expression(power));
        made.names.emplace_back();
        made.end = last_end_;
        return made;
    }

    Expr sign(Expr made) {
        advance();
        if (made.text == "-") return unary(std::move(made), "negate", minus_power);
        if (made.text == "!") return unary(std::move(made), "not", minus_power);
        if (made.text == "(") {
            auto inner = expression(0);
            expect(")", "to close the bracket");
            return inner;
        }
        if (made.text == "[") {
            made.form = Expr::Form::list;
            made.text.clear();
            while (!is_sign("]")) {
                made.args.push_back(expression(0));
                if (is_sign("]")) break;
                expect(",", "or \"]\" after an item");
            }
            advance();
            made.end = last_end_;
            return made;
        }
        if (made.text == "{") {
            made.form = Expr::Form::map;
            made.text.clear();
            while (!is_sign("}")) {
                if (token_.is != Token::Is::text && token_.is != Token::Is::name) refuse(token_.begin, token_.end, "a key is a text");
                if (std::ranges::find(made.names, token_.text) != made.names.end()) refuse(token_.begin, token_.end, "the key stands twice");
                made.names.push_back(token_.text);
                advance();
                expect(":", "after a key");
                made.args.push_back(expression(0));
                if (is_sign("}")) break;
                expect(",", "or \"}\" after a value");
            }
            advance();
            made.end = last_end_;
            return made;
        }
        refuse(made.begin, made.end, fmt::format("\"{}\" is not expected here", made.text));
    }

    void arguments(Expr& made) {
        while (!is_sign(")")) {
            auto value = expression(0);
            std::string given;
            if (is_sign(":")) {
                if (value.form != Expr::Form::column) refuse(value.begin, value.end, "an argument's name is a word");
                given = value.text;
                advance();
                value = expression(0);
            }
            made.args.push_back(std::move(value));
            made.names.push_back(std::move(given));
            if (is_sign(")")) break;
            expect(",", "or \")\" after an argument");
        }
        advance();
        made.end = last_end_;
    }

    Lexer lexer_;
    Token token_;
    std::uint32_t last_end_ = 0;
    int depth_ = 0;
    int operators_ = 0;
};

void append_quoted(std::string& out, std::string_view text, char quote) {
    out += quote;
    for (const char c : text) {
        constexpr std::string_view meant = "\n\t\r\\", letters = "ntr\\";
        const auto which = quote == '`' ? meant.npos : meant.find(c);
        if (which != meant.npos) {
            out += '\\';
            out += letters[which];
        } else {
            if (c == quote) out += quote;
            out += c;
        }
    }
    out += quote;
}

void append(std::string& out, const Expr& expr) {
    const auto all = [&] {
        for (std::size_t i = 0; i < expr.args.size(); ++i) {
            if (i > 0) out += ", ";
            if (!expr.names[i].empty()) out += expr.names[i] + ": ";
            append(out, expr.args[i]);
        }
    };
    switch (expr.form) {
        case Expr::Form::null: out += "null"; break;
        case Expr::Form::boolean:
        case Expr::Form::number: out += expr.text; break;
        case Expr::Form::text: append_quoted(out, expr.text, '\''); break;
        case Expr::Form::column: append_quoted(out, expr.text, '`'); break;
        case Expr::Form::list:
            out += '[';
            for (std::size_t i = 0; i < expr.args.size(); ++i) {
                if (i > 0) out += ", ";
                append(out, expr.args[i]);
            }
            out += ']';
            break;
        case Expr::Form::map:
            out += '{';
            for (std::size_t i = 0; i < expr.args.size(); ++i) {
                if (i > 0) out += ", ";
                append_quoted(out, expr.names[i], '\'');
                out += ": ";
                append(out, expr.args[i]);
            }
            out += '}';
            break;
        case Expr::Form::call:
            // All others are written as calls: what stands between operands would be flattened when it is read again.
            if (expr.text == "not") {
                out += "(not ";
                append(out, expr.args[0]);
                out += ')';
                break;
            }
            out += expr.text + '(';
            all();
            out += ')';
            break;
    }
}

}  // namespace

std::expected<Expr, ExpressionFault> parse_expression(std::string_view text) {
    if (text.size() > bytes_max) return std::unexpected(ExpressionFault{0, 0, "an expression has at most 64 KiB"});
    if (const auto bad = first_invalid_utf8(text); bad != text.npos) {
        return std::unexpected(ExpressionFault{static_cast<std::uint32_t>(bad), static_cast<std::uint32_t>(bad + 1), "this is not UTF-8"});
    }
    try {
        return Parser{text}.whole();
    } catch (ExpressionFault& fault) {
        fault.end = std::min(fault.end, static_cast<std::uint32_t>(text.size()));
        fault.begin = std::min(fault.begin, fault.end);
        return std::unexpected(std::move(fault));
    }
}

std::string to_string(const Expr& expr) {
    std::string out;
    append(out, expr);
    return out;
}

std::string explain(std::string_view text, const ExpressionFault& fault) {
    const auto before = text.substr(0, fault.begin);
    const auto line_begin = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
    const auto line_end = std::min(text.find('\n', fault.begin), text.size());
    const auto characters = [](std::string_view part) { return static_cast<std::size_t>(std::ranges::count_if(part, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; })); };
    const auto column = characters(before.substr(line_begin));
    const auto line_number = std::ranges::count(before, '\n') + 1;
    // Of a long line, what stands around the place.
    constexpr std::size_t shown = 60;
    auto from = line_begin;
    for (auto left = column; left > shown; --left) {
        ++from;
        while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xc0) == 0x80) ++from;
    }
    auto to = std::min(line_end, from + 2 * shown);
    while (to < line_end && (static_cast<unsigned char>(text[to]) & 0xc0) == 0x80) ++to;
    std::string line{text.substr(from, to - from)};
    std::ranges::replace(line, '\t', ' ');
    const auto carets = std::max<std::size_t>(1, characters(text.substr(fault.begin, std::min<std::size_t>(fault.end, to) - std::min<std::size_t>(fault.begin, to))));
    const auto place = line_number > 1 ? fmt::format("line {}, column {}", line_number, column + 1) : fmt::format("column {}", column + 1);
    return fmt::format("{}: {}\n{}\n{}{}", place, fault.why, line, std::string(std::min(column, shown), ' '), std::string(carets, '^'));
}

Expr call(std::string name, std::vector<Expr> args) {
    Expr made{.form = Expr::Form::call, .begin = 0, .end = 0, .text = std::move(name), .args = std::move(args), .names = {}};
    made.names.resize(made.args.size());
    return made;
}

Expr column(std::string name) { return {.form = Expr::Form::column, .begin = 0, .end = 0, .text = std::move(name), .args = {}, .names = {}}; }

Expr literal(const json::value& value) {
    Expr made;
    if (value.is_null()) return made;
    if (value.is_bool()) {
        made.form = Expr::Form::boolean;
        made.text = value.get_bool() ? "true" : "false";
    } else if (value.is_string()) {
        made.form = Expr::Form::text;
        made.text = std::string_view{value.get_string()};
    } else if (const auto* array = value.if_array()) {
        made.form = Expr::Form::list;
        for (const auto& item : *array) made.args.push_back(literal(item));
        made.names.resize(made.args.size());
    } else if (const auto* object = value.if_object()) {
        made.form = Expr::Form::map;
        for (const auto& entry : *object) {
            made.names.emplace_back(entry.key());
            made.args.push_back(literal(entry.value()));
        }
    } else {
        auto digits = value.is_int64() ? std::to_string(value.get_int64()) : value.is_uint64() ? std::to_string(value.get_uint64()) : fmt::format("{}", value.get_double());
        const bool negative = digits.starts_with('-');
        if (negative) digits.erase(0, 1);
        made.form = Expr::Form::number;
        made.text = digits;
        if (negative) return call("negate", {made});
    }
    return made;
}

}  // namespace millrace::transform
