#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "transform/expression.hpp"
#include "transform/operator.hpp"
#include "transform/rows.hpp"

namespace millrace::transform {

inline constexpr std::size_t nodes_max = 4096;  ///< of one program; a node keeps about 20 KiB while it runs

/// Expressions made ready for a table: each value that any of them needs is worked out once per batch, however often it
/// stands there. For one thread.
class Program {
public:
    using Node = std::uint32_t;

    /// `columns` outlives the program, and so do the lookups.
    Program(const std::vector<SourceColumn>& columns, const Lookups& lookups, std::int64_t now);
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    /// Makes an expression ready. Throws ExpressionFault.
    Node add(const Expr& expr);
    /// A name that later expressions may use for a value, beside the columns (which it hides).
    void name(const std::string& name, Node node) { names_[name] = node; }
    bool knows(std::string_view name) const;

    /// The same value as another type, when that changes nothing. Throws ExpressionFault.
    Node convert(Node node, const Type& type, const Expr& at);

    /// The same decimal; an error where it has more digits than `precision`.
    Node limit_digits(Node node, int precision);

    /// A name that stands for an expression, made ready where it is first used.
    void define(const std::string& name, Expr expr) { defined_[name] = std::move(expr); }

    const Type& type(Node node) const { return nodes_[node].value.type; }
    std::size_t size() const { return nodes_.size(); }

    /// Works out all values for these rows of the batch, at most batch_rows_max.
    void run(const RowBatch& batch, std::span<const std::uint32_t> rows, Frame& frame);
    const Vector& value(Node node) const { return nodes_[node].value; }

    /// Time spent in each operator so far, when `timed` is set; for Explain.
    bool timed = false;
    std::map<std::string, std::chrono::nanoseconds, std::less<>> times() const;

private:
    struct Step {
        Vector value;
        std::string op;
        Kernel run;                        // empty for columns and constants
        std::vector<const Vector*> args;
        std::optional<std::size_t> column;
        bool constant = false;
        bool strict = true;
        std::uint32_t begin = 0;
        std::chrono::nanoseconds time{};
    };
    struct Given;  // arguments of a call, matched to its parameters

    Node add_column(const Expr& expr);
    Node add_literal(const Expr& expr, std::optional<Type> as_null = {});
    Node add_call(const Expr& expr);
    Node add_case(const Expr& expr);
    Node add_step(std::string key, Step step);
    Node bind(const Operator& op, const Expr& expr, const std::vector<Node>& args, json::object constants);
    void fold(Node node, const Expr& expr);
    Node as_kind(Node node, std::string_view kind, const Expr& at);
    void unify(std::vector<Node>& nodes, const std::vector<std::size_t>& which, const std::vector<const Expr*>& at);
    Node number_literal(const Expr& expr);

    const std::vector<SourceColumn>& columns_;
    const Lookups& lookups_;
    const std::int64_t now_;
    std::map<std::string, Node, std::less<>> names_;
    std::map<std::string, Expr, std::less<>> defined_;
    std::vector<std::string> defining_;
    std::map<std::string, Node, std::less<>> known_;  // what has been made, by how it is made
    std::deque<Step> nodes_;                          // addresses stay valid
    int guarded_ = 0;  // inside of something that asks for errors
    int depth_ = 0;
};

/// A constant as JSON. Throws ExpressionFault when the expression is none.
json::value constant_of(const Expr& expr);

/// "the division by zero", in words: what a fault code says. Languages en and nl; the code itself when it is unknown.
std::string_view fault_text(std::string_view code, std::string_view language = "en");

}  // namespace millrace::transform
