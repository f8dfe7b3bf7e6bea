#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "datasets/build.hpp"
#include "formats/csv/csv.hpp"

/// For the tests of this module.
namespace millrace::datasets::testing {

struct Memory final : formats::Source, formats::Sink {
    std::string bytes;
    Memory() = default;
    explicit Memory(std::string b) : bytes{std::move(b)} {}
    std::uint64_t size() const override { return bytes.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        if (offset >= bytes.size()) return 0;
        const auto count = std::min<std::size_t>(into.size(), bytes.size() - offset);
        std::memcpy(into.data(), bytes.data() + offset, count);
        return count;
    }
    void write(std::string_view more) override { bytes += more; }
};

/// A comma separated text with a header as a table that can be opened again and again.
inline OpenTable csv(std::string text) {
    auto source = std::make_shared<Memory>(std::move(text));
    return [source](std::function<void(formats::Reject)> on_reject) {
        return formats::csv::format().open(*source, {.dialect = {{"delimiter", ","}, {"header", true}}, .on_reject = std::move(on_reject)});
    };
}

/// The parts of a dataset in memory.
struct Parts {
    Memory data, texts, rejects;
    Sinks sinks() {
        return {.data = &data, .texts = &texts, .rejects = &rejects, .restart = [this] {
                    data.bytes.clear();
                    texts.bytes.clear();
                    rejects.bytes.clear();
                }};
    }
};

}  // namespace millrace::datasets::testing
