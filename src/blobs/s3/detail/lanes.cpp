#include "blobs/s3/detail/lanes.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "work/thread_name.hpp"

namespace millrace::blobs::s3 {
namespace {

constexpr std::size_t lanes_max = 8;

}  // namespace

void in_lanes(std::size_t count, const std::function<void(std::size_t)>& run) {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::exception_ptr thrown;
    const auto lane = [&] {
        try {
            for (std::size_t i = next++; i < count; i = next++) run(i);
        } catch (...) {
            next = count;
            const std::lock_guard lock{mutex};
            if (!thrown) thrown = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 1; i < std::min(count, lanes_max); ++i) {
            threads.emplace_back([&] {
                work::name_this_thread("s3");
                lane();
            });
        }
        lane();
    }
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace millrace::blobs::s3
