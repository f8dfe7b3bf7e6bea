#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace millrace::sim {

/// Looks into the database behind the program's back, without faults.
class Inspector {
public:
    explicit Inspector(const std::string& file);
    ~Inspector();
    Inspector(const Inspector&) = delete;
    Inspector& operator=(const Inspector&) = delete;

    class Row {
    public:
        explicit Row(sqlite3_stmt* statement) : statement_{statement} {}
        std::int64_t integer(int column) const;
        std::string text(int column) const;
        Uuid uuid(int column) const;
        bool is_null(int column) const;

    private:
        sqlite3_stmt* statement_;
    };
    /// `sql` is a literal: its address finds the prepared statement again. Parameters are ids.
    void each(const char* sql, const std::vector<Uuid>& values, const std::function<void(const Row&)>& body);

    struct Lease {
        Uuid worker;
        Uuid token;
        int attempt = 0;
        std::int64_t claimed_at = 0;
    };
    std::optional<Lease> lease(const Uuid& job);
    std::map<Uuid, Lease> leases();
    std::optional<std::string> state(const Uuid& job);

private:
    sqlite3* db_ = nullptr;
    std::map<const char*, sqlite3_stmt*> prepared_;
};

}  // namespace millrace::sim
