#pragma once

#include "datasets/dataset.hpp"
#include "query/query.hpp"

namespace millrace::datasets {

/// What datasets can be filtered and sorted by; free text looks into name and filename.
std::span<const query::Field> list_fields();

struct ListRequest {
    query::Filter filter;
    query::Sort sort;
    std::optional<std::string> cursor;
    int limit = 50;
};

struct DatasetPage {
    std::vector<Dataset> items;
    std::optional<std::string> next_cursor;
};

struct DatasetStore {
    virtual ~DatasetStore() = default;
    virtual std::optional<Dataset> get(const Uuid& id, const Scope& scope) = 0;
    /// The newest dataset of the owner made of this table of these source bytes and of nothing else.
    virtual std::optional<Dataset> by_content(const Uuid& owner, const std::string& sha256, int table = 1) = 0;
    /// Of the owner's datasets with these source bytes, whatever their tables; 0 when there is none.
    virtual int newest_version(const Uuid& owner, const std::string& sha256) = 0;
    /// What one import has made of these source bytes, in the order of their tables.
    virtual std::vector<Uuid> tables(const Uuid& owner, const std::string& sha256, const Uuid& job) = 0;
    virtual std::optional<Dataset> newest_of_series(const Uuid& series) = 0;
    virtual DatasetPage list(const Scope& scope, const ListRequest& request) = 0;
};

}  // namespace millrace::datasets
