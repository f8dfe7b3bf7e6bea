#include "api/request_limit.hpp"

#include <fmt/format.h>

#include "api/services.hpp"

namespace millrace::api {
namespace {

std::uint64_t burst_of(const Settings& settings) {
    return settings.requests_burst == 0 ? settings.requests_per_minute : settings.requests_burst;
}

/// What the rate gives in words of quotas: the burst, and the seconds in which it comes back.
std::string policy_of(const Settings& settings) {
    if (settings.requests_per_minute == 0) return {};
    const auto per_minute = settings.requests_per_minute;
    return fmt::format(R"("default";q={};w={})", burst_of(settings), (burst_of(settings) * 60 + per_minute - 1) / per_minute);
}

}  // namespace

RequestLimit::RequestLimit(const Settings& settings)
    : limit_{{.count = settings.requests_per_minute, .period = 1min, .burst = burst_of(settings)}}, policy_{policy_of(settings)} {}

void RequestLimit::count(const accounts::Identity& who, const http::Request& request) {
    count(std::hash<Uuid>{}(who.api_key.value_or(who.scope.user)), request);
}

void RequestLimit::count_address(const http::Request& request) { count(request.remote_network, request); }

void RequestLimit::count(std::uint64_t caller, const http::Request& request) {
    if (!limit_.limits()) return;
    // Not the clock of the wall: set back, it would lock everybody out.
    const auto verdict = limit_.ask(caller, std::chrono::steady_clock::now());
    request.answer_headers.set("RateLimit-Policy", policy_);
    request.answer_headers.set("RateLimit", fmt::format(R"("default";r={};t={})", verdict.left, verdict.full_in.count()));
    if (!verdict.allowed) throw Error{Code::too_many_requests, {{"seconds", std::to_string(verdict.wait.count())}}};
}

}  // namespace millrace::api
