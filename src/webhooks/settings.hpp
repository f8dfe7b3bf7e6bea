#pragma once

#include <boost/describe/class.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace millrace::webhooks {

struct Settings {
    /// Names, addresses and ranges that may be called though they are private, also without TLS; see AddressPolicy.
    std::vector<std::string> allow_private;
    /// Pauses before the second, third, ... attempt; when they are used up, the delivery has failed. About three days.
    std::vector<std::string> retries{"5s", "5m", "30m", "2h", "5h", "10h", "14h", "20h", "1d"};
    Duration timeout = 15s;                        ///< of one attempt, from looking up the name to the answer
    Duration secret_overlap = 24h;                 ///< how long the secret before signs too
    Duration history = std::chrono::days{30};      ///< how long deliveries that ended are kept
    int parallel = 8;                              ///< attempts at the same time
    int parallel_per_host = 2;                     ///< of these to one host
    int per_user = 20;                             ///< webhooks of one user
    Duration poll = 1s;                            ///< floor under wake-ups

    std::vector<Duration> pauses() const;
    static std::vector<std::pair<std::string_view, std::string_view>> help();
    void check(std::vector<Issue>& issues) const;
};
BOOST_DESCRIBE_STRUCT(Settings, (),
                      (allow_private, retries, timeout, secret_overlap, history, parallel, parallel_per_host, per_user, poll))

}  // namespace millrace::webhooks
