#pragma once

#include "base/describe.hpp"
#include "base/scope.hpp"

namespace millrace::intake {

BOOST_DEFINE_ENUM_CLASS(SourceType, file_upload, website)

/// Where documents come from: files that people upload, or pages of a website.
struct DataSource {
    Uuid id;
    Uuid owner;
    Uuid org;
    std::string name;
    SourceType type = SourceType::file_upload;
    std::string description;
    json::object config;   ///< of a website: {"urls": ["https://...", ...]}
    bool builtin = false;  ///< the one for everybody, which cannot be removed
    Instant created_at{};
    Instant updated_at{};
};

/// The built-in source "Files": the same id in every installation, owned by nobody.
DataSource builtin_source(Instant now);

BOOST_DEFINE_ENUM_CLASS(ResourceType, file, url)

/// What a source was given to process, and the job that does it.
struct Submission {
    Uuid job;
    Uuid source;
    Uuid owner;
    Uuid org;
    ResourceType type = ResourceType::file;
    std::string url;  ///< of a page
    Instant created_at{};
};

}  // namespace millrace::intake
