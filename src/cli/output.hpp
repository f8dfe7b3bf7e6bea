#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/reading.hpp"
#include "datasets/export.hpp"

/// What is written on this machine: its format, and the files it consists of.
namespace millrace::cli {

/// What --to, -O and the extension of `path` say, e.g. "a.csv.gz" or "b.xlsx"; csv when nothing does. Texts that look like
/// formulas stay as they are unless -O formulas=safe is given. Throws Error{usage}.
datasets::ExportPlan output_plan(const std::string& path, const Arguments& arguments);

/// The options of -O KEY=VALUE as an object, with `format` from --to or the extension of `path`; none leaves it out.
json::object output_options(const std::string& path, const Arguments& arguments);

/// The files of one output. They appear under their names, complete and on disk, when `publish` is called.
class OutParts {
public:
    struct How {
        bool numbered = false;  ///< "a.csv" becomes "a-0001.csv", "a-0002.csv", ...
        bool hashed = true;     ///< false: the manifest, which nobody sees, has no SHA-256
    };
    /// "-" is standard output.
    OutParts(std::string path, How how) : path_{std::move(path)}, how_{how} {}

    formats::OpenPart opener();
    /// Forgets what has been written so far.
    void restart() { files_.clear(); }
    void publish();

private:
    class File;
    std::string path_of(std::size_t number) const;

    const std::string path_;
    const How how_;
    std::vector<std::unique_ptr<OutFile>> files_;
};

}  // namespace millrace::cli
