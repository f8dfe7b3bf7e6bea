#pragma once

#include "intake/ops.hpp"
#include "pipelines/catalog.hpp"

/// Files that jobs read and make.
namespace millrace::pipelines {

/// The file of the job's owner. Throws Error{file_gone} when there is no such stored file.
intake::File stored_file(const Tools& tools, const jobs::Job& job, const Uuid& id);

/// A name without its extension: "orders.csv" -> "orders".
std::string stem(const std::string& filename);

/// A file that a job has made, as its result shows it.
struct KeptFile {
    Uuid file_id;
    std::string filename;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    std::string sha256;
    json::object links;
};
BOOST_DESCRIBE_STRUCT(KeptFile, (), (file_id, filename, rows, bytes, sha256, links))

/// Adds the files that a job has made to the commit that ends it: there is never one without the other, so no rerun makes
/// them twice.
class Keeper {
public:
    Keeper(const Tools& tools, const jobs::Job& job, jobs::Finish& finish) : tools_{tools}, job_{job}, finish_{finish} {}

    /// Stores the content and keeps it under the name.
    KeptFile keep(std::string filename, std::string media_type, std::string_view content);
    /// Keeps what is stored already.
    KeptFile keep(std::string filename, std::string media_type, std::string sha256, std::uint64_t bytes);

private:
    const Tools& tools_;
    const jobs::Job& job_;
    jobs::Finish& finish_;
};

}  // namespace millrace::pipelines
