// bench_formats make KIND MB OUT: a file of shop orders; KIND is ndjson, json, xml or fixed.
// bench_formats read IN: its rows as text; prints rows, MB per second of CPU time and peak RSS.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/error.hpp"
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

struct Text {
    std::string_view head, between, tail;
    const char* row;
};

/// The order number i in each form: a number, texts with and without escapes, a decimal, a flag, a list, parts.
Text text_of(std::string_view kind) {
    static constexpr const char* json =
        R"({"id":%llu,"name":"Order %llu of \"Müller\"","customer":{"city":"Köln","code":"C-%06llu"},"price":%llu.%02llu,"paid":true,)"
        R"("note":"delivered to the door in the morning, signed by the neighbour","tags":["a","b%llu"]})";
    if (kind == "ndjson") return {"", "\n", "\n", json};
    if (kind == "json") return {"[", ",\n", "]", json};
    if (kind == "xml") {
        return {"<orders>", "\n", "</orders>",
                R"(<order id="%llu"><name>Order %llu of &quot;Müller&quot;</name><customer><city>Köln</city><code>C-%06llu</code></customer>)"
                R"(<price>%llu.%02llu</price><paid>true</paid><note>delivered to the door in the morning, signed by the neighbour</note><tag>b%llu</tag></order>)"};
    }
    if (kind == "fixed") return {"", "\n", "\n", "%10llu  Order %-12llu  C-%06llu  %6llu.%02llu  delivered to the door in the morning  b%-3llu"};
    throw std::runtime_error{"unknown kind"};
}

void make(std::string_view kind, std::uint64_t bytes, const char* path) {
    const std::unique_ptr<FILE, decltype(&fclose)> file{fopen(path, "wb"), &fclose};
    if (!file) throw std::runtime_error{std::string{"cannot write "} + path};
    const auto text = text_of(kind);
    std::string out{text.head};
    std::uint64_t written = 0;
    char row[1024];
    for (unsigned long long i = 1; written + out.size() < bytes; ++i) {
        if (i > 1) out += text.between;
        const auto size = snprintf(row, sizeof row, text.row, i, i * 7, i * 31 % 1'000'000, i % 1000, i % 100, i % 10);
        out.append(row, static_cast<std::size_t>(size));
        if (out.size() < 1 << 20) continue;
        fwrite(out.data(), 1, out.size(), file.get());
        written += out.size();
        out.clear();
    }
    out += text.tail;
    fwrite(out.data(), 1, out.size(), file.get());
}

void read(const char* path) {
    FileSource source{path};
    const auto& format = formats::recognise(source, "");
    const auto reader = format.open(source, {});
    std::uint64_t cells = 0;
    for (formats::TextBatch batch; reader->next(batch);) cells += batch.cells.size();
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    const double cpu = seconds(used.ru_utime) + seconds(used.ru_stime);
    printf("%s: %llu rows, %llu cells, %.0f MB/s of CPU time, %ld MiB peak\n", std::string{format.name()}.c_str(),
           static_cast<unsigned long long>(reader->report().rows_out), static_cast<unsigned long long>(cells),
           static_cast<double>(source.bytes) / 1e6 / cpu, used.ru_maxrss / 1024);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const std::string_view task = argc > 1 ? argv[1] : "";
        if (task == "make" && argc == 5) return make(argv[2], std::strtoull(argv[3], nullptr, 10) * 1'000'000, argv[4]), 0;
        if (task == "read" && argc == 3) return read(argv[2]), 0;
        fprintf(stderr, "bench_formats make KIND MB OUT | read IN\n");
        return 2;
    } catch (const std::exception& error) {
        fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
