#include "llm/settings.hpp"

namespace millrace::llm {

std::vector<std::pair<std::string_view, std::string_view>> Settings::help() {
    return {
        {"provider", "Whose API the language model speaks: none, openai, responses, anthropic or ollama."},
        {"url", "Base URL of the API; that of the provider when it is empty."},
        {"model", "Name of the model."},
        {"key", "Key of the API."},
        {"privacy", "What of a file may be sent: off, names, profile (shapes of values) or samples (masked)."},
        {"connect_timeout", "How long a connection may take to open."},
        {"idle_timeout", "How long nothing may come, also before the first byte."},
        {"timeout", "How long one try may take."},
        {"patience", "How long all tries of one question may take, pauses included."},
        {"attempts", "Tries of one request."},
        {"retry_pause", "Longest pause before the second try; doubles with each further one."},
        {"retry_pause_max", "Longest pause between two tries that the server has not asked for."},
        {"parallel", "Requests at the same time."},
        {"breaker_failures", "After so many failed tries in a row nothing is asked for a while."},
        {"breaker_pause", "How long that while is."},
        {"tokens_per_call", "Most tokens of one request and its answer, estimated."},
        {"tokens_per_job", "Most tokens of one job."},
        {"tokens_per_day", "Most tokens of one user and day (UTC); 0: any number."},
        {"tokens_per_month", "Most tokens of all users in a month (UTC); 0: any number."},
        {"price_input", "Price of a million tokens that are sent."},
        {"price_output", "Price of a million tokens that are answered."},
        {"cost_per_month", "Most that all users may spend in a month (UTC); 0: any sum."},
        {"history", "How long answers and the record of what was sent are kept."},
    };
}

void Settings::check(std::vector<Issue>& issues) const {
    const auto refuse = [&](const char* member, const char* why) { issues.push_back({member, "invalid", why}); };
    if (provider != Api::none && model.empty()) refuse("model", "a provider needs the name of a model");
    if (!url.empty() && !url.starts_with("http://") && !url.starts_with("https://")) refuse("url", "it begins with https:// or http://");
    if (timeout < 10ms || idle_timeout < 10ms || patience < 10ms) refuse("timeout", "times are at least 10ms");
    if (attempts < 1 || attempts > 20) refuse("attempts", "it is from 1 to 20");
    if (parallel < 1 || parallel > 64) refuse("parallel", "it is from 1 to 64");
    if (breaker_failures < 1) refuse("breaker_failures", "it is at least 1");
    if (price_input < 0 || price_output < 0 || cost_per_month < 0) refuse("cost_per_month", "prices are not negative");
    if (cost_per_month > 0 && price_input == 0 && price_output == 0) refuse("cost_per_month", "without llm.price_input and llm.price_output nothing costs anything");
}

}  // namespace millrace::llm
