#pragma once

#include <atomic>

#include "accounts/authenticator.hpp"
#include "accounts/store.hpp"
#include "api/log_tails.hpp"
#include "api/request_limit.hpp"
#include "blobs/store.hpp"
#include "datasets/store.hpp"
#include "events/hub.hpp"
#include "intake/uploads.hpp"
#include "jobs/engine.hpp"
#include "jobs/schedule_store.hpp"
#include "jobs/waiting_room.hpp"
#include "llm/store.hpp"
#include "mapping/store.hpp"
#include "observe/metrics.hpp"
#include "webhooks/settings.hpp"
#include "webhooks/store.hpp"
#include "webhooks/url_check.hpp"

namespace millrace::api {

struct Settings {
    Duration upload_wait = 30s;     ///< how long an upload waits for its dataset unless Prefer says otherwise
    int streams_per_user = 100;
    std::uint64_t stream_behind_bytes_max = 256 * 1024;  ///< a slow reader with more than this to come gets `reset`
    bool metrics_open = false;      ///< /metrics and /openapi.json without a token
    std::uint64_t requests_per_minute = 0;  ///< of /api, per API key, user or (without either) address; 0 = no limit
    std::uint64_t requests_burst = 0;       ///< of these at once; 0: as many as in a minute
    Duration query_time = 10s;              ///< of one SQL query
    std::uint64_t query_memory_bytes_max = 64u << 20;
};
BOOST_DESCRIBE_STRUCT(Settings, (), (upload_wait, streams_per_user, stream_behind_bytes_max, metrics_open, requests_per_minute,
                               requests_burst, query_time, query_memory_bytes_max))

/// What the handlers work with; owned by app.
struct Services {
    Settings settings;
    jobs::Settings jobs_settings;
    webhooks::Settings webhooks_settings;
    ledger::Ledger& ledger;
    jobs::JobStore& jobs;
    jobs::ScheduleStore& schedules;
    jobs::RemoteStore& remote;
    jobs::WaitingRoom& waiting_room;
    datasets::DatasetStore& datasets;
    mapping::MappingStore& mappings;
    llm::LlmStore& llm;
    intake::IntakeStore& files;
    events::EventStore& events;
    events::Hub& hub;
    LogTails& log_tails;
    RequestLimit& request_limit;
    intake::Intake& intake;
    intake::Uploads& uploads;
    accounts::AccountStore& accounts;
    accounts::Authenticator& authenticator;
    webhooks::WebhookStore& webhooks;
    webhooks::UrlCheck& webhook_urls;
    webhooks::UrlCheck& import_urls;
    std::function<void()> wake_webhooks;  ///< there is something to send
    blobs::BlobStore& blobs;
    const Clock& clock;
    const observe::Log& log;
    observe::Metrics& metrics;
    std::vector<jobs::Kind> kinds;       ///< names and types only
    std::string version;
    std::function<bool()> ready;         ///< may requests be sent here?
    json::value openapi{};               ///< filled when the table is complete
};

}  // namespace millrace::api
