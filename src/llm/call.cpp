#include "llm/call.hpp"

#include <cmath>

namespace millrace::llm {

std::string over_budget(const Settings& settings, const Spent& spent, std::int64_t tokens) {
    const auto over = [&](std::int64_t limit, const Sum& sum) { return limit > 0 && sum.tokens + tokens > limit; };
    if (over(settings.tokens_per_call, {})) return "llm.tokens_per_call";
    if (over(settings.tokens_per_job, spent.job)) return "llm.tokens_per_job";
    if (over(settings.tokens_per_day, spent.day)) return "llm.tokens_per_day";
    if (over(settings.tokens_per_month, spent.month)) return "llm.tokens_per_month";
    const auto dearest = std::max(settings.price_input, settings.price_output) * static_cast<double>(tokens);  // micros: per million
    if (settings.cost_per_month > 0 && static_cast<double>(spent.month.cost_micros) + dearest > settings.cost_per_month * 1e6) return "llm.cost_per_month";
    return "";
}

std::int64_t cost_micros(const Settings& settings, const Usage& usage) {
    // A price per million tokens is a price of one token in millionths.
    return std::llround(settings.price_input * static_cast<double>(usage.input) + settings.price_output * static_cast<double>(usage.output));
}

std::string day_of(Instant at) { return to_rfc3339(at).substr(0, 10); }
std::string month_of(Instant at) { return to_rfc3339(at).substr(0, 7); }

}  // namespace millrace::llm
