#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/describe.hpp"
#include "cli/failure.hpp"
#include "cli/progress.hpp"
#include "cli/remote.hpp"

/// Sends files to a server and follows what becomes of them; `import` and `demo` are made of it.
namespace millrace::cli {

struct ImportOptions {
    std::string on_duplicate;  ///< error, reuse or version; empty: as the server does
    std::string supplier_id;
    json::object dialect;      ///< how to read the files, where that is to differ from what is found out
    std::optional<int> table;  ///< from 1: only this one
    std::string version_of;    ///< a dataset: the files become its next versions, one after the other
    std::string mode, key, contract;
    bool wait = true;
    int parallel = 4;
};

/// What became of one file.
struct Imported {
    std::string file;
    std::string outcome;  ///< imported, accepted (not waited for), duplicate, failed, cancelled, stopped, skipped
    std::string job_id;
    std::string dataset_id;  ///< for a duplicate the existing one
    std::uint64_t rows_in = 0;
    std::uint64_t rows_out = 0;
    std::uint64_t rows_rejected = 0;
    std::uint64_t rows_reported = 0;
    std::uint64_t members = 0;           ///< of an archive, whose rows are those of all datasets that came of it
    std::uint64_t members_imported = 0;
    std::uint64_t members_failed = 0;    ///< the others were no data files
    std::string error_code;
    std::string error_message;
    double seconds = 0;
    int status = exit_ok;
    std::vector<int> marks;  ///< percentages at which stages began, rising
};
BOOST_DESCRIBE_STRUCT(Imported, (),
                      (file, outcome, job_id, dataset_id, rows_in, rows_out, rows_rejected, rows_reported, members, members_imported, members_failed, error_code,
                       error_message, seconds))

/// `line_of` is what stays on the screen for a file that has ended.
std::vector<Imported> import_files(const std::vector<std::string>& files, const ImportOptions& options,
                                   const Endpoint& endpoint, std::stop_token stop, Progress& progress,
                                   const std::function<std::string(const Imported&)>& line_of);

/// "ok orders.csv: 1,980 rows, 2 rejected, 5 reported, 0.4 s".
std::string import_line(const Imported& result, const Terminal& terminal);

int import_status(const std::vector<Imported>& results);

}  // namespace millrace::cli
