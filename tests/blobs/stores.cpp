#include "stores.hpp"

#include <doctest/doctest.h>

#include <cstdio>

#include "base/hash.hpp"

namespace millrace::test {

Bench::Bench(std::string n, blobs::Settings s, bool sh)
    : name{std::move(n)}, settings{std::move(s)}, directory{std::filesystem::temp_directory_path() / ("millrace-blobs-" + Uuid::generate().str())}, shared{sh}, stores{open_again()} {}

Bench::~Bench() {
    stores = {};
    std::filesystem::remove_all(directory);
}

blobs::Stores Bench::open_again() const { return blobs::kind(settings).open({.settings = settings, .directory = directory, .shared = shared, .log = log}); }

std::string Bench::put(std::string_view bytes) {
    auto writer = objects().create();
    writer->write(bytes);
    return writer->finish().sha256;
}

const Swift& swift() {
    static const Swift one;
    return one;
}

blobs::Settings s3_settings() {
    blobs::Settings out;
    out.store = "s3";
    out.s3.endpoint = swift().url();
    out.s3.bucket = Swift::bucket;
    out.s3.path_style = true;
    out.s3.access_key = Swift::access_key;
    out.s3.secret_key = Secret{Swift::secret_key};
    out.s3.prefix = "run-" + Uuid::generate().str() + "/";
    out.s3.part_bytes = Bytes{blobs::s3::part_bytes_min};
    return out;
}

void on_each_store(const std::function<void(Bench&)>& run) {
    for (const auto& kind : blobs::catalog()) {
        const bool is_s3 = kind.name == "s3";
        if (is_s3 && !swift().missing().empty()) {
            std::puts(swift().missing().c_str());
            continue;
        }
        for (const bool shared : {false, true}) {
            if (shared && !is_s3) continue;
            blobs::Settings settings;
            settings.store = kind.name;
            Bench bench{std::string{kind.name} + (shared ? ", shared" : ""), is_s3 ? s3_settings() : settings, shared};
            CAPTURE(bench.name);
            run(bench);
        }
    }
}

std::string content(blobs::Reader& reader) {
    std::string text(reader.size(), '\0');
    CHECK(reader.read(0, text) == text.size());
    return text;
}

std::string noise(std::size_t size) {
    std::string out(size, '\0');
    std::uint32_t state = 1;
    for (char& c : out) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return out;
}

std::string name_of(std::string_view bytes) { return to_hex(sha256(bytes)); }

}  // namespace millrace::test
