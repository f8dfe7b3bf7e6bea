#include "jobs/declared_kind.hpp"

#include <algorithm>
#include <iterator>

#include "jobs/queue.hpp"

namespace millrace::jobs {
namespace {

constexpr int attempts_max_max = 1000;
constexpr std::int64_t timeout_ms_max = 31LL * 24 * 3600 * 1000;
constexpr std::size_t label_bytes_max = 200;

}  // namespace

std::vector<Issue> problems(const DeclaredKind& kind, const std::string& pointer) {
    std::vector<Issue> issues;
    if (!is_queue_name(kind.name)) {
        issues.push_back({pointer + "/name", "invalid", "expected 1 to 64 letters, digits, '-', '_' or '.'"});
    }
    if (kind.label.size() > label_bytes_max) issues.push_back({pointer + "/label", "too_long", "expected at most 200 bytes"});
    if (kind.attempts_max < 1 || kind.attempts_max > attempts_max_max) {
        issues.push_back({pointer + "/attempts_max", "out_of_range", "expected 1 to 1000"});
    }
    if (const auto timeout = kind.options.timeout_ms; timeout && (*timeout < 1 || *timeout > timeout_ms_max)) {
        issues.push_back({pointer + "/timeout_ms", "out_of_range", "expected 1 to 2678400000 (31 days)"});
    }
    if (kind.options.retry) std::ranges::move(problems(*kind.options.retry, pointer + "/retry"), std::back_inserter(issues));
    return issues;
}

}  // namespace millrace::jobs
