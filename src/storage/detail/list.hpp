#pragma once

#include <algorithm>

#include "base/scope.hpp"
#include "query/query.hpp"
#include "storage/detail/session.hpp"

/// Filters, sorts and cursors as SQL. Only names that stand in the tables of list.cpp become part of a statement; every
/// value is a parameter.
namespace millrace::storage::detail {

struct ListColumn {
    std::string_view field;   ///< as in the filter
    std::string_view column;  ///< as in the table and in the result
    query::Type type;
    bool nullable = false;
    std::string_view seen = {};  ///< the expression behind it, where that is more than the column of the table
};

struct ListTable {
    std::string_view name;  ///< of the list, part of its cursors
    Statement select;       ///< "SELECT columns FROM table", with created_at and id among the columns
    std::span<const ListColumn> fields;
    std::span<const std::string_view> texts;  ///< columns that free text looks into
};

extern const ListTable job_list;
extern const ListTable dataset_list;
extern const ListTable file_list;
extern const ListTable schedule_list;
extern const ListTable webhook_list;
extern const ListTable delivery_list;
extern const ListTable template_list;
extern const ListTable source_list;

struct Listing {
    const query::Filter& filter;
    const query::Sort& sort;
    const std::optional<std::string>& cursor;
    int limit;
};

/// A compiled list.
struct ListQuery {
    std::string sql;
    std::vector<Value> values;
    std::string cursor_name;
    struct Key {
        const ListColumn* column;
        bool descending;
    };
    std::vector<Key> keys;  ///< the sort; the last is the id
};

inline constexpr int list_limit_max = 1000;

/// One row more than the page is asked for, to know whether there is a next one. Newest first unless sorted otherwise;
/// nulls are the lowest values, texts sort by code point, and the id breaks ties. Throws Error{invalid_parameter} for
/// a cursor of another list and for fields that are not in the table.
ListQuery compile_list(const ListTable& table, const Session& session, const Scope& scope, const Listing& listing);

/// The cursor for what follows `row`.
std::string cursor_after(const ListQuery& query, const Row& row);

/// Reads a page; `read` makes an item of a row.
template <class Page, class Read>
Page list(Session& session, const ListTable& table, const Scope& scope, const Listing& listing, Read read) {
    const ListQuery query = compile_list(table, session, scope, listing);
    const auto limit = static_cast<std::size_t>(std::clamp(listing.limit, 1, list_limit_max));
    Page page;
    std::string last;
    session.query(query.sql, query.values, [&](const Row& row) {
        if (page.items.size() == limit) {
            page.next_cursor = last;
            return;
        }
        page.items.push_back(read(row));
        if (page.items.size() == limit) last = cursor_after(query, row);
    });
    return page;
}

}  // namespace millrace::storage::detail
