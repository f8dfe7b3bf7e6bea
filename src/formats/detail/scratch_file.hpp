#pragma once

#include <string>

#include "formats/format.hpp"

namespace millrace::formats {

/// A temporary file with a name, for libraries that write nowhere else. Gone with the object.
/// In TMPDIR, else /tmp. Throws Error{storage_failed}.
class ScratchFile {
public:
    ScratchFile();
    ~ScratchFile();
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;

    const std::string& path() const { return path_; }
    static std::string directory();
    /// Everything in it, in order.
    void copy_to(Sink& sink) const;

private:
    std::string path_;
};

}  // namespace millrace::formats
