#pragma once

#include <boost/describe/class.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"

namespace millrace::capture {

struct Settings {
    bool enabled = true;  ///< pages of data sources are captured; else they are read as a file is
    std::string browser;  ///< path of the program; empty: what the packages of the system install
    int browsers = 1;     ///< captures at the same time
    bool allow_unsandboxed = false;
    Duration timeout = 60s;             ///< of one capture, once it has a browser
    Duration navigation_timeout = 30s;  ///< until the page is parsed
    Duration quiet = 500ms;             ///< so long nothing happens on a page that is ready
    Duration quiet_timeout = 10s;       ///< a page that does not come to rest is captured as it is
    Duration artefact_timeout = 20s;    ///< of each
    Bytes bytes_max{50u << 20};         ///< that a page loads
    Bytes artefact_bytes_max{32u << 20};
    Bytes memory_max{2ull << 30};  ///< of a browser
    int width = 1280;              ///< of the window, in pixels
    int height = 800;
    int height_max = 16384;  ///< of the screenshot; what is below is left out
    int captures_max = 50;   ///< of one browser, then a fresh one takes its place

    static std::vector<std::pair<std::string_view, std::string_view>> help();
    void check(std::vector<Issue>& issues) const;
};
BOOST_DESCRIBE_STRUCT(Settings, (),
                      (enabled, browser, browsers, allow_unsandboxed, timeout, navigation_timeout, quiet, quiet_timeout, artefact_timeout, bytes_max,
                       artefact_bytes_max, memory_max, width, height, height_max, captures_max))

}  // namespace millrace::capture
