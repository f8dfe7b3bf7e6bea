#include <doctest/doctest.h>

#include <fstream>

#include "base/uuid.hpp"
#include "blobs/local/local.hpp"

// What every store does is in tests/blobs.

using namespace millrace;
namespace fs = std::filesystem;

namespace {

struct Directory {
    fs::path path = fs::temp_directory_path() / ("millrace-blobs-" + Uuid::generate().str());
    ~Directory() { fs::remove_all(path); }
};

int partial_files(const fs::path& root) {
    int count = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator{root / "partial"}) ++count;
    return count;
}

}  // namespace

TEST_CASE("a writer that is dropped leaves nothing behind") {
    const Directory directory;
    const auto store = blobs::local::open(directory.path);

    store->create()->write("half");

    CHECK(partial_files(directory.path) == 0);
}

TEST_CASE("what a crash left half-written is swept, young files stay") {
    const Directory directory;
    const auto store = blobs::local::open(directory.path);
    std::ofstream{directory.path / "partial" / "left-behind"} << "half";
    const auto now = SystemClock{}.now();

    CHECK(store->sweep_partial(now - 1h) == 0);
    CHECK(store->sweep_partial(now + 1h) == 1);
}
