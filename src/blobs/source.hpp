#pragma once

#include "blobs/store.hpp"

namespace millrace::blobs {

/// Adapts a blob to whatever interface has the same two or one members (formats::Source, formats::Sink), so that
/// neither module has to know the other.
template <class Source>
struct AsSource final : Source {
    explicit AsSource(std::unique_ptr<Reader> r) : reader{std::move(r)} {}
    std::uint64_t size() const override { return reader->size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override { return reader->read(offset, into); }
    std::unique_ptr<Reader> reader;
};

template <class Sink>
struct AsSink final : Sink {
    explicit AsSink(BlobStore& s) : store{s}, writer{s.create()} {}
    void write(std::string_view bytes) override { writer->write(bytes); }
    /// Forgets what was written.
    void restart() { writer = store.create(); }
    /// The name of the object, empty when nothing was written.
    std::string finish() { return writer->size() == 0 ? std::string{} : writer->finish().sha256; }

    BlobStore& store;
    std::unique_ptr<Writer> writer;
};

}  // namespace millrace::blobs
