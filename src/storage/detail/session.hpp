#pragma once

#include <functional>
#include <span>
#include <stdexcept>
#include <vector>

#include "storage/detail/statements.hpp"
#include "storage/detail/value.hpp"

namespace millrace::storage::detail {

/// A row of a result. Valid during the call that shows it. Uuids, times and texts read the same from both databases.
class Row {
public:
    virtual ~Row() = default;
    virtual int size() const = 0;
    virtual std::string_view name(int column) const = 0;
    virtual bool is_null(int column) const = 0;
    virtual std::int64_t integer(int column) const = 0;
    virtual double real(int column) const = 0;
    virtual std::string_view text(int column) const = 0;
    virtual Uuid uuid(int column) const = 0;
    virtual Instant instant(int column) const = 0;
};

using OnRow = std::function<void(const Row&)>;

/// Why a statement failed; it ends inside storage/, where the writer or the pool turns it into an Error.
struct SqlFailure : std::runtime_error {
    enum class Kind {
        conflict,     ///< with another transaction, or a key is taken: doing it again answers otherwise
        unavailable,  ///< the connection or the disk failed; whether a COMMIT took place is unknown
        full,         ///< no space left
        other,        ///< the statement is wrong or its values break a constraint
    };
    Kind kind;
    bool fsync_failed = false;  ///< the kernel may have dropped what it could not write: nothing may be built on it
    SqlFailure(Kind k, const std::string& what) : std::runtime_error{what}, kind{k} {}
};

enum class Dialect { sqlite, postgres };

/// A connection inside a transaction, or reading. Used by one thread at a time. Throws SqlFailure.
class Session {
public:
    virtual ~Session() = default;
    virtual Dialect dialect() const = 0;

    /// Runs a statement and shows its rows; returns how many rows it changed or showed.
    virtual std::int64_t run(Statement statement, std::span<const Value> values, const OnRow& on_row = {}) = 0;
    /// Runs it in order, but perhaps not before the next `run` or `flush`: on a network several of these share one
    /// round trip. The values are taken over at once; a failure shows at the latest in `flush`. Calls in a row of a
    /// statement that takes rows are one execution there, whose rows all go to the last `on_row` that was given.
    virtual void later(Statement statement, std::span<const Value> values, OnRow on_row = {}) = 0;
    virtual void flush() = 0;
    virtual std::string_view text(Statement statement) const = 0;
    /// SQL composed of constant pieces (lists with filters).
    virtual void query(const std::string& sql, std::span<const Value> values, const OnRow& on_row) = 0;
};

/// Reads the columns of a row from left to right.
class Reader {
public:
    explicit Reader(const Row& row, int column = 0) : row_{row}, at_{column} {}

    Uuid uuid() { return row_.uuid(at_++); }
    Instant instant() { return row_.instant(at_++); }
    std::string text() { return std::string{row_.text(at_++)}; }
    bool boolean() { return row_.integer(at_++) != 0; }
    double real() { return row_.real(at_++); }
    template <class T = int>
    T integer() {
        return static_cast<T>(row_.integer(at_++));
    }
    /// A word the program does not know (written by a newer one) reads as `otherwise`.
    template <class E>
    E word_of(E otherwise = {}) {
        return from_word<E>(row_.text(at_++)).value_or(otherwise);
    }
    json::value json() {
        const int column = at_++;
        return row_.is_null(column) ? json::value{} : json::parse(row_.text(column), 1000);
    }
    json::object object() {
        // The most frequent one, and reading it with the parser costs more than the rest of a small row.
        if (row_.text(at_) == "{}") {
            ++at_;
            return {};
        }
        auto value = json();
        return value.is_object() ? std::move(value.get_object()) : json::object{};
    }
    json::array array() {
        if (row_.text(at_) == "[]") {
            ++at_;
            return {};
        }
        auto value = json();
        return value.is_array() ? std::move(value.get_array()) : json::array{};
    }
    std::optional<Uuid> maybe_uuid() { return maybe([&] { return uuid(); }); }
    std::optional<Instant> maybe_instant() { return maybe([&] { return instant(); }); }
    std::optional<std::string> maybe_text() { return maybe([&] { return text(); }); }
    std::optional<std::int64_t> maybe_integer() { return maybe([&] { return integer<std::int64_t>(); }); }
    int column() const { return at_; }

private:
    template <class F>
    auto maybe(F read) -> std::optional<decltype(read())> {
        if (!row_.is_null(at_)) return read();
        ++at_;
        return std::nullopt;
    }
    const Row& row_;
    int at_;
};

/// All rows of a statement, each made by `read(const Row&)`.
template <class F>
auto all(Session& session, Statement statement, std::span<const Value> values, F read) {
    std::vector<decltype(read(std::declval<const Row&>()))> out;
    session.run(statement, values, [&](const Row& row) { out.push_back(read(row)); });
    return out;
}

template <class F>
auto one(Session& session, Statement statement, std::span<const Value> values, F read) {
    std::optional<decltype(read(std::declval<const Row&>()))> out;
    session.run(statement, values, [&](const Row& row) { out = read(row); });
    return out;
}

}  // namespace millrace::storage::detail
