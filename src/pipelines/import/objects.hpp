#pragma once

#include <functional>
#include <memory>

#include "blobs/drafts.hpp"
#include "blobs/source.hpp"
#include "datasets/build.hpp"
#include "datasets/dataset.hpp"

namespace millrace::pipelines::import {

/// A source while it is read, which must outlive it: counts what is read, and throws Error{cancelled} once the attempt is to stop.
class WatchedSource final : public formats::Source {
public:
    WatchedSource(formats::Source& source, std::stop_token stop) : source_{source}, stop_{std::move(stop)} {}

    std::uint64_t size() const override { return source_.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        if (stop_.stop_requested()) throw Error{Code::cancelled};
        const auto got = source_.read(offset, into);
        bytes_read_ += got;
        return got;
    }
    std::uint64_t bytes_read() const { return bytes_read_; }

private:
    formats::Source& source_;
    std::stop_token stop_;
    std::uint64_t bytes_read_ = 0;
};

/// Bytes of a dataset while they are written.
struct Object : formats::Sink {
    /// Forgets what was written.
    virtual void restart() = 0;
    /// Makes them an object of the store, durably; answers its name, which is empty when nothing was written.
    virtual std::string finish() = 0;
};

/// Gone when it is dropped before its end.
class BlobObject final : public Object {
public:
    explicit BlobObject(blobs::BlobStore& store) : sink_{store} {}
    void write(std::string_view bytes) override { sink_.write(bytes); }
    void restart() override { sink_.restart(); }
    std::string finish() override { return sink_.finish(); }

private:
    blobs::AsSink<formats::Sink> sink_;
};

/// A draft, which outlives the attempt.
class DraftObject final : public Object {
public:
    DraftObject(blobs::DraftStore& store, Uuid id) : store_{store}, id_{id} {}

    /// Holds the first `size` bytes and reads them again, since their hash is part of that of the whole; `check` is called for
    /// each block. False when another attempt, which has lost its job and does not know it yet, still holds them. Throws
    /// Error{corrupt_blob} when there are fewer.
    bool hold(std::uint64_t size, const std::function<void()>& check);
    void write(std::string_view bytes) override;
    void restart() override;
    std::string finish() override;
    /// What was written is durable on return.
    void sync();
    std::uint64_t size() const { return size_; }
    void remove();

private:
    blobs::DraftStore& store_;
    const Uuid id_;
    std::unique_ptr<blobs::Draft> draft_;
    Sha256 hash_;
    std::uint64_t size_ = 0;
    std::uint64_t synced_ = 0;
};

/// What a dataset is stored as. Owned by whoever made them.
struct Objects {
    Object &data, &texts, &rejects;

    datasets::Sinks sinks() const {
        return {.data = &data, .texts = &texts, .rejects = &rejects, .restart = [all = *this] {
                    all.data.restart();
                    all.texts.restart();
                    all.rejects.restart();
                }};
    }
    void store(datasets::Dataset& dataset) const {
        dataset.table_blob = data.finish();
        dataset.text_blob = texts.finish();
        dataset.rejects_blob = rejects.finish();
    }
};

struct BlobObjects {
    BlobObject data, texts, rejects;

    explicit BlobObjects(blobs::BlobStore& store) : data{store}, texts{store}, rejects{store} {}
    Objects all() { return {data, texts, rejects}; }
};

}  // namespace millrace::pipelines::import
