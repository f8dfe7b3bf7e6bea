// bench_ingest TASK IN [OUT]: one step of turning a file into a dataset, for compare.py to time from outside.
//   read      tokenise and validate, count rows
//   scan      the same and find the types, write nothing
//   dataset   everything: types, profile, Parquet (zstd), kept texts, rejects
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "base/describe.hpp"
#include "datasets/build.hpp"
#include "formats/format.hpp"

using namespace millrace;

namespace {

struct FileSource final : formats::Source {
    int fd;
    std::uint64_t bytes = 0;
    explicit FileSource(const char* path) : fd{open(path, O_RDONLY)} {
        struct stat about{};
        if (fd < 0 || fstat(fd, &about) != 0) throw std::runtime_error{std::string{"cannot open "} + path};
        bytes = static_cast<std::uint64_t>(about.st_size);
    }
    ~FileSource() override { close(fd); }
    std::uint64_t size() const override { return bytes; }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        const auto got = pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
        if (got < 0) throw Error{Code::storage_failed};
        return static_cast<std::size_t>(got);
    }
};

struct FileSink final : formats::Sink {
    std::string path;
    FILE* file = nullptr;
    explicit FileSink(std::string p) : path{std::move(p)} {}
    ~FileSink() override { if (file) fclose(file); }
    void write(std::string_view bytes) override {
        if (!file) file = fopen(path.c_str(), "wb");
        if (!file || fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size()) throw Error{Code::storage_failed};
    }
    void restart() {
        if (file) fclose(file);
        file = nullptr;
        unlink(path.c_str());
    }
};

struct NoSink final : formats::Sink {
    void write(std::string_view) override {}
};

}  // namespace

int main(int argc, char** argv) try {
    if (argc < 3) {
        fprintf(stderr, "usage: bench_ingest read|scan|dataset IN [OUT]\n");
        return 2;
    }
    const std::string task = argv[1];
    FileSource source{argv[2]};
    const auto& format = formats::recognise(source, argv[2]);
    if (task == "read") {
        auto table = format.open(source, {});
        formats::TextBatch batch;
        std::uint64_t rows = 0;
        while (table->next(batch)) rows += batch.rows;
        printf("%llu rows\n", static_cast<unsigned long long>(rows));
        return 0;
    }
    const std::string out = argc > 3 ? argv[3] : "";
    FileSink data{out}, texts{out + ".texts"}, rejects{out + ".rejects"};
    NoSink none;
    const bool write = task == "dataset" && !out.empty();
    datasets::Sinks sinks{&none, &none, &none, [] {}};
    if (write) sinks = {&data, &texts, &rejects, [&] { data.restart(); texts.restart(); rejects.restart(); }};
    datasets::BuildOptions options{.source_bytes = source.size()};
    options.second_thread = getenv("BENCH_ONE_THREAD") == nullptr;
    options.types_only = task == "scan";
    const auto result = datasets::build(
        [&](auto on_reject) { return format.open(source, {.on_reject = std::move(on_reject)}); }, sinks, options);
    printf("%s\n", to_json(result.report).c_str());
    for (const auto& column : result.columns) printf("%s\n", to_json(column).c_str());
    if (getenv("BENCH_PROFILE")) printf("%s\n", to_json(result.profile).c_str());
    printf("%llu rows, %llu + %llu bytes\n", static_cast<unsigned long long>(result.rows),
           static_cast<unsigned long long>(result.data_bytes), static_cast<unsigned long long>(result.texts_bytes));
} catch (const std::exception& error) {
    fprintf(stderr, "%s\n", error.what());
    return 1;
}
