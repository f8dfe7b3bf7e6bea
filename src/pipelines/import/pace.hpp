#pragma once

#include <cstdint>
#include <string>

#include "base/deadline.hpp"

namespace millrace::pipelines::import {

/// How fast a file is read, for people: "1.2 GB of 10.0 GB, 95.0 MB/s, 1,020,000 rows/s, 1 min 33 s left". Averages since
/// the attempt began to read.
class Pace {
public:
    Pace(std::uint64_t total, Deadline now) : total_{total}, begun_{now} {}

    /// `bytes` of the total and `rows` have been read until now; the first call tells where the attempt has begun.
    std::string after(std::uint64_t bytes, std::uint64_t rows, Deadline now);

private:
    const std::uint64_t total_;
    const Deadline begun_;
    bool known_ = false;
    std::uint64_t first_bytes_ = 0, first_rows_ = 0;
};

/// "999 B", "1.5 kB", "10.0 GB": decimal units.
std::string readable_bytes(std::uint64_t bytes);

}  // namespace millrace::pipelines::import
