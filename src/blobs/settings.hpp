#pragma once

#include "blobs/s3/settings.hpp"

namespace millrace::blobs {

struct Settings {
    std::string store = "local";  ///< a name of the catalog
    s3::Settings s3;

    static std::vector<std::pair<std::string_view, std::string_view>> help() { return {{"store", "Where bytes are kept: local or s3."}}; }
    void check(std::vector<Issue>& issues) const;
};
BOOST_DESCRIBE_STRUCT(Settings, (), (store, s3))

}  // namespace millrace::blobs
