#pragma once

#include <unordered_set>

#include "intake/file.hpp"
#include "intake/source.hpp"
#include "intake/upload.hpp"
#include "query/query.hpp"

namespace millrace::intake {

/// What files can be filtered and sorted by; free text looks into the filename.
std::span<const query::Field> list_fields();

struct ListRequest {
    query::Filter filter;
    query::Sort sort;
    std::optional<std::string> cursor;
    int limit = 50;
};

struct FilePage {
    std::vector<File> items;
    std::optional<std::string> next_cursor;
};

/// What sources can be filtered and sorted by; free text looks into name and description.
std::span<const query::Field> source_fields();

struct SourcePage {
    std::vector<DataSource> items;
    std::optional<std::string> next_cursor;
};

struct IntakeStore {
    virtual ~IntakeStore() = default;
    virtual std::optional<File> get(const Uuid& id, const Scope& scope) = 0;
    virtual FilePage list(const Scope& scope, const ListRequest& request) = 0;
    /// Files still in state receiving whose server is not among the living workers, unless a resumable upload waits for
    /// more of their bytes.
    virtual std::vector<File> abandoned() = 0;
    virtual std::optional<Upload> upload(const Uuid& id, const Scope& scope) = 0;
    /// Those whose bytes are all here, but whose file is not stored.
    virtual std::vector<Upload> uploads_to_accept() = 0;
    virtual std::vector<Upload> expired_uploads(Instant now, int limit) = 0;
    /// One that the scope sees; everybody sees the built-in one.
    virtual std::optional<DataSource> source(const Uuid& id, const Scope& scope) = 0;
    /// Without the built-in one.
    virtual SourcePage sources(const Scope& scope, const ListRequest& request) = 0;
    virtual std::optional<Submission> submission(const Uuid& job, const Scope& scope) = 0;
    /// What the source was given, newest first, after the job `before`.
    virtual std::vector<Submission> submissions(const Uuid& source, const Scope& scope, std::optional<Uuid> before, int limit) = 0;
    /// Which of these blobs some file or dataset names.
    virtual std::unordered_set<std::string> referenced(const std::vector<std::string>& sha256) = 0;
};

}  // namespace millrace::intake
