#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <latch>
#include <memory>
#include <set>

#include "base/error.hpp"
#include "base/uuid.hpp"
#include "work/channel.hpp"
#include "work/failpoint.hpp"
#include "work/lock_file.hpp"
#include "work/pool.hpp"
#include "work/signals.hpp"
#include "work/timer.hpp"

using namespace millrace;
using namespace millrace::work;

namespace {

struct TemporaryDirectory {
    std::filesystem::path path = std::filesystem::temp_directory_path() / ("millrace-" + Uuid::generate().str());
    TemporaryDirectory() { std::filesystem::create_directories(path); }
    ~TemporaryDirectory() { std::filesystem::remove_all(path); }
};

/// Runs `act` in a child process and answers how that ended, as waitpid says it.
int in_child(const std::function<void()>& act) {
    const auto child = ::fork();
    if (child == 0) {
        act();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

}  // namespace

TEST_CASE("a pool runs every task before it stops") {
    std::atomic<int> done = 0;
    Pool pool{{.name = "test", .threads = 3}};

    for (int i = 0; i < 1000; ++i) REQUIRE(pool.submit([&] { ++done; }));
    pool.stop();

    CHECK(done == 1000);
    CHECK(!pool.submit([] {}));
}

TEST_CASE("a pool refuses tasks beyond its queue and drops waiting ones when told") {
    std::promise<void> go, started;
    Pool pool{{.name = "test", .threads = 1, .queue_max = 2}};
    REQUIRE(pool.submit([&] { started.set_value(); go.get_future().wait(); }));
    started.get_future().wait();
    bool ran = false;
    REQUIRE(pool.submit([&] { ran = true; }));
    REQUIRE(pool.submit([&] { ran = true; }));

    CHECK(!pool.submit([&] { ran = true; }));
    CHECK(pool.queued() == 2);
    CHECK(pool.running() == 1);
    std::jthread release{[&] {
        while (pool.queued() > 0) std::this_thread::yield();
        go.set_value();
    }};
    pool.stop(Pool::Waiting::drop);

    CHECK(!ran);
}

TEST_CASE("what a task throws reaches the handler and the thread goes on") {
    std::atomic<int> failures = 0;
    std::atomic<bool> later = false;
    Pool pool{{.name = "test", .threads = 1, .on_error = [&](const std::exception_ptr&) { ++failures; }}};

    REQUIRE(pool.submit([] { throw Error{Code::internal}; }));
    REQUIRE(pool.submit([&] { later = true; }));
    pool.stop();

    CHECK(failures == 1);
    CHECK(later);
}

TEST_CASE("a channel hands over every item once and ends after close") {
    Channel<int> channel{2};
    std::atomic<long> sum = 0;
    std::atomic<int> count = 0;
    {
        std::vector<std::jthread> threads;
        std::latch producers{3};
        for (int p = 0; p < 3; ++p) {
            threads.emplace_back([&] {
                for (int i = 1; i <= 500; ++i) REQUIRE(channel.push(i));
                producers.count_down();
            });
        }
        for (int c = 0; c < 2; ++c) {
            threads.emplace_back([&] {
                while (const auto item = channel.pop()) sum += *item, ++count;
            });
        }
        producers.wait();
        channel.close();
    }

    CHECK(count == 1500);
    CHECK(sum == 3 * 500 * 501 / 2);
    CHECK(!channel.push(1));
}

TEST_CASE("a channel holds no more than its capacity") {
    Channel<std::unique_ptr<int>> channel{1};
    REQUIRE(channel.push(std::make_unique<int>(1)));
    auto second = std::make_unique<int>(2);

    CHECK(!channel.try_push(second));
    CHECK(second);
    CHECK(**channel.pop() == 1);
    CHECK(channel.try_push(second));
    CHECK(channel.size() == 1);
}

TEST_CASE("stop and cancel wake those who wait on a channel") {
    Channel<int> empty{1}, full{1};
    REQUIRE(full.push(1));
    std::jthread reader{[&](std::stop_token stop) { CHECK(!empty.pop(stop)); }};
    std::jthread writer{[&](std::stop_token stop) { CHECK(!full.push(2, stop)); }};
    std::jthread other{[&] { CHECK(!full.push(3)); }};

    reader.request_stop();
    writer.request_stop();
    reader.join();
    writer.join();
    full.cancel();
    other.join();

    CHECK(!full.pop());
    CHECK(!empty.pop_until(in(1ms)));
    CHECK(!empty.closed());
}

TEST_CASE("a timer calls in the order of deadlines and never what was cancelled") {
    Timer timer;
    std::vector<int> order;
    std::promise<void> last;
    const auto now = std::chrono::steady_clock::now();

    timer.at(now + 20ms, [&] { order.push_back(3); last.set_value(); });
    const auto dropped = timer.at(now + 10ms, [&] { order.push_back(-1); });
    CHECK(timer.cancel(dropped));
    timer.at(now + 5ms, [&] { order.push_back(1); });
    timer.at(now + 5ms, [&] { order.push_back(2); });
    REQUIRE(last.get_future().wait_for(10s) == std::future_status::ready);

    CHECK(order == std::vector{1, 2, 3});
    CHECK(!timer.cancel(dropped));
    CHECK(timer.pending() == 0);
}

TEST_CASE("cancel waits for the call that is running") {
    Timer timer;
    std::promise<void> started;
    std::atomic<bool> finished = false;
    const auto id = timer.at(std::chrono::steady_clock::now(), [&] {
        started.set_value();
        for (int i = 0; i < 1000; ++i) std::this_thread::yield();
        finished = true;
    });
    started.get_future().wait();

    CHECK(!timer.cancel(id));

    CHECK(finished);
}

TEST_CASE("a call may plan the next one and cancel itself") {
    Timer timer;
    std::promise<int> result;
    Timer::Id first = 0;
    std::promise<void> ready;
    first = timer.at(in(1ms), [&] {
        ready.get_future().wait();
        CHECK(!timer.cancel(first));
        timer.at(in(1ms), [&] { result.set_value(7); });
    });
    ready.set_value();

    auto future = result.get_future();
    REQUIRE(future.wait_for(10s) == std::future_status::ready);
    CHECK(future.get() == 7);
}

TEST_CASE("fail points do what the specification says and nothing otherwise") {
    CHECK_NOTHROW(failpoint("work.test"));

    arm_failpoints("work.test:error@2");
    CHECK_NOTHROW(failpoint("work.test"));
    CHECK_THROWS_AS(failpoint("work.test"), Error);
    CHECK_NOTHROW(failpoint("work.test"));
    CHECK(failpoint_hits("work.test") == 3);

    arm_failpoints("");
    CHECK_NOTHROW(failpoint("work.test"));
}

TEST_CASE("a fail point ends the process the way it was told") {
    const auto aborted = in_child([] { arm_failpoints("work.test:abort"); failpoint("work.test"); });
    CHECK(WIFEXITED(aborted));
    CHECK(WEXITSTATUS(aborted) == 137);
    const auto killed = in_child([] { arm_failpoints("work.test:kill"); failpoint("work.test"); });
    CHECK(WIFSIGNALED(killed));
    CHECK(WTERMSIG(killed) == SIGKILL);
}

TEST_CASE("a held fail point says that it was reached and waits for its file") {
    const TemporaryDirectory directory;
    const auto path = directory.path / "go";
    arm_failpoints("work.test:hold:" + path.string());
    std::atomic<bool> passed = false;

    std::jthread thread{[&] { failpoint("work.test"); passed = true; }};
    while (!std::filesystem::exists(path.string() + ".held")) std::this_thread::yield();
    CHECK(!passed);
    std::ofstream{path} << "";
    thread.join();

    CHECK(passed);
    arm_failpoints("");
}

TEST_CASE("a wrong fail point specification is refused") {
    for (const std::string_view text : {"work.test", "unknown.point:kill", "work.test:explode", "work.test:sleep:soon",
                                        "work.test:kill@0", "work.test:kill@x", "work.test:hold", ","}) {
        CAPTURE(text);
        CHECK_THROWS_AS(arm_failpoints(text), Error);
    }
}

TEST_CASE("every listed fail point stands in the code") {
    std::set<std::string> missing;
    for (const auto name : failpoints()) missing.emplace(name);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(MILLRACE_SOURCE_DIR "/src")) {
        if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
        std::ifstream file{entry.path()};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        std::erase_if(missing, [&](const std::string& name) { return text.contains("failpoint(\"" + name + "\")"); });
    }
    CHECK(missing == std::set<std::string>{});
}

TEST_CASE("a data directory has one owner, and others learn who it is") {
    const TemporaryDirectory directory;
    CHECK(!holder_of(directory.path));
    {
        LockFile lock{directory.path};
        lock.publish("http://127.0.0.1:8000");

        CHECK(holder_of(directory.path)->pid == ::getpid());
        CHECK(holder_of(directory.path)->url == "http://127.0.0.1:8000");
        try {
            const LockFile second{directory.path};
            FAIL("two owners");
        } catch (const Error& error) {
            CHECK(error.code() == Code::data_dir_locked);
            CHECK(*error.arg("pid") == std::to_string(::getpid()));
            CHECK(*error.arg("url") == "http://127.0.0.1:8000");
        }
    }
    CHECK(!holder_of(directory.path));
    CHECK_NOTHROW(LockFile{directory.path});
}

TEST_CASE("the lock of a killed process is free at once") {
    const TemporaryDirectory directory;
    const auto status = in_child([&] {
        const LockFile lock{directory.path};
        std::raise(SIGKILL);
    });

    CHECK(WIFSIGNALED(status));
    CHECK(!holder_of(directory.path));
    CHECK_NOTHROW(LockFile{directory.path});
}

TEST_CASE("a lock file that is a symbolic link is not followed") {
    const TemporaryDirectory directory;
    const auto target = directory.path / "target";
    std::filesystem::create_symlink(target, directory.path / LockFile::file_name);

    CHECK_THROWS_AS(LockFile{directory.path}, Error);
    CHECK(!std::filesystem::exists(target));
}

TEST_CASE("signals arrive as calls") {
    const auto status = in_child([] {
        std::promise<int> got;
        const Signals signals{{SIGTERM, SIGINT}, [&](int signal) { got.set_value(signal); }};
        ::kill(::getpid(), SIGTERM);
        ::_exit(got.get_future().get() == SIGTERM ? 42 : 1);
    });
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
}
