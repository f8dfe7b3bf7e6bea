#include "pipelines/import/pace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace millrace::pipelines::import {
namespace {

constexpr double seconds_min = 1;  ///< nothing is said of speed before

std::string grouped(std::uint64_t number) {
    auto text = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), ",");
    return text;
}

std::string readable_time(double seconds) {
    const auto whole = static_cast<std::uint64_t>(std::ceil(seconds));
    if (whole < 60) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace

std::string readable_bytes(std::uint64_t bytes) {
    static constexpr std::array<const char*, 5> units = {"B", "kB", "MB", "GB", "TB"};
    if (bytes < 1000) return fmt::format("{} B", bytes);
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 999.95 && unit + 1 < units.size(); ++unit) value /= 1000;
    return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string Pace::after(std::uint64_t bytes, std::uint64_t rows, Deadline now) {
    // A second pass counts its rows from none again.
    if (!known_ || rows < first_rows_) first_bytes_ = bytes, first_rows_ = rows;
    known_ = true;
    auto text = fmt::format("{} of {}", readable_bytes(bytes), readable_bytes(total_));
    const double seconds = std::chrono::duration<double>{now - begun_}.count();
    const auto read = static_cast<double>(bytes - first_bytes_);
    if (seconds < seconds_min || read <= 0) return text;
    const auto rows_read = static_cast<double>(rows - first_rows_);
    text += fmt::format(", {}/s, {} rows/s", readable_bytes(static_cast<std::uint64_t>(read / seconds)), grouped(static_cast<std::uint64_t>(rows_read / seconds)));
    return text + fmt::format(", {} left", readable_time(static_cast<double>(total_ - std::min(bytes, total_)) / read * seconds));
}

}  // namespace millrace::pipelines::import
