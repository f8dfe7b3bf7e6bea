#pragma once

#include <boost/describe/class.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"

namespace millrace::pipelines::import {

struct Settings {
    Bytes checkpoint_bytes{256u << 20};
    /// Names, addresses and ranges that files may be fetched from though they are private, also without TLS; see
    /// http::AddressPolicy.
    std::vector<std::string> allow_private;
    Duration url_timeout = 6h;

    static std::vector<std::pair<std::string_view, std::string_view>> help();
    void check(std::vector<Issue>& issues) const;
};
BOOST_DESCRIBE_STRUCT(Settings, (), (checkpoint_bytes, allow_private, url_timeout))

}  // namespace millrace::pipelines::import
