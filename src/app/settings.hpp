#pragma once

#include "api/services.hpp"
#include "app/trace_export.hpp"
#include "base/secret.hpp"
#include "blobs/settings.hpp"
#include "capture/settings.hpp"
#include "config/config.hpp"
#include "http/server.hpp"
#include "llm/settings.hpp"
#include "pipelines/import/settings.hpp"
#include "storage/payload.hpp"
#include "webhooks/settings.hpp"

namespace millrace::app {

struct DatabaseSettings {
    Secret url;          ///< postgresql://...; empty: SQLite in the data directory
    int connections = 8; ///< for reads
};
BOOST_DESCRIBE_STRUCT(DatabaseSettings, (), (url, connections))

struct LogSettings {
    observe::Level level = observe::Level::info;
};
BOOST_DESCRIBE_STRUCT(LogSettings, (), (level))

struct ShutdownSettings {
    Duration grace = 10s;  ///< running jobs and requests get this long to finish
};
BOOST_DESCRIBE_STRUCT(ShutdownSettings, (), (grace))

/// Every setting of a server: keys are `section.name`, flags and variables derive from them.
struct Settings {
    std::string data_dir = "var";
    std::string port_file;  ///< the bound port is written here once the server listens
    http::Settings http;
    jobs::Settings jobs;
    intake::Settings upload;
    blobs::Settings blobs;
    pipelines::import::Settings import;
    capture::Settings capture;
    api::Settings api;
    accounts::Settings accounts;
    webhooks::Settings webhooks;
    llm::Settings llm;
    DatabaseSettings database;
    storage::PayloadSettings payload;
    LogSettings log;
    TracingSettings tracing;
    ShutdownSettings shutdown;
};
BOOST_DESCRIBE_STRUCT(Settings, (),
                      (data_dir, port_file, http, jobs, upload, blobs, import, capture, api, accounts, webhooks, llm, database, payload, log, tracing, shutdown))

/// Short names of keys: --listen, --metrics-open, --dev.
config::Pairs aliases();

}  // namespace millrace::app
