#include "jobs/zone.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/suggest.hpp"

namespace millrace::jobs {
namespace {

const date::time_zone& rules_of(const void* rules) { return *static_cast<const date::time_zone*>(rules); }

/// All names, in order. Whatever else lies in the zoneinfo directory ("localtime", lists) begins with a small letter.
const std::vector<std::string>& names() {
    static const auto all = [] {
        std::vector<std::string> found;
        try {
            for (const auto& zone : date::get_tzdb().zones) {
                if (zone.name()[0] >= 'A' && zone.name()[0] <= 'Z') found.push_back(zone.name());
            }
        } catch (const std::exception&) {
            // No tzdata on this machine: only UTC is known, and unknown() says why.
        }
        return found;
    }();
    return all;
}

bool same_letters(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
        const auto plain = [](char c) { return c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
        return plain(x) == plain(y);
    });
}

/// "europe/amsterdam" and "Amsterdam" mean Europe/Amsterdam; else the name with the fewest wrong letters.
std::string suggestion(std::string_view name) {
    const auto whole = [](std::string_view known) { return known; };
    const auto city = [](std::string_view known) { return known.substr(known.rfind('/') + 1); };
    const auto same = [name](std::string_view known) { return same_letters(known, name); };
    auto meant = std::ranges::find_if(names(), same, whole);
    if (meant == names().end()) meant = std::ranges::find_if(names(), same, city);
    return meant == names().end() ? did_you_mean(name, names()) : "; did you mean \"" + *meant + "\"?";
}

Error unknown(std::string_view name) {
    const auto hint =
        names().empty() ? "; this machine has no time zones, install the package tzdata" : suggestion(name);
    return Error{Code::unknown_time_zone, {{"zone", std::string{name.substr(0, 64)}}, {"hint", hint}}};
}

}  // namespace

Result<Zone> Zone::find(std::string_view name) {
    Zone zone;
    if (name == zone.name_) return zone;
    if (!std::ranges::binary_search(names(), name)) return std::unexpected{unknown(name)};
    zone.name_ = name;
    try {
        zone.rules_ = date::locate_zone(zone.name_);
        zone.at({});  // the library reads the file now, so a broken one is found here
    } catch (const std::exception&) {
        return std::unexpected{unknown(name)};
    }
    return zone;
}

Zone::Stretch Zone::at(std::chrono::sys_seconds time) const {
    using std::chrono::sys_seconds;
    if (!rules_) return {sys_seconds::min(), sys_seconds::max(), {}};
    const auto info = rules_of(rules_).get_info(time);
    return {info.begin, info.end, info.offset};
}

std::chrono::sys_seconds Zone::earliest(Local local) const {
    const auto since_epoch = local.time_since_epoch();
    if (!rules_) return std::chrono::sys_seconds{since_epoch};
    const auto info = rules_of(rules_).get_info(date::local_seconds{since_epoch});
    if (info.result == date::local_info::nonexistent) return info.first.end;
    return std::chrono::sys_seconds{since_epoch - info.first.offset};
}

std::string Zone::local_text(Instant instant) const {
    using namespace std::chrono;
    const auto time = floor<seconds>(instant);
    const auto offset = floor<minutes>(at(time).offset);
    const auto text = to_rfc3339(Instant{time + offset});
    const auto size = offset < 0min ? -offset : offset;
    return fmt::format("{}{}{:02}:{:02}", text.substr(0, 19), offset < 0min ? '-' : '+', size.count() / 60, size.count() % 60);
}

}  // namespace millrace::jobs
