#include "webhooks/settings.hpp"

#include "http/address_policy.hpp"

namespace millrace::webhooks {

std::vector<Duration> Settings::pauses() const {
    std::vector<Duration> out;
    for (const auto& text : retries) {
        if (const auto pause = parse_duration(text)) out.push_back(*pause);
    }
    return out;
}

std::vector<std::pair<std::string_view, std::string_view>> Settings::help() {
    return {
        {"allow_private", "Hosts, addresses and ranges that webhooks may call though they are private or without TLS."},
        {"retries", "Pauses between the attempts of a delivery."},
        {"timeout", "How long one attempt may take."},
        {"secret_overlap", "How long the former secret still signs after a rotation."},
        {"history", "How long ended deliveries are kept."},
        {"parallel", "Attempts at the same time."},
        {"parallel_per_host", "Attempts to one host at the same time."},
        {"per_user", "Webhooks that one user may have."},
        {"poll", "How late deliveries may start when a wake-up is lost."},
    };
}

void Settings::check(std::vector<Issue>& issues) const {
    for (const auto& entry : allow_private) {
        if (auto why = http::AddressPolicy::problem_of(entry); !why.empty()) {
            issues.push_back({"allow_private", "invalid", std::move(why)});
        }
    }
    for (const auto& text : retries) {
        if (!parse_duration(text)) issues.push_back({"retries", "invalid", "\"" + text + "\" is no duration such as 5m"});
    }
    if (timeout < 100ms || timeout > 2min) issues.push_back({"timeout", "out_of_range", "it is from 100ms to 2m"});
    if (parallel < 1 || parallel > 256) issues.push_back({"parallel", "out_of_range", "it is from 1 to 256"});
    if (parallel_per_host < 1) issues.push_back({"parallel_per_host", "out_of_range", "it is at least 1"});
    if (poll < 10ms) issues.push_back({"poll", "out_of_range", "it is at least 10ms"});
}

}  // namespace millrace::webhooks
