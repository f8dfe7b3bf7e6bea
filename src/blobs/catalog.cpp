#include "blobs/catalog.hpp"

#include <algorithm>

#include "blobs/local/local.hpp"
#include "blobs/s3/s3.hpp"

namespace millrace::blobs {

// A new store is a new folder and one line here.
std::span<const Kind> catalog() {
    static const Kind kinds[] = {
        {"local", local::open_stores, local::check},
        {"s3", s3::open_stores, s3::check},
    };
    return kinds;
}

const Kind& kind(const Settings& settings) {
    const auto found = std::ranges::find(catalog(), settings.store, &Kind::name);
    if (found == catalog().end()) throw Error{Code::invalid_config, {{"key", "blobs.store"}, {"origin", "settings"}, {"why", "there is no store " + settings.store}}};
    return *found;
}

void Settings::check(std::vector<Issue>& issues) const {
    std::string known;
    for (const auto& kind : catalog()) known += (known.empty() ? "" : ", ") + std::string{kind.name};
    if (std::ranges::find(catalog(), store, &Kind::name) == catalog().end()) issues.push_back({"store", "invalid", "it is one of " + known});
}

}  // namespace millrace::blobs
