// bench_extract PROGRAM ROUNDS FILE...: reads each file ROUNDS times by millrace-extract, isolation and all; prints pages,
// characters, and seconds of CPU time of this process and of all its children. ROUNDS 0: one JSON object per file instead.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "base/error.hpp"
#include "documents/extracted.hpp"

using namespace millrace;

namespace {

struct Bytes final : formats::Source {
    std::string bytes;
    explicit Bytes(const char* path) {
        std::ifstream file{path, std::ios::binary};
        bytes.assign(std::istreambuf_iterator<char>{file}, {});
    }
    std::uint64_t size() const override { return bytes.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override { return offset >= bytes.size() ? 0 : bytes.copy(into.data(), into.size(), offset); }
};

double seconds(int who) {
    rusage use{};
    getrusage(who, &use);
    return static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) + 1e-6 * static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

struct Count {
    std::size_t pages = 0, bytes = 0, refused = 0;
};

Count read_all(const std::string& program, int rounds, int count, char** paths) {
    documents::Extractor extractor{{.program = program}};
    Count all;
    for (int round = 0; round < rounds; ++round) {
        for (int i = 0; i < count; ++i) {
            Bytes source{paths[i]};
            try {
                const auto document = extractor.extract(source, paths[i], {.ocr = documents::Ocr::never});
                all.pages += document.pages.size();
                all.bytes += document.text().size();
            } catch (const Error&) {
                ++all.refused;
            }
        }
    }
    return all;
}

void show(const std::string& program, int count, char** paths) {
    documents::Extractor extractor{{.program = program}};
    for (int i = 0; i < count; ++i) {
        Bytes source{paths[i]};
        try {
            std::printf("%s\n", json::serialize(documents::to_json(documents::read_document(source, paths[i], extractor), paths[i])).c_str());
        } catch (const Error& error) {
            std::fprintf(stderr, "%s: %s\n", paths[i], error.what());
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    const int rounds = std::atoi(argv[2]);
    if (rounds == 0) return show(argv[1], argc - 3, argv + 3), 0;
    const auto all = read_all(argv[1], rounds, argc - 3, argv + 3);
    std::printf("{\"pages\": %zu, \"bytes\": %zu, \"refused\": %zu, \"cpu\": %.3f}\n", all.pages, all.bytes, all.refused, seconds(RUSAGE_SELF) + seconds(RUSAGE_CHILDREN));
}
