#include "pipelines/import/settings.hpp"

#include "http/address_policy.hpp"

namespace millrace::pipelines::import {

std::vector<std::pair<std::string_view, std::string_view>> Settings::help() {
    return {
        {"checkpoint_bytes", "So many bytes of a large file are read between two checkpoints, from which an import that died goes on; 0: none."},
        {"allow_private", "Hosts, addresses and ranges that files may be fetched from though they are private or without TLS."},
        {"url_timeout", "How long fetching a file from an address may take."},
    };
}

void Settings::check(std::vector<Issue>& issues) const {
    for (const auto& entry : allow_private) {
        if (auto why = http::AddressPolicy::problem_of(entry); !why.empty()) issues.push_back({"allow_private", "invalid", std::move(why)});
    }
    if (url_timeout < 1s) issues.push_back({"url_timeout", "out_of_range", "it is at least 1s"});
}

}  // namespace millrace::pipelines::import
