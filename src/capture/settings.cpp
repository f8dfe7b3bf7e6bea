#include "capture/settings.hpp"

namespace millrace::capture {

std::vector<std::pair<std::string_view, std::string_view>> Settings::help() {
    return {
        {"enabled", "Pages of data sources are captured by a browser; without, and where there is none, they are read as files are."},
        {"browser", "The browser's program; when empty, chromium-headless-shell or chromium of the system."},
        {"browsers", "Captures at the same time, each in a browser of its own."},
        {"allow_unsandboxed", "Capture also where the browser cannot be kept from the network and the files of this machine."},
        {"timeout", "How long one capture may take."},
        {"navigation_timeout", "How long a page may take until it is read."},
        {"quiet", "A page is ready when for so long nothing was loaded and nothing moved."},
        {"quiet_timeout", "A page that does not come to rest is captured as it is after so long."},
        {"artefact_timeout", "How long making one artefact may take."},
        {"bytes_max", "So much may a page load."},
        {"artefact_bytes_max", "So large may one artefact be."},
        {"memory_max", "A browser that takes more is ended."},
        {"width", "Width of the window, in pixels."},
        {"height", "Height of the window, in pixels."},
        {"height_max", "A screenshot is at most so high, in pixels."},
        {"captures_max", "After so many captures a fresh browser is started."},
    };
}

void Settings::check(std::vector<Issue>& issues) const {
    const auto within = [&](const char* name, auto value, auto least, auto most, const char* text) {
        if (value < least || value > most) issues.push_back({name, "out_of_range", text});
    };
    within("browsers", browsers, 1, 64, "it is from 1 to 64");
    within("timeout", timeout, Duration{1s}, Duration{10min}, "it is from 1s to 10m");
    within("navigation_timeout", navigation_timeout, Duration{100ms}, timeout, "it is from 100ms to capture.timeout");
    within("quiet", quiet, Duration{0}, Duration{10s}, "it is at most 10s");
    within("quiet_timeout", quiet_timeout, Duration{0}, timeout, "it is at most capture.timeout");
    within("artefact_timeout", artefact_timeout, Duration{100ms}, timeout, "it is from 100ms to capture.timeout");
    // An artefact comes in one message of the browser.
    within("artefact_bytes_max", artefact_bytes_max.count, std::uint64_t{64} << 10, std::uint64_t{256} << 20, "it is from 64KiB to 256MiB");
    within("memory_max", memory_max.count, std::uint64_t{256} << 20, std::uint64_t{1} << 40, "it is at least 256MiB");
    within("width", width, 100, 8192, "it is from 100 to 8192");
    within("height", height, 100, 8192, "it is from 100 to 8192");
    // Beyond its largest texture Chromium repeats the picture or leaves it white.
    within("height_max", height_max, 100, 16384, "it is from 100 to 16384");
    within("captures_max", captures_max, 1, 1'000'000, "it is at least 1");
}

}  // namespace millrace::capture
