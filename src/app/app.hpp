#pragma once

#include <memory>

#include "app/settings.hpp"

namespace millrace::app {

/// Which parts of the program run.
enum class Role {
    serve,   ///< the API; jobs are left to workers
    worker,  ///< jobs only
    all,     ///< both
};

/// The running program: everything is made here, handed to each other by constructor, and taken down in reverse.
class App {
public:
    /// Opens stores, migrates, starts. Throws Error (invalid_config, data_dir_locked, schema_newer, ...).
    App(Settings settings, Role role, observe::Log log);
    ~App();

    /// Where the API is reached, e.g. "http://127.0.0.1:8000"; empty for a worker.
    const std::string& url() const;
    /// Reads the TLS certificate and its key anew; files that are not valid change nothing and are logged. False without
    /// TLS: there is nothing to read.
    bool reload();
    /// Readiness off, stop accepting, finish requests, hand running jobs back, flush. Blocks.
    void stop();
    /// Now: nothing is waited for.
    void stop_at_once();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::app
